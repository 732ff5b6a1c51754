//! Requests for links and tickets: invalid bodies, and missing scopes.

use reqwest::Method;
use serde_json::json;

use crate::support::{ALL_SCOPES, Darkroom, created, fixture, path, problem, send, unique};

/// Bodies that are not valid requests for a link.
const NO_LINKS: [&str; 25] = [
    "",
    "{}",
    "null",
    "[]",
    "[60]",
    "60",
    "\"60\"",
    "{\"expires_in\":60",
    "{\"expires_in\":60}x",
    r#"{"expires_in":0}"#,
    r#"{"expires_in":-1}"#,
    r#"{"expires_in":1.5}"#,
    r#"{"expires_in":"60"}"#,
    r#"{"expires_in":null}"#,
    r#"{"expires_in":3601}"#,
    r#"{"expires_in":18446744073709551615}"#,
    r#"{"expires_in":18446744073709551616}"#,
    r#"{"expires_in":60,"expires_in":61}"#,
    r#"{"expires_in":60,"method":"POST"}"#,
    r#"{"expires_in":60,"method":"get"}"#,
    r#"{"expires_in":60,"method":1}"#,
    r#"{"expires_in":60,"download":"yes"}"#,
    r#"{"expires_in":60,"transform":{"width":100}}"#,
    r#"{"expires_in":60,"expires":1}"#,
    r#"{"expires_in":60,"epoch":1}"#,
];

