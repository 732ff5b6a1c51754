//! What a component gets when it calls another one.

use std::convert::Infallible;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::{StreamExt as _, stream};
use reqwest::Body;
use tokio::sync::mpsc;

use super::{Relay, outcome};
use crate::support::{Darkroom, Kind, host_kind, sha256_hex, spin_differs};

/// How long a test waits for what must not take long.
const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn a_component_calls_another_one_that_clients_cannot_reach() {
    let darkroom = Darkroom::with().with_guests().start();
    let relay = Relay::of(&darkroom);
    let (status, head) = relay.ask("worker/head?a=b").await;
    assert_eq!(status, 200);
    for line in [
        "worker.spin.internal /head?a=b",
        "spin-path-info: /head",
        "spin-full-url: http://localhost/head?a=b",
        "spin-matched-route: /...",
        "spin-client-addr: 0.0.0.0:0",
    ] {
        assert!(head.lines().any(|found| found == line), "{line}\n{head}");
    }
    // Nor does it name a host, or forward what only the caller was sent.
    assert!(
        !head.contains("\nhost:") && !head.contains("relay-to"),
        "{head}"
    );
    // Neither a path nor a Host header leads to a private component.
    let client = darkroom.anonymous();
    assert_eq!(client.get("/head").await.status(), 404);
    let request = client.request(reqwest::Method::GET, "/head");
    let answer = request.header("host", "worker.spin.internal").send().await;
    assert_eq!(answer.expect("an answer").status(), 404);
    // The same component at a public route.
    let (status, head) = outcome(client.get("/worker/head").await).await;
    assert_eq!(status, 200);
    assert!(head.contains("spin-matched-route: /worker/..."), "{head}");
}

#[tokio::test]
async fn components_of_both_versions_call_each_other() {
    let darkroom = Darkroom::with().with_guests().start();
    let relay = Relay::of(&darkroom);
    for (to, expected) in [
        ("worker/count", "1"),
        ("relay/", "ready"),
        ("worker/chain?relay.spin.internal/", "ready"),
        ("worker/chain?worker.spin.internal/count", "1"),
    ] {
        assert_eq!(relay.ask(to).await, (200, expected.to_owned()), "{to}");
    }
}

#[tokio::test]
async fn bodies_are_passed_on_piece_by_piece_in_both_directions() {
    let darkroom = Darkroom::with().with_guests().start();
    let relay = Relay::of(&darkroom);
    let (sender, receiver) = mpsc::channel::<Bytes>(1);
    let pieces = stream::unfold(receiver, |mut receiver| async move {
        let piece = receiver.recv().await?;
        Some((Ok::<_, Infallible>(piece), receiver))
    });
    sender
        .send(Bytes::from_static(b"0"))
        .await
        .expect("a reader");
    let response = relay.post("worker/echo", Body::wrap_stream(pieces)).await;
    let mut echoed = response.bytes_stream();
    for round in 0..20_u8 {
        let piece = tokio::time::timeout(LONG, echoed.next()).await;
        let piece = piece.expect("in time").expect("a piece").expect("whole");
        assert_eq!(piece[..], [b'0' + round]);
        // Sent only now that the one before has come back.
        let next = Bytes::copy_from_slice(&[b'1' + round]);
        sender.send(next).await.expect("a reader");
    }
    drop(sender);
    assert!(echoed.next().await.is_some_and(|piece| piece.is_ok()));
    assert!(echoed.next().await.is_none());
}

#[tokio::test]
async fn long_bodies_are_never_held_whole() {
    const MEMORY: u64 = 8 << 20;
    const LENGTH: usize = 100 << 20;
    let darkroom = Darkroom::with()
        .with_guests()
        .instance_memory(MEMORY)
        .start();
    let relay = Relay::of(&darkroom);
    let body: Bytes = (0..LENGTH).map(|at| (at / 1000) as u8).collect();
    let before = darkroom.held_memory();
    let response = relay.post("worker/echo", body.clone()).await;
    assert_eq!(response.status(), 200);
    let mut echoed = response.bytes_stream();
    // A reader that stops makes everything before it stop.
    let first = echoed.next().await.expect("a piece").expect("whole");
    tokio::time::sleep(Duration::from_millis(500)).await;
    let held = darkroom.held_memory().saturating_sub(before);
    let mut received = first.to_vec();
    while let Some(piece) = echoed.next().await {
        received.extend_from_slice(&piece.expect("whole"));
    }
    assert_eq!(sha256_hex(&received), sha256_hex(&body));
    eprintln!("held for a body of {LENGTH} bytes: {held} bytes");
    assert!(held < 40 << 20, "{held} bytes");
    if host_kind() == Kind::Embedded {
        let peak = darkroom.peak_guest_memory().await;
        assert!(peak <= MEMORY, "{peak} bytes");
    }
}

#[tokio::test]
async fn a_component_calls_only_what_its_manifest_allows() {
    let darkroom = Darkroom::with().with_guests().start();
    let relay = Relay::of(&darkroom);
    for to in ["darkroom/health/live", "public-worker/count", "nobody/"] {
        let (status, error) = relay.ask(to).await;
        assert_eq!(status, 502, "{to}: {error}");
        assert!(error.contains("HttpRequestDenied"), "{to}: {error}");
    }
    // Allowed by `*.spin.internal`.
    let (status, _) = relay
        .ask("worker/chain?darkroom.spin.internal/health/live")
        .await;
    assert_eq!(status, 200);
}

#[tokio::test]
async fn a_component_that_does_not_exist_is_not_found_and_named_at_the_start() {
    if spin_differs("there, the caller traps") {
        return;
    }
    let darkroom = Darkroom::with().with_guests().start();
    for (to, expected) in [
        ("none/", "DestinationNotFound"),
        // A wildcard allows the components that exist.
        ("worker/chain?none.spin.internal/", "HttpRequestDenied"),
    ] {
        let (status, error) = Relay::of(&darkroom).ask(to).await;
        assert_eq!(status, 502, "{to}: {error}");
        assert!(error.contains(expected), "{to}: {error}");
    }
    let log = darkroom.log();
    assert!(
        log.contains("component.relay.allowed_outbound_hosts"),
        "{log}"
    );
    assert!(log.contains("\"none\""), "{log}");
}

#[tokio::test]
async fn components_that_call_each_other_without_end_are_stopped() {
    if spin_differs("it does not bound the length of a chain") {
        return;
    }
    let darkroom = Darkroom::with().with_guests().start();
    let (status, error) = Relay::of(&darkroom).ask("worker/loop").await;
    assert_eq!(status, 502, "{error}");
    assert!(error.contains("LoopDetected"), "{error}");
}

#[tokio::test]
async fn the_callers_time_out_applies_and_ends_the_work() {
    if spin_differs("it ignores the time-out of a call to a component") {
        return;
    }
    // The only place is free again only if the work is ended.
    let darkroom = Darkroom::with()
        .with_guests()
        .flag("--max-single-use-instances=1")
        .start();
    let relay = Relay::of(&darkroom);
    for to in ["worker/sleep?ms=60000", "worker/compute?rounds=10000000"] {
        let start = Instant::now();
        let (status, error) = outcome(relay.get_within(to, 200).await).await;
        assert_eq!(status, 502, "{to}: {error}");
        assert!(error.contains("ConnectionReadTimeout"), "{to}: {error}");
        assert_eq!(relay.ask("worker/count").await.0, 200);
        assert!(start.elapsed() < LONG, "{to}: {:?}", start.elapsed());
    }
}
