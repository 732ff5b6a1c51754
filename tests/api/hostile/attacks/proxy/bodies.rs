//! Bodies that arrive slowly, in odd pieces, or not completely. The proxy streams them, or buffers
//! them first.

use std::time::Duration;

use super::{ALICE, Stage};
use crate::hostile::attacks::Cases;
use crate::support::{Png, Raw, eventually, sha256_hex};

/// How the proxy passes bodies on.
const WAYS: [(&str, &str); 2] = [
    ("passed on", "proxy_request_buffering off;"),
    ("gathered", "proxy_request_buffering on;"),
];
/// The pause between the pieces of a slow sender.
const PAUSE: Duration = Duration::from_millis(10);

fn stage(way: &str) -> Option<Stage> {
    Stage::with(&[("proxy_request_buffering off;", way)])
}

/// Sends the body: slowly, or in chunks of any length.
async fn deliver(raw: &mut Raw, how: &str, bytes: &[u8]) {
    match how {
        "slowly" => {
            for piece in bytes.chunks(bytes.len() / 20) {
                raw.send(piece).await;
                tokio::time::sleep(PAUSE).await;
            }
        }
        "chunks of a byte" => {
            for piece in bytes.chunks(1) {
                raw.send_chunk(piece).await;
            }
            raw.send(b"0\r\n\r\n").await;
        }
        _ => {
            raw.send_chunk(bytes).await;
            raw.send(b"0\r\nX-Trailer: a\r\n\r\n").await;
        }
    }
}

#[tokio::test]
async fn an_upload_arrives_whole_however_it_is_sent() {
    let mut cases = Cases::default();
    for (way, line) in WAYS {
        let Some(stage) = stage(line) else { return };
        for (how, size) in [
            ("slowly", 1_000_000),
            ("chunks of a byte", 1_000),
            ("a chunk and a trailer", 500_000),
        ] {
            let file = Png::of_size(size).bytes();
            let length = format!("Content-Length: {size}");
            let framing = match how {
                "slowly" => length.as_str(),
                _ => "Transfer-Encoding: chunked",
            };
            let mut raw = stage.nginx.raw();
            raw.begin_upload(ALICE, &[framing, "Connection: close"])
                .await;
            deliver(&mut raw, how, &file).await;
            let answer = raw.response().await;
            let case = format!("{way}, {how}");
            let is_whole = answer.text.contains(&sha256_hex(&file));
            cases.hold(&case, answer.status == 201 && is_whole, &answer.text);
        }
    }
    cases.end();
}

#[tokio::test]
async fn an_interrupted_upload_leaves_nothing() {
    const SIZE: usize = 3_000_000;
    let Some(stage) = stage(WAYS[0].1) else {
        return;
    };
    let file = Png::of_size(SIZE).bytes();
    for framing in [
        format!("Content-Length: {SIZE}"),
        "Transfer-Encoding: chunked".into(),
    ] {
        let mut raw = stage.nginx.raw();
        raw.begin_upload(ALICE, &[&framing]).await;
        let part = &file[..SIZE / 2];
        if framing.starts_with('C') {
            raw.send(part).await;
        } else {
            raw.send_chunk(part).await;
        }
        // The request has reached the application.
        let begun = eventually(|| async { stage.darkroom.chunks() > 0 }).await;
        assert_eq!(begun, Ok(()), "{framing}: {}", stage.nginx.log());
        drop(raw);
        stage.darkroom.holds_only(0, 0).await;
    }
}

#[tokio::test]
async fn an_incomplete_upload_is_not_passed_on_by_a_proxy_that_buffers() {
    let Some(stage) = stage(WAYS[1].1) else {
        return;
    };
    let mut raw = stage.nginx.raw();
    let lines = [
        "Content-Length: 100000",
        "Expect: 100-continue",
        "X-Request-Id: never-whole",
    ];
    raw.begin_upload(ALICE, &lines).await;
    raw.may_continue().await;
    raw.send(&Png::of_size(100_000).bytes()[..50_000]).await;
    drop(raw);
    let gone = eventually(|| async { stage.taken("never-whole") == 1 }).await;
    assert_eq!(gone, Ok(()), "{}", stage.nginx.log());
    stage.settle().await;
    assert_eq!(stage.served("never-whole"), 0);
    stage.darkroom.holds_only(0, 0).await;
}

#[tokio::test]
async fn a_body_over_a_limit_is_refused_by_the_program_that_has_the_limit() {
    let mut cases = Cases::default();
    for (way, line) in WAYS {
        let Some(stage) = stage(line) else { return };
        // The proxy's limit is 32 MiB, the application's 25.
        for (length, ours) in [(40 << 20, false), (27 << 20, true)] {
            if ours && way == "gathered" {
                continue;
            }
            let mut raw = stage.nginx.raw();
            let length = format!("Content-Length: {length}");
            raw.begin_upload(ALICE, &[&length, "Connection: close"])
                .await;
            let answer = raw.response().await;
            let is_expected = answer.text.contains("application/problem+json") == ours;
            let case = format!("{way}, {length}");
            cases.hold(case, answer.status == 413 && is_expected, &answer.text);
        }
        stage.darkroom.holds_only(0, 0).await;
    }
    cases.end();
}
