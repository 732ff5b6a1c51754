//! Where a request's body ends: if two programs read this differently, one request can hide in
//! another (RFC 9112 §6.3 and §11.2).

use futures_util::future::join_all;

use crate::support::{Darkroom, Raw, spin_differs, unique};

/// The request id of a request that is hidden in a body, which no answer may contain.
const HIDDEN: &str = "hidden-request";

/// A request that a program sees if it takes the body before it to be shorter.
fn hidden() -> String {
    format!("GET /health/live HTTP/1.1\r\nHost: a\r\nX-Request-Id: {HIDDEN}\r\n\r\n")
}

/// Sends an upload with these header lines and this body. The answer must be a refusal or the end
/// of the connection, and nothing in the body may be answered.
async fn check(darkroom: &Darkroom, case: &str, lines: &[&str], body: &str) -> Option<String> {
    let mut raw = Raw::connect(darkroom).await;
    raw.begin_upload(&unique("smuggler"), lines).await;
    raw.send(body.as_bytes()).await;
    let answer = raw.rest().await;
    let status = answer.split(' ').nth(1).unwrap_or("");
    // 415 and 422: the body was read as its framing says, and is not an image.
    let refused = ["", "400", "411", "413", "415", "422", "501", "505"].contains(&status);
    let wrong = !refused || answer.contains(HIDDEN);
    wrong.then(|| format!("{case}: {}", answer.escape_debug()))
}

fn hold(wrong: Vec<Option<String>>) {
    let wrong: Vec<String> = wrong.into_iter().flatten().collect();
    assert!(
        wrong.is_empty(),
        "{} cases:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[tokio::test]
async fn no_request_hides_behind_two_lengths() {
    if spin_differs("it chooses one of two lengths") {
        return;
    }
    let darkroom = Darkroom::start();
    let hidden = hidden();
    let ended = format!("0\r\n\r\n{hidden}");
    let short = "Content-Length: 4";
    let long = format!("Content-Length: {}", ended.len());
    let chunked = "Transfer-Encoding: chunked";
    let cases: [(&str, Vec<&str>, &str); 9] = [
        ("length, then chunked", vec![short, chunked], &ended),
        ("chunked, then length", vec![chunked, &long], &ended),
        ("two lengths", vec![short, "Content-Length: 0"], &hidden),
        ("two lengths in one", vec!["Content-Length: 4, 0"], &hidden),
        (
            "chunked twice",
            vec!["Transfer-Encoding: chunked, chunked", short],
            &ended,
        ),
        (
            "chunked is not last",
            vec!["Transfer-Encoding: chunked, identity", short],
            &ended,
        ),
        (
            "identity",
            vec!["Transfer-Encoding: identity", short],
            &hidden,
        ),
        (
            "two transfer codings",
            vec![chunked, "Transfer-Encoding: x", short],
            &ended,
        ),
        (
            "an unknown coding",
            vec!["Transfer-Encoding: xchunked", short],
            &ended,
        ),
    ];
    let checks = cases
        .iter()
        .map(|(case, lines, body)| check(&darkroom, case, lines, body));
    hold(join_all(checks).await);
    assert_eq!(
        darkroom.anonymous().get("/health/ready").await.status(),
        200
    );
}

#[tokio::test]
async fn no_request_hides_behind_a_length_that_is_not_a_number() {
    let darkroom = Darkroom::start();
    let hidden = hidden();
    let lengths = [
        "Content-Length: -1",
        "Content-Length: +4",
        "Content-Length: 0x4",
        "Content-Length: 4 0",
        "Content-Length: 4;0",
        "Content-Length:",
        "Content-Length: four",
        "Content-Length: 18446744073709551616",
        "Content-Length : 4",
        "Content-Length\t: 4",
        "Content-Length: 4\r\n 0",
        " Content-Length: 4",
        "Content_Length: 4\r\nContent-Length: x",
        "Content-Length: 4\u{b}",
        "Transfer-Encoding : chunked",
        "Transfer-Encoding:\u{b}chunked",
        "Transfer-Encoding: \"chunked\"",
        "Transfer-Encoding:\r\n chunked",
    ];
    let checks = lengths.map(|line| {
        let (darkroom, hidden) = (&darkroom, &hidden);
        async move { check(darkroom, line, &[line], &format!("0\r\n\r\n{hidden}")).await }
    });
    hold(join_all(checks).await);
    assert_eq!(
        darkroom.anonymous().get("/health/ready").await.status(),
        200
    );
}

#[tokio::test]
async fn no_request_hides_in_broken_chunks() {
    let mut darkroom = Darkroom::start();
    let hidden = hidden();
    let huge = format!("4;{}\r\nGIF8\r\n0\r\n\r\n", "e".repeat(100_000));
    let trailers = format!("0\r\n{}\r\n", "A: b\r\n".repeat(10_000));
    let bodies = [
        format!("-1\r\n\r\n{hidden}"),
        format!("0x4\r\nGIF8\r\n0\r\n\r\n{hidden}"),
        format!("fffffffffffffffff\r\nGIF8\r\n0\r\n\r\n{hidden}"),
        format!("ffffffffffffffff\r\nGIF8\r\n0\r\n\r\n{hidden}"),
        format!("4 4\r\nGIF8\r\n0\r\n\r\n{hidden}"),
        format!("4\r\nGIF8XX0\r\n\r\n{hidden}"),
        format!("4\r\nGIF80\r\n\r\n{hidden}"),
        format!("\r\n0\r\n\r\n{hidden}"),
        format!("g\r\n\r\n{hidden}"),
        format!("\u{0}\r\n\r\n{hidden}"),
        format!("4\rGIF8\r0\r\r{hidden}"),
        huge,
        trailers,
    ];
    let checks = bodies.iter().map(|body| {
        let case = body.chars().take(40).collect::<String>();
        let darkroom = &darkroom;
        async move { check(darkroom, &case, &["Transfer-Encoding: chunked"], body).await }
    });
    hold(join_all(checks).await);
    assert_eq!(
        darkroom.anonymous().get("/health/ready").await.status(),
        200
    );
    darkroom.ends_with(0, 0);
}
