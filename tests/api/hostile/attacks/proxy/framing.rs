//! Where a request ends: the application gets exactly the requests that the proxy accepted, and no
//! request that only one of them sees.

use futures_util::future::join_all;

use super::{ALICE, Stage};
use crate::hostile::attacks::Cases;

/// A way to hide a request in another: its name, the lines of the head, and the body, in which
/// `HIDDEN` is replaced by the request to hide.
type Case = (&'static str, &'static [&'static str], &'static str);

const CHUNKED: &str = "Transfer-Encoding: chunked";
const SHORT: &str = "Content-Length: 4";

const CASES: &[Case] = &[
    ("CL.TE", &[SHORT, CHUNKED], "0\r\n\r\nHIDDEN"),
    ("TE.CL", &[CHUNKED, SHORT], "5c\r\nHIDDEN0\r\n\r\n"),
    (
        "TE.TE, one with a space before its colon",
        &[CHUNKED, "Transfer-Encoding : x"],
        "0\r\n\r\nHIDDEN",
    ),
    (
        "TE.TE, one unknown",
        &[CHUNKED, "Transfer-Encoding: x"],
        "0\r\n\r\nHIDDEN",
    ),
    (
        "a coding that is almost chunked",
        &["Transfer-Encoding: xchunked", SHORT],
        "0\r\n\r\nHIDDEN",
    ),
    (
        "a coding with a vertical tab",
        &["Transfer-Encoding: \u{b}chunked", SHORT],
        "0\r\n\r\nHIDDEN",
    ),
    (
        "a coding in quotes",
        &["Transfer-Encoding: \"chunked\"", SHORT],
        "0\r\n\r\nHIDDEN",
    ),
    (
        "chunked twice",
        &["Transfer-Encoding: chunked, chunked"],
        "0\r\n\r\nHIDDEN",
    ),
    (
        "chunked, then identity",
        &["Transfer-Encoding: chunked, identity", SHORT],
        "0\r\n\r\nHIDDEN",
    ),
    (
        "a coding folded",
        &["Transfer-Encoding:\r\n chunked", SHORT],
        "0\r\n\r\nHIDDEN",
    ),
    (
        "a length folded",
        &["Content-Length: 4\r\n 0"],
        "0\r\n\r\nHIDDEN",
    ),
    ("two lengths that are equal", &[SHORT, SHORT], "GIF8HIDDEN"),
    (
        "two lengths that differ",
        &[SHORT, "Content-Length: 0"],
        "HIDDEN",
    ),
    ("two lengths in one", &["Content-Length: 4, 0"], "HIDDEN"),
    (
        "a length with a sign",
        &["Content-Length: +4"],
        "GIF8HIDDEN",
    ),
    (
        "a length in hexadecimal",
        &["Content-Length: 0x4"],
        "GIF8HIDDEN",
    ),
    ("a negative length", &["Content-Length: -4"], "HIDDEN"),
    (
        "a length of more than 64 bits",
        &["Content-Length: 18446744073709551620"],
        "GIF8HIDDEN",
    ),
    (
        "a length with an underscore",
        &["Content_Length: 0", SHORT],
        "GIF8HIDDEN",
    ),
    (
        "a length before a space",
        &["Content-Length : 4"],
        "GIF8HIDDEN",
    ),
    ("no length at all", &[], "HIDDEN"),
    (
        "a head of bare line feeds",
        &["A: b\nContent-Length: 4\nB: c"],
        "GIF8HIDDEN",
    ),
    (
        "a head with a bare carriage return",
        &["A: b\rContent-Length: 4"],
        "GIF8HIDDEN",
    ),
    (
        "a chunk extension",
        &[CHUNKED],
        "4;a=b\r\nGIF8\r\n0\r\n\r\nHIDDEN",
    ),
    (
        "a chunk extension with a bare line feed",
        &[CHUNKED],
        "4;a\nGIF8\r\n0\r\n\r\nHIDDEN",
    ),
    (
        "an extension in quotes with a line feed",
        &[CHUNKED],
        "4;a=\"\r\n\"\r\nGIF8\r\n0\r\n\r\nHIDDEN",
    ),
    (
        "chunks with bare line feeds",
        &[CHUNKED],
        "4\nGIF8\n0\n\nHIDDEN",
    ),
    (
        "a chunk longer than it says",
        &[CHUNKED],
        "4\r\nGIF8XX0\r\n\r\nHIDDEN",
    ),
    (
        "a chunk of more than 64 bits",
        &[CHUNKED],
        "10000000000000004\r\nGIF8\r\n0\r\n\r\nHIDDEN",
    ),
    (
        "a chunk with a prefix",
        &[CHUNKED],
        "0x4\r\nGIF8\r\n0\r\n\r\nHIDDEN",
    ),
    (
        "a length in the trailers",
        &[CHUNKED],
        "4\r\nGIF8\r\n0\r\nContent-Length: 99\r\n\r\nHIDDEN",
    ),
    (
        "rubbish after the last chunk",
        &[CHUNKED],
        "0\r\n\r\n\0\0\0\0HIDDEN",
    ),
    (
        "a proposal to speak HTTP/2",
        &[SHORT, "Upgrade: h2c", "Connection: Upgrade, HTTP2-Settings"],
        "GIF8HIDDEN",
    ),
    (
        "a request to wait",
        &["Expect: 100-continue", SHORT, CHUNKED],
        "0\r\n\r\nHIDDEN",
    ),
    (
        "a hop-by-hop length",
        &["Connection: close, Content-Length", SHORT],
        "GIF8HIDDEN",
    ),
];

/// An id for the request of a case, and one for the request that hides in it.
fn ids(number: usize) -> [String; 2] {
    ["outer", "hidden"].map(|which| format!("{which}-{number:02}"))
}

async fn attempt(stage: &Stage, number: usize, (_, lines, sent): Case) -> String {
    let [outer, hidden] = ids(number);
    let outer = format!("X-Request-Id: {outer}");
    let hidden = format!("GET /v1/limits HTTP/1.1\r\nHost: a\r\nX-Request-Id: {hidden}\r\n\r\n");
    let mut raw = stage.nginx.raw();
    raw.begin_upload(ALICE, &[&[outer.as_str()], lines].concat())
        .await;
    raw.send(sent.replace("HIDDEN", &hidden).as_bytes()).await;
    raw.rest().await
}

#[tokio::test]
async fn the_application_gets_the_requests_that_the_proxy_accepted_and_no_other() {
    let Some(stage) = Stage::new() else { return };
    let attempts = CASES.iter().enumerate();
    let attempts = attempts.map(|(number, case)| attempt(&stage, number, *case));
    let answers = join_all(attempts).await;
    stage.settle().await;
    let mut cases = Cases::default();
    for (number, ((name, ..), answer)) in CASES.iter().zip(answers).enumerate() {
        for id in ids(number) {
            let (served, taken) = (stage.served(&id), stage.taken(&id));
            let seen = format!("{id}: taken {taken}, served {served}: {answer}");
            cases.hold(name, served <= taken, seen);
        }
        let is_stored = answer
            .lines()
            .next()
            .is_some_and(|line| line.contains(" 201"));
        cases.hold(name, !is_stored, &answer);
    }
    cases.end();
    stage.darkroom.holds_only(0, 0).await;
}

/// Shows what the test above sees of a request that is not hidden in another.
#[tokio::test]
async fn a_request_that_follows_another_is_accepted_and_served() {
    let Some(stage) = Stage::new() else { return };
    let plain: Case = ("pipelined", &[SHORT], "GIF8HIDDEN");
    let answer = attempt(&stage, 0, plain).await;
    stage.settle().await;
    for id in ids(0) {
        assert_eq!(
            (stage.taken(&id), stage.served(&id)),
            (1, 1),
            "{id}: {answer}"
        );
    }
}
