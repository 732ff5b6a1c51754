//! Bodies in the smallest pieces.

use crate::support::{Darkroom, Raw, fixture, spin_differs};

/// A body in chunks of one byte each.
fn single(bytes: &[u8]) -> Vec<u8> {
    let chunks = bytes
        .iter()
        .flat_map(|byte| [b'1', b'\r', b'\n', *byte, b'\r', b'\n']);
    chunks.chain(*b"0\r\n\r\n").collect()
}

#[tokio::test]
async fn an_image_in_chunks_of_one_byte_is_stored_whole() {
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
async fn chunks_of_one_byte_cost_little_even_without_a_token() {
    if spin_differs("the cost of a chunk differs") {
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
    // The rest is read after the answer, followed by another request.
    raw.begin("GET /health/live", &["Connection: close"]).await;
    raw.rest().await;
    let cost = (darkroom.processor_time() - before) / BYTES;
    assert!(cost.as_nanos() < 8000, "{cost:?} for each byte");
}

#[tokio::test]
async fn a_chunk_is_judged_before_the_next_arrives() {
    let darkroom = Darkroom::start();
    let mut raw = Raw::connect(&darkroom).await;
    raw.begin_upload("alice", &["Transfer-Encoding: chunked"])
        .await;
    // A file whose first bytes are not those of an image is refused while its sender is silent.
    // No more than 4 kB are looked at.
    raw.send_chunk(&b"no image ".repeat(500)).await;
    assert_eq!(raw.response().await.status, 415);
}
