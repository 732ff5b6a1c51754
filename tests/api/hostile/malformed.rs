//! Requests that are not well-formed HTTP, which the host answers with a status without calling the
//! component, and requests that the host can read but that are too long.

use crate::support::{Darkroom, Raw, spin_differs};

/// Sends bytes, and returns the last answer.
async fn exchange(darkroom: &Darkroom, bytes: &[u8]) -> String {
    let mut raw = Raw::connect(darkroom).await;
    raw.send(bytes).await;
    let answers = raw.rest().await;
    let last = answers
        .rfind("HTTP/1.")
        .unwrap_or_else(|| panic!("no answer: {answers:?}"));
    answers[last..].to_owned()
}

#[tokio::test]
async fn malformed_http_is_answered_with_a_status() {
    let darkroom = Darkroom::shared();
    let many: String = (0..200)
        .map(|number| format!("X-{number}: a\r\n"))
        .collect();
    let get = "GET /health/live HTTP/1.1\r\nHost: a\r\n";
    for (case, request, status) in [
        (
            "no HTTP",
            "GET  /  HTTP/1.1\r\nHost: a\r\n\r\n".to_owned(),
            400,
        ),
        (
            "no version",
            "GET / HTTP/9.9\r\nHost: a\r\n\r\n".to_owned(),
            400,
        ),
        (
            "a header without a colon",
            "GET / HTTP/1.1\r\nHost: a\r\nNo colon\r\n\r\n".to_owned(),
            400,
        ),
        ("many headers", format!("{get}{many}\r\n"), 431),
        (
            "a long target",
            format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(66_000)),
            414,
        ),
        ("after a valid one", format!("{get}\r\nGET  /\r\n\r\n"), 400),
    ] {
        let answer = exchange(&darkroom, request.as_bytes()).await;
        let begins = answer.starts_with(&format!("HTTP/1.1 {status} "));
        assert!(begins, "{case}: {answer}");
    }
}

#[tokio::test]
async fn requests_that_are_too_long_are_refused_by_the_application() {
    let darkroom = Darkroom::shared();
    let target = format!("GET /v1/images?{}", "a".repeat(20_000));
    let answer = Raw::exchange(&darkroom, &target, &[]).await;
    assert_eq!(answer.status, 414);
    assert!(
        answer.text.contains("/problems/uri-too-long"),
        "{}",
        answer.text
    );
    let wide = format!("X-Wide: {}", "a".repeat(70_000));
    let answer = Raw::exchange(&darkroom, "GET /v1/images", &[&wide]).await;
    assert_eq!(answer.status, 431);
    assert!(
        answer.text.contains("/problems/headers-too-large"),
        "{}",
        answer.text
    );
    if spin_differs("it ends an HTTP/2 connection with headers that are too long") {
        return;
    }
    let client = darkroom.anonymous().over_http2();
    let request = client.request(reqwest::Method::GET, "/v1/images");
    let answer = request
        .header("x-wide", "a".repeat(70_000))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), 431);
    let text = answer.text().await.expect("a body");
    assert!(text.contains("/problems/headers-too-large"), "{text}");
}
