//! Properties of all requests and responses.

use axum::http::HeaderValue;

use super::*;

fn with_header(method: Method, path: &str, name: &str, value: &str) -> Request<Body> {
    with_headers(request(method, path, Body::empty()), &[(name, value)])
}

#[tokio::test]
async fn responses_to_other_methods_list_the_allowed_methods() {
    let client = Client::new();
    for (path, methods) in routes::all() {
        drop(methods);
        let path = path.replace("{id}", "01a20bb0-2844-74b5-8560-f8154794d311");
        let path = path.replace("{slug}", "not-found");
        let path = path.replace("{upload}", "0f3a5c6d7e8f90123456789abcdef012");
        let options = client.send(anonymous(Method::OPTIONS, &path, "")).await;
        assert_eq!(
            (options.status.as_u16(), options.body.len()),
            (204, 0),
            "{path}"
        );
        let allow = options.header("allow").to_owned();
        assert!(allow.ends_with(", OPTIONS"), "{path}: {allow}");
        for method in ["PUT", "TRACE", "CONNECT", "PURGE"] {
            let method = method.parse().expect("a method");
            let refused = client.send(anonymous(method, &path, "")).await;
            refused.is_problem(405, "method-not-allowed");
            assert_eq!(refused.header("allow"), allow, "{path}");
        }
    }
    let nothing = client
        .send(anonymous(Method::OPTIONS, "/nothing", ""))
        .await;
    nothing.is_problem(404, "not-found");
}

