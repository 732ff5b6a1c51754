//! Instances that compute for an unbounded time.

use std::num::NonZero;
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use futures_util::future::select_all;
use serde_json::Value;

use crate::support::{Darkroom, Setup, eventually, spin_differs};

/// Longer than any request takes that is not held up.
const LONG: Duration = Duration::from_secs(5);

/// A server whose instances may compute for this long at a time. None if the host is Spin.
fn bounded(time: &str) -> Option<Darkroom> {
    let differs = spin_differs("it bounds the time of a request, not of computing");
    let flag = format!("--max-compute-time={time}");
    (!differs).then(|| Setup::default().misbehaving().flag(&flag).launch())
}

/// The processors that the host finds.
fn processors() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

async fn status(darkroom: &Darkroom, path: &str) -> u16 {
    darkroom.anonymous().get(path).await.status().as_u16()
}

#[tokio::test]
async fn an_instance_that_computes_forever_is_ended_and_its_request_gets_500() {
    let Some(darkroom) = bounded("1s") else {
        return;
    };
    let answer = darkroom.anonymous().get("/compute?x=secret").await;
    assert_eq!(answer.status(), 500);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    let problem: Value = answer.json().await.expect("a problem");
    assert_eq!(problem["status"], 500);
    let log = darkroom.log();
    assert!(
        log.contains("computed for 1s") && log.contains("GET /compute"),
        "{log}"
    );
    assert!(!log.contains("secret"), "{log}");
    assert_eq!(status(&darkroom, "/rest").await, 200);
}

#[tokio::test]
async fn requests_that_share_an_instance_with_one_that_computes_are_logged_and_get_500() {
    let Some(darkroom) = bounded("1s") else {
        return;
    };
    let server = &darkroom;
    // One on each processor.
    let mut waits = Vec::new();
    for number in 1..=processors() {
        let client = darkroom.anonymous();
        waits.push(tokio::spawn(
            async move { client.get("/wait").await.status() },
        ));
        let waiting = || async { server.log().matches("waiting").count() == number };
        assert_eq!(eventually(waiting).await, Ok(()));
    }
    // It goes to one of their instances, which accept more requests now.
    assert_eq!(status(&darkroom, "/compute-later").await, 500);
    let logged = eventually(|| async { server.log().contains("computed for 1s") });
    assert_eq!(logged.await, Ok(()));
    let log = darkroom.log();
    assert!(
        log.contains("GET /compute-later") && log.contains("GET /wait"),
        "{log}"
    );
    let (ended, _, _) = select_all(waits).await;
    assert_eq!(ended.expect("an answer"), 500);
}

#[tokio::test]
async fn requests_that_arrive_one_after_the_other_compute_at_the_same_time() {
    const TIME: Duration = Duration::from_secs(2);
    let Some(darkroom) = bounded("8s") else {
        return;
    };
    if processors() == 1 {
        return;
    }
    let path = format!("/compute-later?{}", TIME.as_millis());
    let start = Instant::now();
    let first = status(&darkroom, &path);
    let second = async {
        // The instance of the first could take it: it accepts more requests by now.
        tokio::time::sleep(Duration::from_millis(100)).await;
        status(&darkroom, &path).await
    };
    assert_eq!(tokio::join!(first, second), (200, 200));
    assert!(start.elapsed() < 2 * TIME, "{:?}", start.elapsed());
}

#[tokio::test]
async fn others_are_answered_while_instances_compute() {
    let Some(darkroom) = bounded("8s") else {
        return;
    };
    // As many as there are threads, and more.
    let computing: Vec<_> = (0..4)
        .map(|_| {
            let client = darkroom.anonymous();
            tokio::spawn(async move { client.get("/compute-later").await.status() })
        })
        .collect();
    tokio::time::sleep(Duration::from_secs(1)).await;
    for _ in 0..20 {
        let start = Instant::now();
        assert_eq!(status(&darkroom, "/rest").await, 200);
        assert!(start.elapsed() < LONG, "{:?}", start.elapsed());
    }
    assert!(computing.iter().all(|request| !request.is_finished()));
    for request in computing {
        assert_eq!(request.await.expect("an answer"), 500);
    }
}

#[tokio::test]
async fn an_instance_that_is_busy_with_pauses_is_not_ended() {
    let Some(darkroom) = bounded("500ms") else {
        return;
    };
    assert_eq!(status(&darkroom, "/compute-in-turns?3000").await, 200);
    assert!(
        !darkroom.log().contains("computed for"),
        "{}",
        darkroom.log()
    );
}

#[tokio::test]
async fn an_answer_whose_body_is_never_produced_is_cut_off() {
    let Some(darkroom) = bounded("1s") else {
        return;
    };
    let answer = darkroom.anonymous().get("/compute-in-the-body").await;
    assert_eq!(answer.status(), 200);
    let _ = answer.bytes().await;
    let logged = eventually(|| async { darkroom.log().contains("computed for 1s") }).await;
    assert_eq!(logged, Ok(()));
    assert_eq!(status(&darkroom, "/rest").await, 200);
}

#[tokio::test]
async fn computing_is_not_bounded_by_default() {
    let Some(darkroom) = bounded("0") else { return };
    assert_eq!(status(&darkroom, "/compute?2000").await, 200);
}

#[tokio::test]
async fn the_requests_of_an_instance_that_traps_are_logged() {
    let Some(darkroom) = bounded("1s") else {
        return;
    };
    assert_eq!(status(&darkroom, "/trap").await, 500);
    let log = darkroom.log();
    assert!(log.contains("GET /trap is not answered"), "{log}");
}

#[tokio::test]
async fn a_request_that_is_not_answered_in_time_gets_504_if_so_configured() {
    if spin_differs("it has a limit of its own") {
        return;
    }
    let setup = Setup::default().misbehaving();
    let darkroom = setup.flag("--request-timeout=1s").launch();
    let answer = darkroom.anonymous().get("/wait").await;
    assert_eq!(answer.status(), 504);
    assert_eq!(answer.headers()["content-type"], "application/problem+json");
    assert_eq!(status(&darkroom, "/rest").await, 200);
}
