//! Memory: a transfer of any length holds a few chunks.

use std::convert::Infallible;

use futures_util::future::join_all;
use futures_util::{StreamExt as _, stream};
use reqwest::Body;
use serde_json::Value;

use crate::support::{Client, Darkroom, Png, content, created, send};

const CAP: u64 = 16 << 20;

/// The file as a body of known length, made while it is sent.
async fn upload(client: &Client, file: &Png, size: usize) -> reqwest::Response {
    let pieces = file.pieces().map(Ok::<_, Infallible>);
    let body = Body::wrap_stream(stream::iter(pieces));
    send(client.post().header("content-length", size).body(body)).await
}

/// Downloads an image and compares it with the file while it comes.
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
    let image = created(upload(&alice, &file, size).await).await;
    assert_eq!(image["size"], size);
    compare(&alice, &image, &file).await;
}

#[tokio::test]
async fn uploads_at_once_in_little_memory_succeed_or_fail_but_lose_nothing() {
    let darkroom = Darkroom::with()
        .instance_memory(CAP)
        .may_run_out_of_memory()
        .start();
    let alice = darkroom.client("alice");
    let size = 8 << 20;
    let files: Vec<Png> = (0..8).map(|_| Png::of_size(size)).collect();
    let answers = join_all(files.iter().map(|file| upload(&alice, file, size))).await;
    let mut kept = 0;
    for (answer, file) in answers.into_iter().zip(&files) {
        if answer.status() == 201 {
            compare(&alice, &created(answer).await, file).await;
            kept += 1;
        } else {
            assert!(answer.status().is_server_error(), "{answer:?}");
        }
    }
    println!("{kept} of {} uploads succeeded", files.len());
    assert_eq!(alice.list().await.len(), kept);
}
