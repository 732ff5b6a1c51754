//! Bodies in the smallest of pieces.

use crate::support::{Darkroom, Raw, fixture, spin_differs};

/// A body in chunks of one byte each.
fn single(bytes: &[u8]) -> Vec<u8> {
    let chunks = bytes
        .iter()
        .flat_map(|byte| [b'1', b'\r', b'\n', *byte, b'\r', b'\n']);
    chunks.chain(*b"0\r\n\r\n").collect()
}

#[tokio::test]
async fn an_image_in_chunks_of_one_byte_is_whole() {
    let darkroom = Darkroom::start();
    let file = fixture("progressive.jpg").bytes;
    let mut raw = Raw::connect(&darkroom).await;
    raw.begin_upload("alice", &["Transfer-Encoding: chunked"])
        .await;
    raw.send(&single(file)).await;
    assert_eq!(raw.response().await.status, 201);
    let alice = darkroom.client("alice");
    let images = alice.list().await;
    assert_eq!(alice.download(&images[0]).await, file);
}

#[tokio::test]
async fn a_byte_in_a_chunk_of_its_own_costs_little_also_without_a_token() {
    if spin_differs("what a chunk costs is its own") {
        return;
    }
    const BYTES: u32 = 200_000;
    let darkroom = Darkroom::start();
    let mut raw = Raw::connect(&darkroom).await;
    let before = darkroom.processor_time();
    raw.begin("POST /v1/images", &["Transfer-Encoding: chunked"])
        .await;
    raw.send(&single(&vec![b'a'; BYTES as usize])).await;
    assert_eq!(raw.response().await.status, 401);
    // The rest is read after the answer, and then another request is.
    raw.begin("GET /health/live", &["Connection: close"]).await;
    raw.rest().await;
    let cost = (darkroom.processor_time() - before) / BYTES;
    assert!(cost.as_nanos() < 8000, "{cost:?} for each byte");
}

#[tokio::test]
async fn a_chunk_that_has_come_is_judged_before_the_next_comes() {
    let darkroom = Darkroom::start();
    let mut raw = Raw::connect(&darkroom).await;
    raw.begin_upload("alice", &["Transfer-Encoding: chunked"])
        .await;
    // What is no image by its first bytes is refused while its sender is silent.
    raw.send_chunk(&b"no image ".repeat(100)).await;
    assert_eq!(raw.response().await.status, 415);
}
