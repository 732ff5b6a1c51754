//! `Idempotency-Key`: repeated requests and their responses.

use super::*;

fn with_key(mut request: Request<Body>, key: &str) -> Request<Body> {
    let key = key.parse().expect("a header");
    request.headers_mut().insert("idempotency-key", key);
    request
}

fn upload(path: &str, key: &str, content_type: &str, body: Vec<u8>) -> Request<Body> {
    let mut request = with_key(request(Method::POST, path, Body::from(body)), key);
    let content_type = content_type.parse().expect("a header");
    request
        .headers_mut()
        .insert(header::CONTENT_TYPE, content_type);
    request
}

fn images(client: &Client) -> usize {
    client.values.keys().len()
}

fn same(first: &Answer, again: &Answer) {
    assert_eq!(first.status, StatusCode::CREATED, "{:?}", first.body);
    assert_eq!((first.status, &first.body), (again.status, &again.body));
    for name in ["location", "etag", "content-type", "cache-control"] {
        assert_eq!(first.header(name), again.header(name), "{name}");
    }
}

#[tokio::test]
async fn a_repeated_request_has_the_first_response_even_if_the_image_has_changed() {
    let client = Client::new();
    let file = testing::png(1, 1);
    let send = || client.send(upload("/v1/images", "\"k 1\"", "image/png", file.clone()));
    let first = send().await;
    same(&first, &send().await);
    let path = first.header("location").to_owned();
    let patch = serde_json::json!({"filename": "b.png"});
    let edited = client
        .send(json_request(Method::PATCH, &path, &patch))
        .await;
    assert_eq!(edited.status, StatusCode::OK);
    same(&first, &send().await);
    client
        .send(request(Method::DELETE, &path, Body::empty()))
        .await;
    same(&first, &send().await);
    client.get(&path).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn forms_that_differ_only_in_their_boundary_are_the_same_request() {
    let client = Client::new();
    let (a, b) = (testing::png(1, 1), testing::gif(2, 2, 1));
    let body = form(&[
        ("name=\"file\"; filename=\"a.png\"", &a),
        ("name=\"file\"; filename=\"b.gif\"", &b),
        ("name=\"tags\"", b"cat"),
        ("name=\"metadata\"", b"{\"k\": \"bird\"}"),
    ]);
    let replaced = |from: &[u8], to: &[u8]| {
        let mut out = Vec::new();
        let mut rest = &body[..];
        while let Some(at) = rest.windows(from.len()).position(|window| window == from) {
            out.extend_from_slice(&rest[..at]);
            out.extend_from_slice(to);
            rest = &rest[at + from.len()..];
        }
        out.extend_from_slice(rest);
        out
    };
    let first = upload(
        "/v1/images",
        "k",
        "multipart/form-data; boundary=x",
        body.clone(),
    );
    let first = client.send(first).await;
    let again = upload(
        "/v1/images",
        "k",
        "multipart/form-data; boundary=yy",
        replaced(b"--x", b"--yy"),
    );
    same(&first, &client.send(again).await);
    assert_eq!(first.json()["items"].as_array().map(Vec::len), Some(2));
    for (from, to) in [
        (&b"cat"[..], &b"dog"[..]),
        (b"bird", b"fish"),
        (b"a.png", b"c.png"),
    ] {
        let other = upload(
            "/v1/images",
            "k",
            "multipart/form-data; boundary=x",
            replaced(from, to),
        );
        client
            .send(other)
            .await
            .is_problem(422, "idempotency-key-reused");
    }
    assert_eq!(images(&client), 2);
}

#[tokio::test]
async fn a_repeated_form_has_the_first_response_after_deletions_and_changes_of_settings() {
    let first = Client::new();
    // With these settings, the second file would be stored differently.
    let second = first.beside(&[("strip_metadata", "none")]);
    let file = testing::png(1, 1);
    let located = include_bytes!("../../../tests/fixtures/private.jpg");
    let body = form(&[
        ("name=\"file\"; filename=\"a.png\"", &file),
        ("name=\"tags\"", "ü, \"".as_bytes()),
        ("name=\"file\"; filename=\"\\\"b.png\"", located),
        ("name=\"visibility\"", b"public"),
    ]);
    let send = || {
        let content_type = "multipart/form-data; boundary=x";
        upload("/v1/images", "k", content_type, body.clone())
    };
    let created = first.send(send()).await;
    same(&created, &first.send(send()).await);
    let items = created.json()["items"].clone();
    for item in items.as_array().expect("items") {
        let path = item["links"]["self"].as_str().expect("a path");
        let deleted = first
            .send(request(Method::DELETE, path, Body::empty()))
            .await;
        assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    }
    same(&created, &second.send(send()).await);
    let usage = second.get("/v1/usage").await.json();
    let bytes = usage["bytes"].as_u64().expect("a number");
    assert!(usage["images"] == 0 && (1..400).contains(&bytes), "{usage}");
}

#[tokio::test]
async fn a_different_request_with_the_same_key_is_refused_and_stores_nothing() {
    let client = Client::new();
    let file = testing::png(1, 1);
    let first = upload("/v1/images?filename=a.png", "k", "image/png", file.clone());
    assert_eq!(client.send(first).await.status, StatusCode::CREATED);
    for (path, content_type, body) in [
        ("/v1/images?filename=b.png", "image/png", file.clone()),
        ("/v1/images", "image/png", file.clone()),
        ("/v1/images?filename=a.png", "image/*", file.clone()),
        ("/v1/images?filename=a.png", "image/png", testing::png(2, 1)),
    ] {
        let other = client.send(upload(path, "k", content_type, body)).await;
        other.is_problem(422, "idempotency-key-reused");
    }
    assert_eq!(images(&client), 1);
    let mut bobs = upload("/v1/images", "k", "image/png", testing::png(2, 1));
    let token = bearer("bob", "images:write").parse().expect("a header");
    bobs.headers_mut().insert(header::AUTHORIZATION, token);
    assert_eq!(client.send(bobs).await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn a_failed_request_does_not_use_up_its_key() {
    let client = Client::new();
    let file = testing::png(1, 1);
    for (body, status, slug) in [
        (b"not an image".to_vec(), 415, "unsupported-type"),
        (file[..file.len() - 1].to_vec(), 422, "undecodable-image"),
    ] {
        let refused = client.send(upload("/v1/images", "k", "*/*", body)).await;
        refused.is_problem(status, slug);
    }
    let broken = form(&[
        ("name=\"file\"", &file),
        ("name=\"flie\"; filename=a", &file),
    ]);
    let broken = upload("/v1/images", "k", "multipart/form-data; boundary=x", broken);
    client.send(broken).await.is_problem(400, "bad-request");
    let valid = client.send(upload("/v1/images", "k", "*/*", file)).await;
    assert_eq!(valid.status, StatusCode::CREATED);
}

#[tokio::test]
async fn an_invalid_key_is_refused_before_the_upload() {
    let client = Client::new();
    for key in ["", "\"\"", "\"a", "a b", "a;b"] {
        let refused = client
            .send(upload("/v1/images", key, "image/png", testing::png(1, 1)))
            .await;
        refused.is_problem(400, "bad-request");
        assert_eq!(refused.json()["header"], "Idempotency-Key");
    }
    assert_eq!(images(&client), 0);
}

#[tokio::test]
async fn an_upload_with_a_ticket_and_a_key_can_be_repeated() {
    let client = Client::new();
    let terms = serde_json::json!({"expires_in": 60});
    let url = client.ticket(&terms).await;
    let file = testing::png(1, 1);
    let send = |key: &str, file: &[u8]| {
        client.send(with_key(anonymous(Method::POST, &url, file.to_vec()), key))
    };
    let first = send("k", &file).await;
    same(&first, &send("k", &file).await);
    send("other", &file).await.is_problem(409, "ticket-spent");
    let changed = send("k", &testing::png(2, 2)).await;
    changed.is_problem(422, "idempotency-key-reused");
    let owners = upload("/v1/images", "k", "image/png", testing::png(3, 3));
    assert_eq!(client.send(owners).await.status, StatusCode::CREATED);
}