#[tokio::test]
async fn an_invalid_request_for_a_link_is_refused() {
    let darkroom = Darkroom::with().variable("max_link_seconds", 3600).start();
    let alice = darkroom.client("alice");
    let image = alice.upload(fixture("alpha.png").bytes).await;
    let links = format!("{}/links", path(&image));
    let post = |content_type: &str, body: &str| {
        let request = alice.request(Method::POST, &links);
        send(
            request
                .header("content-type", content_type)
                .body(body.to_owned()),
        )
    };
    for body in NO_LINKS {
        let response = post("application/json", body).await;
        assert_eq!(
            response.status(),
            400,
            "{body}: {:?}",
            response.text().await
        );
    }
    for content_type in [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/jsonx",
        "application/merge-patch+json",
    ] {
        problem(
            post(content_type, r#"{"expires_in":60}"#).await,
            415,
            "unsupported-type",
        )
        .await;
    }
    let untyped = alice
        .request(Method::POST, &links)
        .body(r#"{"expires_in":60}"#);
    problem(send(untyped).await, 415, "unsupported-type").await;
    for content_type in [
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON",
    ] {
        assert_eq!(
            post(content_type, r#"{"expires_in":3600}"#).await.status(),
            201
        );
    }
    let details = problem(
        post("application/json", r#"{"expires_in":3601}"#).await,
        400,
        "bad-request",
    )
    .await;
    assert_eq!(details["limit"], 3600);
    let long = format!("{{\"expires_in\":60{}}}", " ".repeat(200_000));
    assert!([400, 413].contains(&post("application/json", &long).await.status().as_u16()));
}

#[tokio::test]
async fn a_link_needs_its_scopes_and_an_image() {
    let darkroom = Darkroom::shared();
    let owner = unique("alice");
    let alice = darkroom.client(&owner);
    let image = alice.upload(fixture("alpha.png").bytes).await;
    let request = json!({"expires_in": 60});
    let links = format!("{}/links", path(&image));
    let writer = darkroom.scoped(&owner, "images:write images:delete");
    let reader = darkroom.scoped(&owner, "images:read images:delete");
    problem(
        writer.json(Method::POST, &links, &request).await,
        403,
        "insufficient-scope",
    )
    .await;
    problem(reader.revoke(&image).await, 403, "insufficient-scope").await;
    let anonymous = darkroom.anonymous();
    problem(
        anonymous.json(Method::POST, &links, &request).await,
        401,
        "unauthorized",
    )
    .await;
    problem(anonymous.revoke(&image).await, 401, "unauthorized").await;
    let url = reader.url(&image).await;
    assert_eq!(writer.revoke(&image).await.status(), 204);
    problem(anonymous.get(&url).await, 410, "link-revoked").await;
    let url = reader.url(&image).await;
    assert_eq!(alice.delete(path(&image)).await.status(), 204);
    problem(anonymous.get(&url).await, 404, "not-found").await;
    problem(
        alice.json(Method::POST, &links, &request).await,
        404,
        "not-found",
    )
    .await;
    problem(alice.revoke(&image).await, 404, "not-found").await;
}

#[tokio::test]
async fn an_invalid_request_for_a_ticket_is_refused() {
    let alice = Darkroom::shared().client(&unique("alice"));
    let post = |body: String, content_type: &str| {
        let request = alice.request(Method::POST, "/v1/upload-tickets");
        send(request.header("content-type", content_type).body(body))
    };
    let long: Vec<_> = (0..33).map(|number| number.to_string()).collect();
    for body in [
        json!({}),
        json!(null),
        json!([]),
        json!([60]),
        json!("60"),
        json!({"expires_in": 0}),
        json!({"expires_in": 2_592_001}),
        json!({"expires_in": 60, "max_uploads": 0}),
        json!({"expires_in": 60, "max_uploads": 1001}),
        json!({"expires_in": 60, "max_uploads": "2"}),
        json!({"expires_in": 60, "name": 1}),
        json!({"expires_in": -1}),
        json!({"expires_in": "60"}),
        json!({"expires_in": 60, "max_bytes": 0}),
        json!({"expires_in": 60, "max_bytes": -1}),
        json!({"expires_in": 60, "max_bytes": "1"}),
        json!({"expires_in": 60, "content_types": "image/png"}),
        json!({"expires_in": 60, "content_types": ["text/html"]}),
        json!({"expires_in": 60, "content_types": ["image/svg+xml"]}),
        json!({"expires_in": 60, "content_types": [1]}),
        json!({"expires_in": 60, "tags": "a"}),
        json!({"expires_in": 60, "tags": [""]}),
        json!({"expires_in": 60, "tags": ["a,b"]}),
        json!({"expires_in": 60, "tags": ["\u{7}"]}),
        json!({"expires_in": 60, "tags": ["t".repeat(65)]}),
        json!({"expires_in": 60, "tags": long}),
        json!({"expires_in": 60, "visibility": "secret"}),
        json!({"expires_in": 60, "visibility": 1}),
        json!({"expires_in": 60, "owner": "bob"}),
        json!({"expires_in": 60, "sub": "bob"}),
        json!({"expires_in": 60, "meta": {}}),
        json!({"expires_in": 60, "metadata": {"a": 1}}),
        json!({"expires_in": 60, "filename": ""}),
    ] {
        let response = post(body.to_string(), "application/json").await;
        assert_eq!(
            response.status(),
            400,
            "{body}: {:?}",
            response.text().await
        );
    }
    for content_type in ["text/plain", "multipart/form-data; boundary=b", "image/png"] {
        let response = post(json!({"expires_in": 60}).to_string(), content_type).await;
        problem(response, 415, "unsupported-type").await;
    }
    for expires_in in [1, 2_592_000] {
        alice.ticket(&json!({"expires_in": expires_in})).await;
    }
}

#[tokio::test]
async fn only_clients_that_may_upload_get_tickets() {
    let darkroom = Darkroom::shared();
    let owner = unique("alice");
    let request = json!({"expires_in": 60});
    let reader = darkroom.scoped(&owner, "images:read images:delete");
    let refused = reader
        .json(Method::POST, "/v1/upload-tickets", &request)
        .await;
    problem(refused, 403, "insufficient-scope").await;
    let refused = darkroom
        .anonymous()
        .json(Method::POST, "/v1/upload-tickets", &request)
        .await;
    problem(refused, 401, "unauthorized").await;
    let writer = darkroom.scoped(&owner, ALL_SCOPES);
    let response = send(writer.request(Method::PUT, "/v1/upload-tickets")).await;
    problem(response, 405, "method-not-allowed").await;
    let root = unique("root");
    let url = darkroom.scoped(&root, "admin").ticket(&request).await;
    let image = created(
        darkroom
            .anonymous()
            .send_to(&url, fixture("still.gif").bytes)
            .await,
    )
    .await;
    assert_eq!(image["owner"], root);
}
