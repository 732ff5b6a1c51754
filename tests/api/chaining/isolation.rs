//! What a request to a component of WASI 0.2 can do to others: nothing.

use std::time::{Duration, Instant};

use futures_util::future::join_all;

use super::{Relay, outcome};
use crate::support::{Darkroom, eventually, spin_differs};

const MEGABYTE: u64 = 1 << 20;
/// How long a test waits for what must not take long.
const LONG: Duration = Duration::from_secs(10);

#[tokio::test]
async fn each_request_has_a_fresh_instance() {
    let darkroom = Darkroom::with().with_guests().start();
    let relay = Relay::of(&darkroom);
    let answers = join_all((0..20).map(|_| relay.ask("worker/count"))).await;
    assert!(
        answers
            .iter()
            .all(|answer| *answer == (200, "1".to_owned()))
    );
}

#[tokio::test]
async fn a_trap_is_a_500_for_its_caller_and_ends_nothing_else() {
    let darkroom = Darkroom::with().with_guests().start();
    let relay = Relay::of(&darkroom);
    let others = join_all((0..3).map(|_| relay.ask("worker/sleep?ms=1000")));
    let trap = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        join_all((0..3).map(|_| relay.ask("worker/trap"))).await
    };
    let (others, traps) = tokio::join!(others, trap);
    assert!(traps.iter().all(|(status, _)| *status == 500), "{traps:?}");
    assert!(
        others.iter().all(|(status, _)| *status == 200),
        "{others:?}"
    );
    assert_eq!(relay.ask("worker/count").await.0, 200);
    let direct = darkroom.anonymous().get("/worker/trap").await;
    assert_eq!(direct.status(), 500);
}

#[tokio::test]
async fn a_trap_after_the_head_breaks_the_response_off() {
    if spin_differs("there, the response seems to be complete") {
        return;
    }
    let darkroom = Darkroom::with().with_guests().start();
    let through_relay = Relay::of(&darkroom).get("worker/trap-after-head").await;
    let direct = darkroom.anonymous().get("/worker/trap-after-head").await;
    for response in [through_relay, direct] {
        assert_eq!(response.status(), 200);
        assert!(response.bytes().await.is_err());
    }
    assert_eq!(Relay::of(&darkroom).ask("worker/count").await.0, 200);
}

#[tokio::test]
async fn a_request_that_computes_for_too_long_is_a_500_for_its_caller() {
    if spin_differs("it bounds the time of a request, not of computing") {
        return;
    }
    let darkroom = Darkroom::with()
        .with_guests()
        .flag("--max-compute-time=300ms")
        .start();
    let relay = Relay::of(&darkroom);
    for pause in ["", "&pause"] {
        let to = format!("worker/compute?rounds=10000000{pause}");
        assert_eq!(relay.ask(&to).await.0, 500, "{to}");
    }
    let log = darkroom.log();
    assert!(
        log.contains("computed for 300ms; its request: GET /compute"),
        "{log}"
    );
    // What a request waits for does not count, however often it waits.
    assert_eq!(relay.ask("worker/naps?count=100").await.0, 200);
    assert_eq!(relay.ask("worker/count").await.0, 200);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_a_500_for_its_caller() {
    let darkroom = Darkroom::with()
        .with_guests()
        .flag("--request-timeout=1s")
        .start();
    let response = darkroom.anonymous().get("/worker/sleep?ms=60000").await;
    let status = response.status().as_u16();
    assert!([500, 504].contains(&status), "{status}");
    // The relay's own time would end as well.
    let chained = darkroom.anonymous();
    let chained = chained.get("/worker/count").await;
    assert_eq!(outcome(chained).await, (200, "1".to_owned()));
}

#[tokio::test]
async fn the_memory_of_a_request_is_limited_and_freed_with_it() {
    let darkroom = Darkroom::with()
        .with_guests()
        .instance_memory(64 * MEGABYTE)
        .start();
    let relay = Relay::of(&darkroom);
    assert_eq!(relay.ask("worker/count").await.0, 200);
    let before = darkroom.held_memory();
    let filled = join_all((0..8).map(|_| relay.ask("worker/fill?mb=50"))).await;
    assert!(
        filled.iter().all(|(status, _)| *status == 200),
        "{filled:?}"
    );
    let freed = || async { darkroom.held_memory() < before + 30 * MEGABYTE };
    assert_eq!(eventually(freed).await, Ok(()));
    assert_eq!(relay.ask("worker/fill?mb=70").await.0, 500);
    assert_eq!(relay.ask("worker/count").await.0, 200);
}

#[tokio::test]
async fn a_bounded_number_of_requests_runs_at_once_and_the_others_wait() {
    if spin_differs("it does not bound the number of instances") {
        return;
    }
    let darkroom = Darkroom::with()
        .with_guests()
        .flag("--max-single-use-instances=2")
        .start();
    let relay = Relay::of(&darkroom);
    let start = Instant::now();
    let answers = join_all((0..6).map(|_| relay.ask("worker/sleep?ms=200"))).await;
    assert!(
        answers.iter().all(|(status, _)| *status == 200),
        "{answers:?}"
    );
    assert!(start.elapsed() >= Duration::from_millis(600));
}

#[tokio::test]
async fn a_chain_does_not_wait_for_the_places_that_it_holds() {
    if spin_differs("it does not bound the number of instances") {
        return;
    }
    let darkroom = Darkroom::with()
        .with_guests()
        .flag("--max-single-use-instances=1")
        .start();
    let relay = Relay::of(&darkroom);
    let to = "worker/chain?worker.spin.internal/chain?worker.spin.internal/count";
    let answer = tokio::time::timeout(LONG, relay.ask(to)).await;
    assert_eq!(answer.expect("in time"), (200, "1".to_owned()));
}