#[tokio::test]
async fn responses_have_a_type_that_the_client_accepts() {
    let client = Client::new();
    let created = client.upload(&testing::png(1, 1)).await;
    let path = created.header("location").to_owned();
    let content = format!("{path}/content");
    for (path, accept, status) in [
        (path.as_str(), "application/json", 200),
        (&path, "text/html, application/*;q=0.1", 200),
        (&path, "text/html", 406),
        (&path, "*/*, application/json;q=0", 406),
        ("/v1/images", "image/png", 406),
        ("/v1/limits", "text/plain", 406),
        ("/problems", "text/plain", 406),
        ("/docs", "application/json", 406),
        ("/v1/nothing", "text/html", 404),
        (&content, "image/png", 200),
        (&content, "image/avif,image/webp,image/*,*/*;q=0.8", 200),
        (&content, "image/webp, image/avif", 406),
        (&content, "image/*;q=0, */*", 406),
    ] {
        for method in [Method::GET, Method::HEAD] {
            let answer = client
                .send(with_header(method, path, "accept", accept))
                .await;
            assert_eq!(answer.status.as_u16(), status, "{path}: {accept}");
            if status == 406 {
                assert_eq!(answer.header("content-type"), "application/problem+json");
                assert_eq!(answer.header("cache-control"), "no-store");
            }
        }
    }
    let refused = client
        .send(with_header(Method::GET, &content, "accept", "text/html"))
        .await;
    refused.is_problem(406, "not-acceptable");
    assert_eq!(refused.json()["allowed"], serde_json::json!(["image/png"]));
    let upload = with_header(Method::POST, "/v1/images", "accept", "image/png");
    client.send(upload).await.is_problem(406, "not-acceptable");
    assert_eq!(client.values.keys().len(), 1);
    let delete = with_header(Method::DELETE, &path, "accept", "text/html");
    assert_eq!(client.send(delete).await.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn long_uris_and_headers_are_refused() {
    let client = Client::new();
    let path = |length: usize| format!("/v1/limits?{}", "a".repeat(length - 11));
    let longest = client.get(&path(validate::MAX_TARGET_BYTES)).await;
    longest.is_problem(400, "bad-request");
    let longer = client.get(&path(validate::MAX_TARGET_BYTES + 1)).await;
    longer.is_problem(414, "uri-too-long");
    assert_eq!(longer.json()["limit"], validate::MAX_TARGET_BYTES);
    let wide = "a".repeat(validate::MAX_HEADER_BYTES);
    let wide = client
        .send(with_header(Method::GET, "/v1/limits", "cookie", &wide))
        .await;
    wide.is_problem(431, "headers-too-large");
    let fine = "a".repeat(validate::MAX_HEADER_BYTES - 1000);
    let fine = client
        .send(with_header(Method::GET, "/v1/limits", "cookie", &fine))
        .await;
    assert_eq!(fine.status, StatusCode::OK);
}

#[tokio::test]
async fn a_body_with_a_content_coding_is_refused() {
    let client = Client::new();
    for (coding, status) in [("gzip", 415), ("identity", 415), ("", 415), ("br", 415)] {
        let mut upload = with_header(Method::POST, "/v1/images", "content-encoding", coding);
        *upload.body_mut() = Body::from("not an image");
        let answer = client.send(upload).await;
        let coded = !["", "identity"].contains(&coding);
        let slug = if coded {
            "unsupported-coding"
        } else {
            "unsupported-type"
        };
        answer.is_problem(status, slug);
        assert_eq!(
            answer.header("accept-encoding"),
            if coded { "identity" } else { "" }
        );
    }
}

#[tokio::test]
async fn responses_have_headers_that_restrict_browsers() {
    let client = Client::new();
    let created = client.upload(&testing::png(1, 1)).await;
    let path = created.header("location").to_owned();
    let content = format!("{path}/content");
    for path in [
        path.as_str(),
        &content,
        "/v1/limits",
        "/nothing",
        "/docs",
        "/problems",
    ] {
        let answer = client.get(path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(
            answer.header("cross-origin-resource-policy"),
            "same-origin",
            "{path}"
        );
        let policy = answer.header("content-security-policy");
        assert!(policy.starts_with("default-src 'none'"), "{path}: {policy}");
        assert!(!policy.contains("unsafe"), "{path}: {policy}");
        assert_eq!(answer.header("strict-transport-security"), "", "{path}");
    }
    let link = serde_json::json!({"expires_in": 60});
    let links = format!("{path}/links");
    let link = client
        .send(json_request(Method::POST, &links, &link))
        .await
        .json();
    let link = client.get(link["url"].as_str().expect("a URL")).await;
    assert_eq!(link.header("cross-origin-resource-policy"), "cross-origin");
    let encrypted = Client::with(&[("public_base_url", "https://a.example")]);
    let answer = encrypted.get("/nothing").await;
    assert_eq!(
        answer.header("strict-transport-security"),
        "max-age=31536000"
    );
    let plain = Client::with(&[("public_base_url", "http://a.example")]);
    let answer = plain.get("/nothing").await;
    assert_eq!(answer.header("strict-transport-security"), "");
}

#[tokio::test]
async fn responses_are_the_same_for_all_origins_if_all_are_allowed() {
    let client = Client::with(&[("cors_origins", "*")]);
    for origin in [None, Some("https://a.example")] {
        let mut request = request(Method::GET, "/v1/images", Body::empty());
        if let Some(origin) = origin {
            let origin = HeaderValue::from_static(origin);
            request.headers_mut().insert(header::ORIGIN, origin);
        }
        let answer = client.send(request).await;
        assert_eq!(answer.header("access-control-allow-origin"), "*");
        assert_eq!(answer.header("access-control-allow-credentials"), "");
        assert_eq!(answer.header("vary"), "");
    }
    let closed = Client::new().get("/v1/images").await;
    assert_eq!(closed.header("access-control-allow-origin"), "");
    assert_eq!(closed.header("vary"), "");
}

#[tokio::test]
async fn invalid_queries_are_reported_only_to_callers_that_may_read_the_image() {
    let client = Client::new();
    let created = client.upload(&testing::png(1, 1)).await;
    let content = format!("{}/content", created.header("location"));
    for query in ["width=1", "download=yes", "download=%zz", "ticket=x"] {
        let path = format!("{content}?{query}");
        client.get(&path).await.is_problem(400, "bad-request");
        let refused = client.send(anonymous(Method::GET, &path, "")).await;
        refused.is_problem(401, "unauthorized");
    }
}

#[tokio::test]
async fn every_response_has_a_request_id() {
    let client = Client::new();
    let send = async |id: &'static str| {
        let request = Request::get("/nothing").header("x-request-id", id);
        let answer = client
            .send(request.body(Body::empty()).expect("a request"))
            .await;
        answer.header("x-request-id").to_owned()
    };
    assert_eq!(send("job-1.2:3").await, "job-1.2:3");
    for invalid in ["", "a b", "<script>"] {
        assert_eq!(send(invalid).await.len(), 32, "{invalid:?}");
    }
}
