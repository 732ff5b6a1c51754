//! `max_upload_bytes`: an upload that is too large is refused as soon as that is known.

use std::convert::Infallible;

use futures_util::stream;
use reqwest::Body;
use reqwest::multipart::{Form, Part};
use serde_json::json;

use crate::support::{Darkroom, Png, Raw, created, problem, send, unique};

const MAX: usize = 25 << 20;

/// A body whose length is not announced.
fn chunked(file: &Png) -> Body {
    let pieces = file.pieces().map(Ok::<_, Infallible>);
    Body::wrap_stream(stream::iter(pieces))
}

#[tokio::test]
async fn the_largest_file_is_accepted_however_it_is_sent() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let announced = Png::of_size(MAX);
    let image = alice.upload(announced.bytes()).await;
    assert_eq!(image["size"], MAX);
    assert!(alice.download(&image).await == announced.bytes());
    let unannounced = Png::of_size(MAX);
    let image = alice.upload(chunked(&unannounced)).await;
    assert_eq!(image["size"], MAX);
    assert!(alice.download(&image).await == unannounced.bytes());
}

#[tokio::test]
async fn one_byte_more_is_refused_before_the_body_is_read() {
    let darkroom = Darkroom::shared();
    let mut raw = Raw::connect(&darkroom).await;
    let length = format!("Content-Length: {}", MAX + 1);
    raw.begin_upload(&unique("alice"), &[&length]).await;
    // Nothing of the body is sent.
    let response = raw.response().await;
    assert_eq!(response.status, 413, "{}", response.text);
    assert!(
        response.text.contains("/problems/too-large"),
        "{}",
        response.text
    );
    assert!(
        response.text.contains(&format!("\"limit\":{MAX}")),
        "{}",
        response.text
    );
}

#[tokio::test]
async fn a_client_that_continues_to_send_still_gets_the_answer() {
    let darkroom = Darkroom::with()
        .variable("max_upload_bytes", 1_000_000)
        .start();
    let alice = darkroom.client("alice");
    for _ in 0..20 {
        let announced = Png::of_size(4_000_000);
        let response = alice.send(announced.bytes()).await;
        problem(response, 413, "too-large").await;
        let response = alice.send(chunked(&announced)).await;
        problem(response, 413, "too-large").await;
    }
}

#[tokio::test]
async fn one_byte_more_is_refused_once_it_is_counted() {
    let darkroom = Darkroom::with()
        .variable("max_upload_bytes", 1_000_000)
        .start();
    let alice = darkroom.client("alice");
    alice.upload(chunked(&Png::of_size(1_000_000))).await;
    let part = |size| Part::stream(chunked(&Png::of_size(size)));
    let response = alice.send(chunked(&Png::of_size(1_000_001))).await;
    let details = problem(response, 413, "too-large").await;
    assert_eq!(details["limit"], json!(1_000_000));
    let form = Form::new().part("file", part(1_000_001));
    let response = send(alice.post().multipart(form)).await;
    problem(response, 413, "too-large").await;
    darkroom.holds_only(1, 3).await;
    // The limit applies to each file, not to the form.
    let form = Form::new()
        .part("file", part(1_000_000))
        .part("file", part(1_000_000));
    created(send(alice.post().multipart(form)).await).await;
    darkroom.holds_only(3, 9).await;
}

#[tokio::test]
async fn an_endless_body_is_not_read_to_its_end() {
    let darkroom = Darkroom::with()
        .variable("max_upload_bytes", 1_000_000)
        .start();
    let mut raw = Raw::connect(&darkroom).await;
    raw.begin_upload("alice", &["Transfer-Encoding: chunked"])
        .await;
    // Far more than is permitted or fits into buffers, but never the end of the body.
    for piece in Png::of_size(1_900_000).pieces().take(20) {
        raw.send_chunk(&piece).await;
    }
    let response = raw.response().await;
    assert_eq!(response.status, 413, "{}", response.text);
    darkroom.holds_only(0, 0).await;
}
