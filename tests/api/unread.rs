//! Requests that no component sees: the host says what is wrong with them, as the
//! application would.

use serde_json::Value;

use crate::support::{Darkroom, Kind, Raw, host_kind, spin_differs};

/// Sends bytes, and gives the last answer's head and body.
async fn exchange(darkroom: &Darkroom, bytes: &[u8]) -> (String, String) {
    let mut raw = Raw::connect(darkroom).await;
    raw.send(bytes).await;
    let answers = raw.rest().await;
    let last = answers
        .rfind("HTTP/1.")
        .unwrap_or_else(|| panic!("no answer: {answers:?}"));
    let (head, body) = answers[last..].split_once("\r\n\r\n").expect("a head");
    (head.to_ascii_lowercase(), body.to_owned())
}

/// Spin answers these by the status alone.
fn host_is_ours() -> bool {
    host_kind() == Kind::Embedded
}

#[tokio::test]
async fn what_can_not_be_read_is_answered_with_what_is_wrong() {
    if !host_is_ours() {
        return;
    }
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
        (
            "no host",
            "GET / HTTP/1.1\r\nConnection: close\r\n\r\n".to_owned(),
            400,
        ),
        ("many headers", format!("{get}{many}\r\n"), 431),
        (
            "a long target",
            format!("GET /{} HTTP/1.1\r\nHost: a\r\n\r\n", "a".repeat(66_000)),
            414,
        ),
        ("after a good one", format!("{get}\r\nGET  /\r\n\r\n"), 400),
    ] {
        let (head, body) = exchange(&darkroom, request.as_bytes()).await;
        assert!(
            head.starts_with(&format!("http/1.1 {status} ")),
            "{case}: {head}"
        );
        assert!(
            head.contains("content-type: application/problem+json"),
            "{case}: {head}"
        );
        assert!(head.contains("nosniff"), "{case}: {head}");
        let length = format!("content-length: {}", body.len());
        assert!(head.contains(&length), "{case}: {head}");
        let problem: Value = serde_json::from_str(&body).expect("JSON");
        assert_eq!(problem["status"], status, "{case}");
        assert_eq!(problem["type"], "about:blank", "{case}");
        for member in ["title", "detail"] {
            assert!(
                problem[member].as_str().is_some_and(|text| text.len() > 5),
                "{case}"
            );
        }
    }
}

#[tokio::test]
async fn what_is_too_long_for_the_application_is_told_by_it() {
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
    if spin_differs("it breaks off HTTP/2 with too long headers") {
        return;
    }
    let client = darkroom.anybody().over_http2();
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
