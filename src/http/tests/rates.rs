//! Rate limits.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use super::*;
use crate::model::Timestamp;

/// A client of a deployment with limits, and its clock in seconds.
struct Limited {
    client: Client,
    seconds: Arc<AtomicI64>,
}

impl Limited {
    fn new(variables: &[(&'static str, &str)]) -> Self {
        let seconds = Arc::new(AtomicI64::new(0));
        let clock = Arc::clone(&seconds);
        let now = move || Timestamp::from_millis(NOW + 1000 * clock.load(Ordering::Relaxed));
        Self {
            client: Client::timed_by(now, variables),
            seconds,
        }
    }

    fn wait(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::Relaxed);
    }

    async fn as_owner(&self, owner: &str, scope: &str, path: &str) -> Answer {
        let mut request = request(Method::GET, path, Body::empty());
        let token = bearer(owner, scope).parse().expect("a header");
        request.headers_mut().insert(header::AUTHORIZATION, token);
        self.client.send(request).await
    }
}

#[tokio::test]
async fn an_owner_may_make_so_many_requests_per_minute() {
    let limited = Limited::new(&[("rate_limit_requests", "3")]);
    for left in [2, 1, 0] {
        let answer = limited.client.get("/v1/usage").await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("ratelimit-policy"), "\"requests\";q=3;w=60");
        let full_in = 60 - 20 * left;
        let expected = format!("\"requests\";r={left};t={full_in}");
        assert_eq!(answer.header("ratelimit"), expected);
    }
    limited.wait(1);
    let refused = limited.client.get("/v1/usage").await;
    refused.is_problem(429, "rate-limited");
    assert_eq!(refused.header("retry-after"), "19");
    assert_eq!(refused.header("ratelimit"), "\"requests\";r=0;t=59");
    assert_eq!(
        refused.json()["violated-policies"],
        serde_json::json!(["requests"])
    );
    // A refused request does not count, and neither do those of others.
    let other = limited.as_owner("bob", "images:read", "/v1/usage").await;
    assert_eq!(other.header("ratelimit"), "\"requests\";r=2;t=20");
    limited.wait(19);
    let admitted = limited.client.get("/v1/usage").await;
    assert_eq!(admitted.header("ratelimit"), "\"requests\";r=0;t=60");
    limited.wait(3600);
    let admitted = limited.client.get("/v1/usage").await;
    assert_eq!(admitted.header("ratelimit"), "\"requests\";r=2;t=20");
}

#[tokio::test]
async fn a_request_that_is_refused_has_no_effect() {
    let limited = Limited::new(&[("rate_limit_requests", "1")]);
    let file = testing::png(1, 1);
    let created = limited.client.upload(&file).await;
    assert_eq!(created.status, StatusCode::CREATED);
    limited
        .client
        .upload(&file)
        .await
        .is_problem(429, "rate-limited");
    limited.wait(60);
    assert_eq!(limited.client.get("/v1/usage").await.json()["images"], 1);
}

#[tokio::test]
async fn every_instance_counts_the_same_requests() {
    let variables = [("rate_limit_requests", "2")];
    let limited = Limited::new(&variables);
    let beside = limited.client.beside(&variables);
    assert_eq!(limited.client.get("/v1/usage").await.status, StatusCode::OK);
    assert_eq!(beside.get("/v1/usage").await.status, StatusCode::OK);
    for client in [&limited.client, &beside] {
        client
            .get("/v1/usage")
            .await
            .is_problem(429, "rate-limited");
    }
}

#[tokio::test]
async fn what_the_operator_and_strangers_do_is_not_limited() {
    let limited = Limited::new(&[("rate_limit_requests", "2"), ("metrics", "public")]);
    let image = limited.client.image().await;
    let links = format!("{image}/links");
    let terms = serde_json::json!({"expires_in": 60});
    let link = json_request(Method::POST, &links, &terms);
    let link = limited.client.send(link).await.json()["url"].clone();
    let link = link.as_str().expect("a URL");
    limited
        .client
        .get("/v1/usage")
        .await
        .is_problem(429, "rate-limited");
    for _ in 0..5 {
        for path in [
            link,
            "/health/live",
            "/health/ready",
            "/metrics",
            "/v1/limits",
        ] {
            let answer = limited
                .client
                .send(anonymous(Method::GET, path, Body::empty()))
                .await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
            assert_eq!(answer.header("ratelimit"), "", "{path}");
        }
        for (scope, path) in [("admin", "/v1/usage"), ("metrics", "/metrics")] {
            let answer = limited.as_owner("root", scope, path).await;
            assert_eq!(answer.status, StatusCode::OK, "{path}");
        }
    }
}

