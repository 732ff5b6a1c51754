//! What a request took of the host's memory is free once it has ended.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream;
use reqwest::{Method, StatusCode};
use serde_json::json;

use crate::support::{Client, Darkroom, Png, content, fixture, path, send, spin_differs};

/// Requests until caches are filled and the allocator has the memory that it goes on using.
const WARM: usize = 4_000;
/// All requests.
const ALL: usize = 10_000;
/// The requests of a round.
const ROUND: usize = 10;
/// How many rounds run at the same time.
const AT_ONCE: usize = 16;
/// By how much the memory may differ between two times at which nothing is under way. A kilobyte
/// that is lost with each request is more.
const MARGIN: u64 = 4 << 20;

/// Ten requests of all kinds, after which nothing is kept.
async fn round(alice: &Client, number: usize) {
    let file = Png::of_size(500 + number % 2_000).bytes();
    let image = alice.upload(file.clone()).await;
    assert!(alice.download(&image).await == file);
    let status = async |request: reqwest::RequestBuilder| {
        let answer = send(request).await;
        let status = answer.status();
        let _ = answer.bytes().await.expect("all bytes");
        status
    };
    let get = |path: &str| alice.request(Method::GET, path);
    let part = get(content(&image)).header("range", "bytes=10-99");
    assert_eq!(status(part).await, StatusCode::PARTIAL_CONTENT);
    assert_eq!(status(get("/v1/images?limit=20")).await, StatusCode::OK);
    let edited = alice.request(Method::PATCH, path(&image));
    let edited = edited.header("content-type", "application/merge-patch+json");
    let edited = edited.body(json!({"tags": ["a", "b"]}).to_string());
    assert_eq!(status(edited).await, StatusCode::OK);
    // Deriving costs much more than the others.
    let derived = match number % 20 {
        0 => get(&format!("{}?w=8", content(&image))),
        _ => get(path(&image)),
    };
    assert_eq!(status(derived).await, StatusCode::OK);
    let no_image = alice.post().body("no image");
    assert_eq!(status(no_image).await, StatusCode::UNSUPPORTED_MEDIA_TYPE);
    let no_path = get(&format!("/{number}"));
    assert_eq!(status(no_path).await, StatusCode::NOT_FOUND);
    let deleted = alice.request(Method::DELETE, path(&image));
    assert_eq!(status(deleted).await, StatusCode::NO_CONTENT);
    assert_eq!(status(get(path(&image))).await, StatusCode::NOT_FOUND);
}

/// Sends this many requests.
async fn requests(alice: &Client, count: usize) {
    let rounds = stream::iter(0..count / ROUND).map(|number| round(alice, number));
    rounds.buffer_unordered(AT_ONCE).collect::<()>().await;
}

/// What the host holds once its instances have ended, which they do when they are idle.
async fn at_rest(darkroom: &Darkroom) -> u64 {
    let mut least = u64::MAX;
    for _ in 0..30 {
        tokio::time::sleep(Duration::from_millis(50)).await;
        least = least.min(darkroom.held_memory());
    }
    least
}

#[tokio::test]
async fn memory_is_the_same_after_four_thousand_and_ten_thousand_requests() {
    if spin_differs("its use of memory differs") {
        return;
    }
    let darkroom = Darkroom::with().variable("request_log", "off").start();
    let alice = darkroom.client("alice");
    alice.upload(fixture("still.gif").bytes).await;
    requests(&alice, WARM).await;
    let before = at_rest(&darkroom).await;
    requests(&alice, ALL - WARM).await;
    let after = at_rest(&darkroom).await;
    eprintln!("held after {WARM} requests: {before}, after {ALL}: {after}");
    assert!(
        after < before + MARGIN,
        "bytes held after {WARM} and {ALL} requests: {before}, {after}"
    );
}
