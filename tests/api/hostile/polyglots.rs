//! Files that are an image followed by something else: `trailing_data`.

use darkroom::media::testing;

use crate::support::{Darkroom, FIXTURES, fixture, problem};

/// Data that may follow an image.
fn riders() -> Vec<(&'static str, Vec<u8>)> {
    let zip = [
        &b"PK\x03\x04\x14\0\0\0\0\0\0\0\0\0"[..],
        &[0; 30],
        b"PK\x05\x06",
        &[0; 18],
    ];
    vec![
        ("zip", zip.concat()),
        ("html", b"<!doctype html><script>alert(1)</script>".to_vec()),
        ("js", b"*/=1;alert(1);//".to_vec()),
        ("php", b"<?php system($_GET['c']); ?>".to_vec()),
        ("pdf", b"%PDF-1.7\n1 0 obj\n<< >>\nendobj\n%%EOF".to_vec()),
        ("svg", b"<svg onload='alert(1)'/>".to_vec()),
        ("gif", testing::gif(3, 3, 1)),
        ("jpeg", testing::jpeg(8, 8)),
        // A Samsung phone's trailer, and a Google one's video.
        (
            "sef",
            b"\0\0\x01\x0a\x0e\0\0\0Image_UTC_DataSEFHSEFT".to_vec(),
        ),
        ("mp4", b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom".to_vec()),
        ("zeros", vec![0; 4096]),
        ("a byte", b"\n".to_vec()),
    ]
}

#[tokio::test]
async fn data_after_an_image_is_cut_off() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    for file in FIXTURES {
        for (name, rider) in riders() {
            let image = alice.upload([file.bytes, &rider].concat()).await;
            let stored = alice.download(&image).await;
            assert!(stored == file.bytes, "{} with {name}", file.name);
        }
    }
    // Each image is stored once, whatever followed it.
    let (images, blobs) = (FIXTURES.len() * riders().len(), FIXTURES.len());
    let counted = |count: usize| i64::try_from(count).expect("few");
    darkroom.holds_only(counted(images), counted(blobs)).await;
}

#[tokio::test]
async fn data_after_an_image_is_refused_if_so_configured() {
    for strip in ["gps", "none"] {
        let darkroom = Darkroom::with()
            .variable("trailing_data", "reject")
            .variable("strip_metadata", strip)
            .start();
        let alice = darkroom.client("alice");
        for file in FIXTURES {
            for (name, rider) in riders() {
                let response = alice.send([file.bytes, &rider].concat()).await;
                let details = problem(response, 422, "trailing-data").await;
                let detail = details["detail"].as_str().expect("a text");
                assert!(
                    detail.contains("followed by other data"),
                    "{name}: {detail}"
                );
            }
        }
        darkroom.holds_only(0, 0).await;
        alice.upload(fixture("grey.jpg").bytes).await;
    }
}

#[tokio::test]
async fn a_file_with_data_before_the_image_is_not_an_image() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    for (name, rider) in riders() {
        if ["gif", "jpeg"].contains(&name) {
            continue;
        }
        let response = alice
            .send([&rider, fixture("grey.jpg").bytes].concat())
            .await;
        problem(response, 415, "unsupported-type").await;
    }
}
