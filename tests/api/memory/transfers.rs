//! A transfer of any length keeps only a few chunks in memory.

use std::convert::Infallible;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use reqwest::{Body, Response};
use serde_json::Value;

use crate::support::{Client, Darkroom, Png, content, created, sha256_hex};

const CAP: u64 = 16 << 20;

/// Uploads the file as a body of known length, which is generated while it is sent.
async fn upload(client: &Client, file: &Png, size: usize) -> reqwest::Result<Response> {
    let pieces = file.pieces().map(Ok::<_, Infallible>);
    let body = Body::wrap_stream(stream::iter(pieces));
    let request = client.post().header("content-length", size);
    request.body(body).send().await
}

/// Downloads an image and compares it with the file as it arrives.
async fn compare(client: &Client, image: &Value, file: &Png) {
    let response = client.get(content(image)).await;
    assert_eq!(response.status(), 200);
    let mut expected = file.pieces();
    let mut piece = bytes::Bytes::new();
    let mut body = response.bytes_stream();
    while let Some(part) = body.next().await {
        let mut part = part.expect("all bytes");
        while !part.is_empty() {
            if piece.is_empty() {
                piece = expected.next().expect("no more than was sent");
            }
            let length = part.len().min(piece.len());
            assert!(part.split_to(length) == piece.split_to(length));
        }
    }
    assert!(
        piece.is_empty() && expected.next().is_none(),
        "bytes are missing"
    );
}

#[tokio::test]
async fn a_file_four_times_the_memory_goes_in_and_out() {
    let size = 64 << 20;
    let darkroom = Darkroom::with()
        .variable("max_upload_bytes", size)
        .instance_memory(CAP)
        .start();
    let alice = darkroom.client("alice");
    let file = Png::of_size(size);
    let image = created(upload(&alice, &file, size).await.expect("an answer")).await;
    assert_eq!(image["size"], size);
    compare(&alice, &image, &file).await;
}

#[tokio::test]
async fn eight_uploads_at_once_fit_into_one_instance() {
    let darkroom = Darkroom::with().instance_memory(CAP).start();
    let alice = darkroom.client("alice");
    let size = 8 << 20;
    let files: Vec<Png> = (0..8).map(|_| Png::of_size(size)).collect();
    let answers = join_all(files.iter().map(|file| upload(&alice, file, size))).await;
    for (answer, file) in answers.into_iter().zip(&files) {
        let image = created(answer.expect("an answer")).await;
        compare(&alice, &image, file).await;
    }
}

#[tokio::test]
async fn uploads_that_exceed_the_memory_fail_and_no_acknowledged_image_is_lost() {
    let darkroom = Darkroom::with()
        .instance_memory(6 << 20)
        .may_run_out_of_memory()
        .start();
    let alice = darkroom.client("alice");
    let size = 8 << 20;
    let files: Vec<Png> = (0..16).map(|_| Png::of_size(size)).collect();
    let answers = join_all(files.iter().map(|file| upload(&alice, file, size))).await;
    let mut kept = Vec::new();
    for (answer, file) in answers.into_iter().zip(&files) {
        // When an instance ends, so do the connections that it was reading from.
        let Ok(answer) = answer else { continue };
        if answer.status() == 201 {
            let image = created(answer).await;
            compare(&alice, &image, file).await;
            kept.push(image);
        } else {
            assert!(answer.status().is_server_error(), "{answer:?}");
        }
    }
    // An image that was stored although its answer was lost is whole too.
    let listed = alice.list().await;
    assert!(kept.iter().all(|image| listed.contains(image)));
    for image in &listed {
        let bytes = alice.download(image).await;
        assert_eq!(image["sha256"], sha256_hex(&bytes));
    }
    assert_eq!(alice.get("/health/ready").await.status(), 200);
}
