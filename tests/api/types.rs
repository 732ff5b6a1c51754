//! What is an image and what is not: the bytes decide.

use darkroom::media::testing;
use serde_json::json;

use crate::support::{Darkroom, FIXTURES, fixture, problem, send, unique};

#[tokio::test]
async fn bytes_of_another_kind_than_declared_are_refused() {
    let alice = Darkroom::shared().client(&unique("alice"));
    for (name, declared) in [
        ("alpha.png", "image/jpeg"),
        ("grey.jpg", "image/png"),
        ("still.gif", "image/webp"),
        ("lossy.webp", "image/avif"),
        ("still.avif", "image/gif"),
    ] {
        let file = fixture(name);
        let request = alice.post().header("content-type", declared);
        let response = send(request.body(file.bytes)).await;
        let told = problem(response, 415, "unsupported-type").await;
        assert_eq!(told["actual"], file.content_type);
    }
    assert!(alice.list().await.is_empty());
}

#[tokio::test]
async fn what_is_no_image_by_its_type_or_its_bytes_is_refused() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let svg = "<svg xmlns=\"http://www.w3.org/2000/svg\"><script>alert(1)</script></svg>";
    let html = "<!doctype html><script>alert(1)</script>";
    for (declared, body) in [
        ("image/svg+xml", svg),
        ("text/html", html),
        ("text/plain", "a"),
        ("application/json", "{}"),
        ("image/bmp", "BM"),
        ("image/png", svg),
        ("application/octet-stream", html),
        ("image/*", "GIF88a, or nearly so"),
        ("application/x-www-form-urlencoded", "file=a"),
    ] {
        let request = alice.post().header("content-type", declared);
        let response = send(request.body(body)).await;
        problem(response, 415, "unsupported-type").await;
    }
    assert!(alice.list().await.is_empty());
}

#[tokio::test]
async fn a_file_cut_off_anywhere_is_refused() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    for file in FIXTURES {
        for part in [3, 10, 15] {
            let cut = &file.bytes[..file.bytes.len() * part / 16];
            let response = alice.send(cut).await;
            problem(response, 422, "undecodable-image").await;
        }
        // What is lost of the last bytes shows too: every kind tells its end.
        let response = alice.send(&file.bytes[..file.bytes.len() - 1]).await;
        assert_eq!(response.status(), 422, "{}", file.name);
    }
    darkroom.holds_only(0, 0).await;
}

#[tokio::test]
async fn nothing_and_next_to_nothing_are_no_images() {
    let alice = Darkroom::shared().client(&unique("alice"));
    problem(alice.send("").await, 422, "undecodable-image").await;
    problem(alice.send("a").await, 415, "unsupported-type").await;
    for byte in [b"\x89".as_slice(), b"\xff", b"G", b"R"] {
        let response = alice.send(byte).await;
        assert!([415, 422].contains(&response.status().as_u16()), "{byte:?}");
    }
}

#[tokio::test]
async fn an_image_with_too_many_pixels_is_refused_by_its_header() {
    let darkroom = Darkroom::with().variable("max_pixels", 1000).start();
    let alice = darkroom.client("alice");
    alice.upload(testing::png(40, 25)).await;
    let response = alice.send(testing::png(77, 13)).await;
    let told = problem(response, 422, "too-many-pixels").await;
    assert_eq!(
        (&told["limit"], &told["actual"]),
        (&json!(1000), &json!(1001))
    );
    // A few bytes that claim to be gigantic.
    let mut bomb = testing::png(1, 1);
    bomb[16..24].copy_from_slice(&[0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff]);
    let response = alice.send(bomb).await;
    assert_eq!(response.status(), 422);
    darkroom.holds_only(1, 1).await;
}

#[tokio::test]
async fn only_accepted_types_are_taken() {
    let darkroom = Darkroom::with()
        .variable("accepted_types", "png, webp")
        .start();
    let alice = darkroom.client("alice");
    for file in FIXTURES {
        let accepted = ["image/png", "image/webp"].contains(&file.content_type);
        let response = alice.send(file.bytes).await;
        if accepted {
            assert_eq!(response.status(), 201, "{}", file.name);
        } else {
            problem(response, 415, "unsupported-type").await;
        }
    }
}
