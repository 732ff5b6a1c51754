//! Too many requests at once, and requests that are too slow.

use std::cell::Cell;
use std::time::{Duration, Instant};

use futures_util::future::join_all;

use crate::support::{Darkroom, Raw, content, eventually, fixture, path, spin_differs};

/// How long the server may read from a sender that never ends, on the busiest machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// Opens a thousand uploads that stop in the middle, sends the requests of others meanwhile, and
/// then closes the uploads. Returns the host's memory with all of them open.
async fn flood(darkroom: &Darkroom) -> u64 {
    let alice = darkroom.client("alice");
    let file = fixture("progressive.jpg").bytes;
    let image = alice.upload(file).await;
    let length = format!("Content-Length: {}", 20 << 20);
    let half_uploads = (0..1000).map(|_| async {
        let mut raw = Raw::connect(darkroom).await;
        let lines = [&*length, "Expect: 100-continue"];
        raw.begin_upload("mallory", &lines).await;
        // All of them have reached an instance at the same time, however busy the machine is.
        raw.may_continue().await;
        raw.send(&file[..file.len() / 2]).await;
        raw
    });
    let open = join_all(half_uploads).await;
    assert_eq!(alice.download(&image).await, file);
    assert_eq!(alice.delete(path(&image)).await.status(), 204);
    let memory = darkroom.resident_memory();
    drop(open);
    memory
}

#[tokio::test]
async fn a_thousand_uploads_that_never_end_affect_no_others_and_leave_nothing() {
    let mut darkroom = Darkroom::start();
    let most = flood(&darkroom).await;
    for _ in 0..3 {
        flood(&darkroom).await;
    }
    // Instances release their memory; allocators keep some of the rest.
    let returned = || async { darkroom.resident_memory() < most };
    assert_eq!(
        eventually(returned).await,
        Ok(()),
        "bytes in the first flood and after four: {most}, {}",
        darkroom.resident_memory()
    );
    assert_eq!(
        darkroom.anonymous().get("/health/ready").await.status(),
        200
    );
    darkroom.stop();
    assert_eq!(darkroom.images(), 0);
}

#[tokio::test]
async fn uploads_for_which_there_is_no_instance_are_refused_and_the_others_continue() {
    const INSTANCES: usize = 20;
    if spin_differs("it does not bound the number of instances") {
        return;
    }
    let darkroom = Darkroom::with()
        .flag(&format!("--max-instances={INSTANCES}"))
        .flag("--max-instance-concurrent-reuse-count=1")
        .start();
    let file = fixture("progressive.jpg").bytes;
    let length = format!("Content-Length: {}", file.len());
    let mut uploads = Vec::new();
    for _ in 0..INSTANCES {
        let mut raw = Raw::connect(&darkroom).await;
        raw.begin_upload("mallory", &[&length, "Expect: 100-continue"])
            .await;
        raw.may_continue().await;
        uploads.push(raw);
    }
    let answer = darkroom.anonymous().get("/health/live").await;
    assert_eq!(answer.status(), 503);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let finished = join_all(uploads.into_iter().map(|mut raw| async move {
        raw.send(file).await;
        raw.response().await.status
    }));
    assert_eq!(finished.await, [201; INSTANCES]);
    let answers = || async { darkroom.anonymous().get("/health/live").await.status() == 200 };
    assert_eq!(eventually(answers).await, Ok(()));
}

#[tokio::test]
async fn heads_that_never_end_are_cut_off_and_do_not_delay_others() {
    if spin_differs("it leaves slow senders to the proxy in front") {
        return;
    }
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
    let answers = join_all(slow.into_iter().map(|raw| drip(raw, b"a"))).await;
    for answer in answers {
        assert!(!answer.contains(" 200 "), "{answer}");
    }
}

/// Sends a few bytes now and then, until the server ends the connection. Returns its answer.
async fn drip(mut raw: Raw, bytes: &[u8]) -> String {
    let start = Instant::now();
    while start.elapsed() < PATIENCE {
        raw.send(bytes).await;
        let waited = tokio::time::timeout(Duration::from_millis(100), raw.rest());
        if let Ok(answer) = waited.await {
            return answer;
        }
    }
    panic!("the server still reads");
}

#[tokio::test]
async fn bodies_that_never_end_are_cut_off_and_do_not_delay_others() {
    if spin_differs("it leaves slow senders to the proxy in front") {
        return;
    }
    let darkroom = Darkroom::with().flag("--body-read-timeout=3s").start();
    let alice = darkroom.client("alice");
    let file = fixture("progressive.jpg").bytes;
    let image = alice.upload(file).await;
    let length = format!("Content-Length: {}", 20 << 20);
    let slow = join_all((0..100).map(|_| async {
        let mut raw = Raw::connect(&darkroom).await;
        raw.begin_upload("mallory", &[&length, "Expect: 100-continue"])
            .await;
        raw.may_continue().await;
        raw.send(&file[..100]).await;
        raw
    }))
    .await;
    let over = Cell::new(false);
    let ends = async {
        let answers = join_all(slow.into_iter().map(|raw| drip(raw, b"aaaa"))).await;
        over.set(true);
        answers
    };
    let others = async {
        while !over.get() {
            let copy = alice.upload(file).await;
            assert_eq!(alice.download(&image).await, file);
            assert_eq!(alice.delete(path(&copy)).await.status(), 204);
        }
    };
    let (answers, ()) = tokio::join!(ends, others);
    let is_refused = |answer: &&String| answer.contains("/problems/upload-interrupted");
    assert!(answers.iter().any(|answer| is_refused(&answer)));
    for answer in answers {
        // A client that continues to send may lose the answer with the connection.
        assert!(answer.is_empty() || is_refused(&&answer), "{answer}");
    }
    darkroom.holds_only(1, 1).await;
}
