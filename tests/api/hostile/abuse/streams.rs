//! Abuse of HTTP/2: idle connections, heads without end, streams that are cancelled as fast as they
//! are opened.

use std::time::{Duration, Instant};

use crate::support::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frames, GOAWAY, HEADERS, PREFACE, RST_STREAM, get,
    head,
};
use crate::support::{ALL_SCOPES, Darkroom, spin_differs, token};

const SECOND: Duration = Duration::from_secs(1);

/// A server that waits only a second for anything a client has to do. None if the host is Spin.
fn impatient() -> Option<Darkroom> {
    let differs = spin_differs("it leaves such clients to the proxy in front");
    let setup = Darkroom::with()
        .flag("--header-read-timeout=1s")
        .flag("--body-read-timeout=1s");
    (!differs).then(|| setup.start())
}

#[tokio::test]
async fn an_idle_connection_that_answers_pings_gets_a_goaway_and_is_closed() {
    let Some(darkroom) = impatient() else { return };
    let mut frames = Frames::begin(&darkroom, &[]).await;
    let kinds = frames.until_it_ends().await;
    assert!(kinds.contains(&GOAWAY), "{kinds:?}");
}

#[tokio::test]
async fn a_connection_is_closed_when_it_is_idle_after_requests() {
    let Some(darkroom) = impatient() else { return };
    let mut frames = Frames::begin(&darkroom, &[]).await;
    frames
        .send(HEADERS, END_HEADERS | END_STREAM, 1, &get("/health/live"))
        .await;
    assert_eq!(frames.status(1).await, Some(200));
    let kinds = frames.until_it_ends().await;
    assert!(kinds.contains(&GOAWAY), "{kinds:?}");
}

#[tokio::test]
async fn a_connection_that_is_not_idle_is_not_closed() {
    let Some(darkroom) = impatient() else { return };
    let mut frames = Frames::begin(&darkroom, &[]).await;
    let start = Instant::now();
    let mut stream = 1;
    while start.elapsed() < 3 * SECOND {
        frames
            .send(
                HEADERS,
                END_HEADERS | END_STREAM,
                stream,
                &get("/health/live"),
            )
            .await;
        assert_eq!(
            frames.status(stream).await,
            Some(200),
            "{:?}",
            start.elapsed()
        );
        stream += 2;
        tokio::time::sleep(SECOND / 5).await;
    }
}

#[tokio::test]
async fn half_a_preface_is_not_waited_for() {
    let Some(darkroom) = impatient() else { return };
    let mut frames = Frames::connect(&darkroom).await;
    frames.send_bytes(&PREFACE[..10]).await;
    assert_eq!(frames.until_it_ends().await, [0_u8; 0]);
}

#[tokio::test]
async fn a_preface_without_settings_is_not_waited_for() {
    let Some(darkroom) = impatient() else { return };
    let mut frames = Frames::connect(&darkroom).await;
    frames.send_bytes(PREFACE).await;
    frames.until_it_ends().await;
}

#[tokio::test]
async fn an_unfinished_head_is_not_waited_for() {
    let Some(darkroom) = impatient() else { return };
    let mut frames = Frames::begin(&darkroom, &[]).await;
    frames
        .send(HEADERS, END_STREAM, 1, &get("/health/live"))
        .await;
    frames.until_it_ends().await;
}

#[tokio::test]
async fn a_head_of_continuations_without_end_is_cut_off() {
    let Some(darkroom) = impatient() else { return };
    let mut frames = Frames::begin(&darkroom, &[]).await;
    frames
        .send(HEADERS, END_STREAM, 1, &get("/health/live"))
        .await;
    let more = head(&[("x-more", "a")]).repeat(1000);
    for _ in 0..1000 {
        frames.send(CONTINUATION, 0, 1, &more).await;
    }
    let kinds = frames.until_it_ends().await;
    assert!(!kinds.contains(&HEADERS), "{kinds:?}");
    assert_eq!(
        darkroom.anonymous().get("/health/ready").await.status(),
        200
    );
}

#[tokio::test]
async fn empty_continuations_without_end_are_cut_off() {
    let Some(darkroom) = impatient() else { return };
    let mut frames = Frames::begin(&darkroom, &[]).await;
    frames
        .send(HEADERS, END_STREAM, 1, &get("/health/live"))
        .await;
    for _ in 0..100_000 {
        frames.send(CONTINUATION, 0, 1, &[]).await;
    }
    let kinds = frames.until_it_ends().await;
    assert!(!kinds.contains(&HEADERS), "{kinds:?}");
}

#[tokio::test]
async fn a_stream_whose_body_does_not_arrive_is_refused() {
    let Some(darkroom) = impatient() else { return };
    let token = format!("Bearer {}", token("alice", ALL_SCOPES));
    let mut frames = Frames::begin(&darkroom, &[]).await;
    let request = head(&[
        (":method", "POST"),
        (":scheme", "http"),
        (":path", "/v1/upload-tickets"),
        (":authority", "a"),
        ("content-type", "application/json"),
        ("authorization", &token),
    ]);
    frames.send(HEADERS, END_HEADERS, 1, &request).await;
    frames.send(DATA, 0, 1, b"{").await;
    assert_eq!(frames.status(1).await, Some(400));
}

#[tokio::test]
async fn streams_that_are_cancelled_at_once_take_nothing_from_others() {
    let Some(darkroom) = impatient() else { return };
    let mut frames = Frames::begin(&darkroom, &[]).await;
    for number in 0..20_000 {
        let stream = 2 * number + 1;
        frames
            .send(
                HEADERS,
                END_HEADERS | END_STREAM,
                stream,
                &get("/health/ready"),
            )
            .await;
        frames.send(RST_STREAM, 0, stream, &[0, 0, 0, 8]).await;
        if number % 1000 == 0 {
            assert_eq!(
                darkroom.anonymous().get("/health/ready").await.status(),
                200
            );
        }
    }
    frames.until_it_ends().await;
    assert!(
        darkroom.resident_memory() < 300 << 20,
        "{}",
        darkroom.resident_memory()
    );
}

#[tokio::test]
async fn a_stream_must_name_one_host() {
    if spin_differs("it reads :authority alone") {
        return;
    }
    let darkroom = Darkroom::shared();
    let mut frames = Frames::begin(&darkroom, &[]).await;
    for (stream, authority, hosts, expected) in [
        (1, "a", &["a"][..], 200),
        (3, "a", &["b"], 400),
        (5, "a", &["a", "a"], 400),
        (7, "a@b", &[], 400),
    ] {
        let mut fields = vec![
            (":method", "GET"),
            (":scheme", "http"),
            (":path", "/health/live"),
            (":authority", authority),
        ];
        fields.extend(hosts.iter().map(|host| ("host", *host)));
        frames
            .send(HEADERS, END_HEADERS | END_STREAM, stream, &head(&fields))
            .await;
        // A stream may also be cancelled without an answer.
        let status = frames.status(stream).await.unwrap_or(400);
        assert_eq!(status, expected, "{authority} {hosts:?}");
    }
}
