//! Clients that go away.

use crate::support::{Darkroom, Png, Raw, content, eventually, fixture, token};

const SIZE: usize = 2_000_000;
const CHUNK: usize = 384 << 10;

/// Closes the connection once all complete chunks of the `sent` bytes are stored.
async fn go_away(raw: Raw, darkroom: &Darkroom, sent: usize) {
    // The last chunk may still be on its way to the store.
    let stored = (sent / CHUNK).saturating_sub(1);
    let there = || async { darkroom.chunks() >= i64::try_from(stored).expect("few") };
    assert_eq!(
        eventually(there).await,
        Ok(()),
        "{stored} chunks were not stored"
    );
    drop(raw);
    darkroom.holds_chunks(0).await;
}

#[tokio::test]
async fn an_interrupted_upload_leaves_nothing() {
    let mut darkroom = Darkroom::start();
    let file = Png::of_size(SIZE).bytes();
    let length = format!("Content-Length: {SIZE}");
    for cut in [0, 1, 50, 100_000, 400_000, 1_300_000, SIZE - 1] {
        let mut raw = Raw::connect(&darkroom).await;
        raw.begin_upload("alice", &[&length]).await;
        raw.send(&file[..cut]).await;
        go_away(raw, &darkroom, cut).await;
    }
    assert!(darkroom.client("alice").list().await.is_empty());
    darkroom.ends_with(0, 0);
}

#[tokio::test]
async fn an_interrupted_upload_without_a_length_leaves_nothing() {
    let mut darkroom = Darkroom::start();
    let file = Png::of_size(SIZE).bytes();
    for cut in [1, 100_000, 1_300_000, SIZE] {
        let mut raw = Raw::connect(&darkroom).await;
        raw.begin_upload("alice", &["Transfer-Encoding: chunked"])
            .await;
        // Even the whole file does not count without the last chunk of the coding.
        raw.send_chunk(&file[..cut]).await;
        go_away(raw, &darkroom, cut).await;
    }
    assert!(darkroom.client("alice").list().await.is_empty());
    darkroom.ends_with(0, 0);
}

#[tokio::test]
async fn an_interrupted_form_leaves_nothing() {
    let mut darkroom = Darkroom::start();
    let part = b"--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\n";
    let gif = fixture("still.gif").bytes;
    let png = Png::of_size(SIZE).bytes();
    let form = [part, gif, b"\r\n", part, &png[..], b"\r\n--b--\r\n"].concat();
    let length = format!("Content-Length: {}", form.len());
    let second = 2 * part.len() + gif.len();
    for cut in [
        10,
        part.len() + 100,
        second + 20,
        second + 1_300_000,
        form.len() - 4,
    ] {
        let mut raw = Raw::connect(&darkroom).await;
        let lines = ["Content-Type: multipart/form-data; boundary=b", &length];
        raw.begin_upload("alice", &lines).await;
        raw.send(&form[..cut]).await;
        go_away(raw, &darkroom, cut.saturating_sub(second)).await;
    }
    assert!(darkroom.client("alice").list().await.is_empty());
    darkroom.ends_with(0, 0);
}

#[tokio::test]
async fn interrupted_downloads_do_not_affect_others() {
    let darkroom = Darkroom::start();
    let alice = darkroom.client("alice");
    let file = Png::of_size(8_000_000).bytes();
    let image = alice.upload(file.clone()).await;
    let token = format!("Authorization: Bearer {}", token("alice", "images:read"));
    for round in 0..60 {
        let mut raw = Raw::connect(&darkroom).await;
        let target = format!("GET {}", content(&image));
        raw.begin(&target, &[&token]).await;
        raw.read_some([1, 1000, 500_000][round % 3]).await;
        drop(raw);
    }
    assert!(alice.download(&image).await == file);
    assert_eq!(alice.get("/health/ready").await.status(), 200);
    assert_eq!(alice.upload(fixture("still.gif").bytes).await["frames"], 1);
}

#[tokio::test]
async fn a_client_that_sends_slowly_does_not_delay_others() {
    let darkroom = Darkroom::shared();
    let alice = darkroom.client("slow");
    let file = fixture("progressive.jpg").bytes;
    let length = format!("Content-Length: {}", file.len());
    let mut slow = Vec::new();
    for _ in 0..40 {
        let mut raw = Raw::connect(&darkroom).await;
        raw.begin_upload("slow", &[&length]).await;
        raw.send(&file[..100]).await;
        slow.push(raw);
    }
    let image = alice.upload(file).await;
    assert_eq!(alice.download(&image).await, file);
    for mut raw in slow {
        raw.send(&file[100..]).await;
        let response = raw.response().await;
        assert_eq!(response.status, 201, "{}", response.text);
    }
}
