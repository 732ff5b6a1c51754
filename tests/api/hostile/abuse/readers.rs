//! Clients that do not read the answers they request.

use std::time::Duration;

use futures_util::stream::{self, StreamExt as _};
use serde_json::json;

use crate::support::frames::{END_HEADERS, END_STREAM, Frames, HEADERS, get};
use crate::support::{Client, Darkroom, Png, Raw, content, eventually, path, send, spin_differs};

/// Uploads a public image of this size. Returns the path of its content.
async fn published(alice: &Client, size: usize) -> String {
    let image = alice.upload(Png::of_size(size).bytes()).await;
    let request = alice.request(reqwest::Method::PATCH, path(&image));
    let request = request.header("content-type", "application/merge-patch+json");
    let changed = send(request.body(json!({"visibility": "public"}).to_string())).await;
    assert_eq!(changed.status(), 200);
    content(&image).to_owned()
}

#[tokio::test]
async fn a_thousand_readers_that_stop_hold_less_than_600_mb_and_do_not_delay_others() {
    if spin_differs("its use of memory differs") {
        return;
    }
    const MOST: u64 = 600_000_000;
    // None of them is cut off during the test.
    let darkroom = Darkroom::with().flag("--body-write-timeout=10m").start();
    let alice = darkroom.client("alice");
    let image = published(&alice, 25_000_000).await;
    let mut stopped: Vec<Raw> = stream::iter(0..1000)
        .map(|_| async {
            let mut raw = Raw::connect(&darkroom).await;
            raw.begin(&format!("GET {image}"), &[]).await;
            raw.read_some(1000).await;
            raw
        })
        .buffer_unordered(4)
        .collect()
        .await;
    let small = published(&alice, 100_000).await;
    for _ in 0..20 {
        let answer = darkroom.anonymous().get(&small).await;
        assert_eq!(answer.bytes().await.expect("all bytes").len(), 100_000);
    }
    // Idle instances end and release their memory.
    let is_little = || async { darkroom.held_memory() < MOST };
    let held = eventually(is_little).await;
    assert_eq!(held, Ok(()), "{} bytes are held", darkroom.held_memory());
    for raw in &mut stopped {
        raw.read_some(1_000_000).await;
    }
}

#[tokio::test]
async fn a_reader_that_stops_is_cut_off() {
    if spin_differs("it leaves slow readers to the proxy in front") {
        return;
    }
    let darkroom = Darkroom::with().flag("--body-write-timeout=1s").start();
    let image = published(&darkroom.client("alice"), 25_000_000).await;
    let mut raw = Raw::connect(&darkroom).await;
    raw.begin(&format!("GET {image}"), &[]).await;
    raw.read_some(1000).await;
    tokio::time::sleep(Duration::from_secs(4)).await;
    let read = raw.rest().await.len();
    assert!(read < 25_000_000, "the whole answer arrived: {read} bytes");
}

#[tokio::test]
async fn a_slow_reader_that_goes_on_gets_everything() {
    let darkroom = Darkroom::with();
    let darkroom = match spin_differs("it has no such flag") {
        true => darkroom.start(),
        false => darkroom.flag("--body-write-timeout=2s").start(),
    };
    let image = published(&darkroom.client("alice"), 10_000_000).await;
    let mut raw = Raw::connect(&darkroom).await;
    raw.begin(&format!("GET {image}"), &["Connection: close"])
        .await;
    for _ in 0..20 {
        raw.read_some(400_000).await;
        tokio::time::sleep(Duration::from_millis(250)).await;
    }
    raw.read_some(2_000_000).await;
}

#[tokio::test]
async fn a_stream_whose_window_stays_shut_is_reset() {
    if spin_differs("it leaves slow readers to the proxy in front") {
        return;
    }
    let darkroom = Darkroom::with().flag("--body-write-timeout=1s").start();
    let image = published(&darkroom.client("alice"), 3_000_000).await;
    /// The setting of a stream's first window.
    const WINDOW: u16 = 4;
    let mut frames = Frames::begin(&darkroom, &[(WINDOW, 10)]).await;
    frames
        .send(HEADERS, END_HEADERS | END_STREAM, 1, &get(&image))
        .await;
    assert_eq!(frames.status(1).await, Some(200));
    assert_eq!(frames.status(1).await, None, "the stream was not reset");
}
