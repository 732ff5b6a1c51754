//! Which files are images: their bytes decide.

use darkroom::media::testing;
use serde_json::json;

use crate::support::{
    Darkroom, FIXTURES, content, created, fixture, header, problem, send, unique,
};

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
        let details = problem(response, 415, "unsupported-type").await;
        assert_eq!(details["detected"], file.content_type);
    }
    assert!(alice.list().await.is_empty());
}

#[tokio::test]
async fn a_file_whose_type_or_bytes_are_not_an_image_is_refused() {
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
async fn a_name_or_a_type_does_not_turn_another_file_into_an_image() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let files: [(&[u8], &str); 20] = [
        (
            b"<?xml version='1.0'?><svg xmlns='http://www.w3.org/2000/svg'/>",
            "image/svg+xml",
        ),
        (
            b"\xef\xbb\xbf<svg xmlns='http://www.w3.org/2000/svg'/>",
            "image/svg+xml",
        ),
        (b"\xff\xfe<\0s\0v\0g\0", ""),
        (b"\x1f\x8b\x08\0\0\0\0\0\0\x03svgz", "application/gzip"),
        (b" \r\n<html><script>alert(1)</script>", "text/html"),
        (b"GIF89/*html*/=1;alert(1)", "text/plain"),
        (b"%PDF-1.7\n", "application/pdf"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n", "application/postscript"),
        (b"PK\x03\x04\x14\0\0\0\0\0", "application/zip"),
        (b"<?php system($_GET['c']); ?>", "text/plain"),
        (b"#!/bin/sh\n", "text/plain"),
        (b"MZ\x90\0\x03\0\0\0", ""),
        (b"\0asm\x01\0\0\0", ""),
        (b"II*\0\x08\0\0\0\0\0", "image/tiff"),
        (b"BM\x3a\0\0\0\0\0\0\0", "image/bmp"),
        (b"\0\0\x01\0\x01\0\x10\x10\0\0", "image/vnd.microsoft.icon"),
        (b"8BPS\0\x01\0\0", "image/vnd.adobe.photoshop"),
        (b"\xff\x0a\xfa\x1f", "image/jxl"),
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "image/heic"),
        (b"\0\0\0\x18ftypisom\0\0\0\0isomavc1", "video/mp4"),
    ];
    let allowed = json!([
        "image/jpeg",
        "image/png",
        "image/gif",
        "image/webp",
        "image/avif"
    ]);
    for (file, detected) in files {
        for (declared, name) in [
            ("image/png", "a.png"),
            ("image/jpeg", "a.jpg"),
            ("application/octet-stream", "a.gif"),
        ] {
            let request = alice.post().query(&[("filename", name)]);
            let request = request.header("content-type", declared);
            let details = problem(send(request.body(file)).await, 415, "unsupported-type").await;
            assert_eq!(details["detected"].as_str().unwrap_or(""), detected);
            assert_eq!(details["allowed"], allowed);
        }
    }
    // And an image is accepted under any name.
    let request = alice.post().query(&[("filename", "a.html")]);
    let image = created(send(request.body(fixture("grey.jpg").bytes)).await).await;
    let response = alice.get(content(&image)).await;
    assert_eq!(header(&response, "content-type"), "image/jpeg");
    assert_eq!(header(&response, "x-content-type-options"), "nosniff");
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
        // The loss of the last bytes is noticed too, because every format marks its end. All that
        // a GIF or a JPEG can lack there is the mark.
        let mark = match file.content_type {
            "image/gif" => 1,
            "image/jpeg" => 2,
            _ => 0,
        };
        let cut = &file.bytes[..file.bytes.len() - 1 - mark];
        let response = alice.send(cut).await;
        assert_eq!(response.status(), 422, "{}", file.name);
    }
    darkroom.holds_only(0, 0).await;
}

#[tokio::test]
async fn a_jpeg_that_lacks_nothing_but_its_end_is_stored_with_one() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let note = b"\0\0\xd0\x0a\x1d\0\0\0Panorama_Shot_Info1234567890123SEFT";
    for name in ["grey.jpg", "progressive.jpg"] {
        let whole = fixture(name).bytes;
        let open = &whole[..whole.len() - 2];
        for sent in [open.to_vec(), [open, &note[..]].concat()] {
            let image = alice.upload(sent).await;
            assert!(alice.download(&image).await == whole, "{name}");
        }
    }
}

#[tokio::test]
async fn an_empty_or_tiny_file_is_not_an_image() {
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
    let details = problem(response, 422, "too-many-pixels").await;
    assert_eq!(
        (&details["limit"], &details["actual"]),
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
async fn sides_and_frames_have_limits_of_their_own() {
    let darkroom = Darkroom::with()
        .variable("max_width", 40)
        .variable("max_height", 30)
        .variable("max_frames", 4)
        .start();
    let alice = darkroom.client("alice");
    for (file, is_taken) in [
        (testing::png(40, 30), true),
        (testing::png(41, 1), false),
        (testing::jpeg(1, 31), false),
        (testing::gif(40, 30, 4), true),
        (testing::gif(1, 1, 5), false),
        (fixture("animated.png").bytes.to_vec(), true),
        (fixture("animated.webp").bytes.to_vec(), false),
        (fixture("animated.avif").bytes.to_vec(), false),
    ] {
        let response = alice.send(file).await;
        if is_taken {
            created(response).await;
        } else {
            problem(response, 422, "too-many-pixels").await;
        }
    }
    darkroom.holds_only(3, 3).await;
}

#[tokio::test]
async fn only_accepted_types_can_be_uploaded() {
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
