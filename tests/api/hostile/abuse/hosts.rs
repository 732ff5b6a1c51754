//! The host of a request: it must be given once, and be the same in every place (RFC 9112 §3.2).

use serde_json::Value;

use crate::support::{Darkroom, Raw, spin_differs};

/// Sends this head over HTTP/1.1, which must be refused with a problem. Spin answers some of them
/// in its own way.
async fn refuses(head: &str) {
    if spin_differs("it reads Host alone, and uses the first") {
        return;
    }
    let darkroom = Darkroom::shared();
    let mut raw = Raw::connect(&darkroom).await;
    raw.send(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes())
        .await;
    let answer = raw.response().await;
    assert_eq!(answer.status, 400, "{head}: {}", answer.text);
    let (_, body) = answer.text.split_once("\r\n\r\n").expect("a head");
    let problem: Value = serde_json::from_str(body).expect("a problem");
    assert_eq!(problem["status"], 400, "{head}");
}

#[tokio::test]
async fn two_hosts_are_refused() {
    refuses("GET /health/live HTTP/1.1\r\nHost: a\r\nHost: b").await;
}

#[tokio::test]
async fn the_same_host_twice_is_refused() {
    refuses("GET /health/live HTTP/1.1\r\nHost: a\r\nHost: a").await;
}

#[tokio::test]
async fn a_user_in_host_is_refused() {
    refuses("GET /health/live HTTP/1.1\r\nHost: user:password@a").await;
}

#[tokio::test]
async fn a_host_that_is_a_list_is_refused() {
    refuses("GET /health/live HTTP/1.1\r\nHost: a, b").await;
}

#[tokio::test]
async fn a_host_that_is_a_url_is_refused() {
    refuses("GET /health/live HTTP/1.1\r\nHost: http://a/").await;
}

#[tokio::test]
async fn a_missing_host_is_refused() {
    refuses("GET /health/live HTTP/1.1").await;
}

#[tokio::test]
async fn an_empty_host_is_refused() {
    refuses("GET /health/live HTTP/1.1\r\nHost:").await;
}

#[tokio::test]
async fn a_port_that_is_not_a_number_is_refused() {
    refuses("GET /health/live HTTP/1.1\r\nHost: a:b").await;
}

#[tokio::test]
async fn a_target_for_another_host_is_refused() {
    refuses("GET http://b/health/live HTTP/1.1\r\nHost: a").await;
}

#[tokio::test]
async fn a_target_with_a_user_is_refused() {
    refuses("GET http://user@a/health/live HTTP/1.1\r\nHost: a").await;
}

#[tokio::test]
async fn a_target_of_another_scheme_is_refused() {
    refuses("GET ftp://a/health/live HTTP/1.1\r\nHost: a").await;
}

#[tokio::test]
async fn a_target_for_the_same_host_is_answered() {
    let darkroom = Darkroom::shared();
    let mut raw = Raw::connect(&darkroom).await;
    raw.send(b"GET http://a/health/live HTTP/1.1\r\nHost: A\r\nConnection: close\r\n\r\n")
        .await;
    assert_eq!(raw.response().await.status, 200);
}
