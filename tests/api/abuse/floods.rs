//! Too many at once, and too slow.

use std::time::Duration;

use futures_util::future::join_all;

use crate::support::{Darkroom, Raw, content, eventually, fixture, path};

/// How much more memory later floods may need than the first, which fills the pools
/// that instances and connections are taken from.
const SLACK: u64 = 48 << 20;

/// Opens a thousand uploads that stop in the middle, does what others do meanwhile,
/// and lets go of them.
async fn flood(darkroom: &Darkroom) {
    let alice = darkroom.client("alice");
    let file = fixture("progressive.jpg").bytes;
    let image = alice.upload(file).await;
    let length = format!("Content-Length: {}", 20 << 20);
    let half_uploads = (0..1000).map(|_| async {
        let mut raw = Raw::connect(darkroom).await;
        raw.begin_upload("mallory", &[&length]).await;
        raw.send(&file[..file.len() / 2]).await;
        raw
    });
    let open = join_all(half_uploads).await;
    assert_eq!(alice.download(&image).await, file);
    assert_eq!(alice.delete(path(&image)).await.status(), 204);
    drop(open);
}

#[tokio::test]
async fn a_thousand_uploads_that_never_end_harm_nobody_and_leave_nothing() {
    let mut darkroom = Darkroom::start();
    flood(&darkroom).await;
    let first = darkroom.resident_memory();
    for _ in 0..3 {
        flood(&darkroom).await;
    }
    let returned = || async { darkroom.resident_memory() < first + SLACK };
    assert_eq!(
        eventually(returned).await,
        Ok(()),
        "bytes after one flood and after four: {first}, {}",
        darkroom.resident_memory()
    );
    assert_eq!(darkroom.anybody().get("/health/ready").await.status(), 200);
    darkroom.stop();
    assert_eq!(darkroom.images(), 0);
}

#[tokio::test]
async fn heads_that_never_end_are_cut_off_and_hold_up_nobody() {
    let darkroom = Darkroom::with().flag("--header-read-timeout=2s").start();
    let alice = darkroom.client("alice");
    let file = fixture("lossy.webp").bytes;
    let image = alice.upload(file).await;
    let slow = (0..500).map(|_| async {
        let mut raw = Raw::connect(&darkroom).await;
        raw.send(b"GET /health/live HTTP/1.1\r\nHost: a\r\nX-Slow: ")
            .await;
        raw
    });
    let slow = join_all(slow).await;
    for _ in 0..20 {
        assert_eq!(alice.get(content(&image)).await.status(), 200);
    }
    alice.upload(fixture("still.gif").bytes).await;
    // A letter now and then does not keep a head alive.
    let ends = slow.into_iter().map(|mut raw| async move {
        for _ in 0..100 {
            raw.send(b"a").await;
            let waited = tokio::time::timeout(Duration::from_millis(100), raw.rest());
            if let Ok(answer) = waited.await {
                return answer;
            }
        }
        panic!("a head without an end is still read");
    });
    for answer in join_all(ends).await {
        assert!(!answer.contains(" 200 "), "{answer}");
    }
}