#[tokio::test]
async fn guests_with_a_ticket_cannot_use_up_what_its_owner_may_do() {
    let limited = Limited::new(&[("rate_limit_requests", "2")]);
    let terms = serde_json::json!({"expires_in": 60, "max_uploads": 10});
    let url = limited.client.ticket(&terms).await;
    let upload = async || {
        let request = anonymous(Method::POST, &url, testing::png(1, 1));
        limited.client.send(request).await
    };
    for _ in 0..2 {
        assert_eq!(upload().await.status, StatusCode::CREATED);
    }
    upload().await.is_problem(429, "rate-limited");
    assert_eq!(limited.client.get("/v1/usage").await.status, StatusCode::OK);
}

#[tokio::test]
async fn bytes_that_are_sent_and_received_are_limited() {
    let limited = Limited::new(&[("max_upload_bytes", "6000"), ("rate_limit_bytes", "6000")]);
    let file = testing::png_of_size(2000);
    let created = limited.client.upload(&file).await;
    let content = created.json()["links"]["content"].clone();
    let content = content.as_str().expect("a link");
    // What was sent, and the response.
    let used = 2000 + created.body.len();
    let whole = limited.client.get(content).await;
    assert_eq!(whole.body.len(), 2000);
    let left = 6000 - used;
    let policy = "\"bytes\";q=6000;qu=\"content-bytes\";w=60";
    assert_eq!(whole.header("ratelimit-policy"), policy);
    let expected = format!("\"bytes\";r={left};t={}", used.div_ceil(100));
    assert_eq!(whole.header("ratelimit"), expected);
    // HEAD and 304 have no bytes. What is left admits one more answer, whatever its size.
    let head = request(Method::HEAD, content, Body::empty());
    let head = limited.client.send(head).await;
    let etag = [("if-none-match", head.header("etag"))];
    let known = with_headers(request(Method::GET, content, Body::empty()), &etag);
    let known = limited.client.send(known).await;
    assert_eq!(known.status, StatusCode::NOT_MODIFIED);
    for _ in 0..2 {
        if limited.client.get(content).await.status != StatusCode::OK {
            break;
        }
    }
    let refused = limited.client.get(content).await;
    refused.is_problem(429, "rate-limited");
    let wait: i64 = refused.header("retry-after").parse().expect("seconds");
    limited.wait(wait - 1);
    limited
        .client
        .get(content)
        .await
        .is_problem(429, "rate-limited");
    limited.wait(1);
    assert_eq!(limited.client.get(content).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_pieces_of_a_resumable_upload_count_once() {
    let limited = Limited::new(&[("max_upload_bytes", "60000"), ("rate_limit_bytes", "60000")]);
    let file = testing::png_of_size(20_000);
    let tus = [("tus-resumable", "1.0.0"), ("upload-length", "20000")];
    let begin = request(Method::POST, "/v1/uploads", Body::empty());
    let begun = limited.client.send(with_headers(begin, &tus)).await;
    assert_eq!(begun.status, StatusCode::CREATED, "{:?}", begun.body);
    let url = begun.header("location").to_owned();
    for (offset, piece) in [("0", &file[..7000]), ("7000", &file[7000..])] {
        let piece = anonymous(Method::PATCH, &url, piece.to_vec());
        let headers = [
            ("tus-resumable", "1.0.0"),
            ("upload-offset", offset),
            ("content-type", "application/offset+octet-stream"),
        ];
        let added = limited.client.send(with_headers(piece, &headers)).await;
        assert_eq!(added.status, StatusCode::NO_CONTENT, "{:?}", added.body);
    }
    let answer = limited.client.get("/v1/usage").await;
    assert_eq!(answer.json()["images"], 1);
    assert_eq!(answer.header("ratelimit"), "\"bytes\";r=40000;t=20");
    // The same, begun by the request that brings a part of the file.
    let whole = request(
        Method::POST,
        "/v1/images",
        Body::from(file[..9000].to_vec()),
    );
    let draft = [
        ("upload-draft-interop-version", "6"),
        ("upload-complete", "?0"),
        ("content-type", "image/png"),
    ];
    let begun = limited.client.send(with_headers(whole, &draft)).await;
    assert!(begun.status.is_success(), "{:?}", begun.body);
    let used = begun.body.len() + answer.body.len();
    let answer = limited.client.get("/v1/usage").await;
    let left = format!("\"bytes\";r={}", 31_000 - used);
    let found = answer.header("ratelimit");
    assert!(found.starts_with(&left), "{found} {left}");
}
