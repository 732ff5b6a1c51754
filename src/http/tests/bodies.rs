//! Unknown members of JSON bodies.

use serde_json::json;

use super::*;

/// A request with a JSON body.
fn with_json(method: Method, path: &str, body: &Value) -> Request<Body> {
    let scopes = "images:read images:write images:delete admin";
    Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, bearer("alice", scopes))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Body::from(body.to_string()))
        .expect("a request")
}

#[tokio::test]
async fn every_object_refuses_unknown_members_and_names_them() {
    let client = Client::new();
    let image = client.upload(&testing::png(1, 1)).await.json();
    let this = image["links"]["self"].as_str().expect("a path").to_owned();
    for (method, path, body) in [
        (Method::PATCH, this.clone(), json!({"tags": ["a"]})),
        (
            Method::POST,
            format!("{this}/links"),
            json!({"expires_in": 60}),
        ),
        (
            Method::POST,
            "/v1/upload-tickets".to_owned(),
            json!({"expires_in": 60}),
        ),
        (Method::POST, "/v1/admin/sweep".to_owned(), json!({})),
        (Method::POST, "/v1/admin/audit".to_owned(), json!({})),
    ] {
        let known = client.send(with_json(method.clone(), &path, &body)).await;
        assert!(known.status.is_success(), "{path}: {:?}", known.body);
        let mut body = body;
        body["expiresIn"] = json!(60);
        let refused = client.send(with_json(method, &path, &body)).await;
        refused.is_problem(400, "bad-request");
        let detail = refused.json()["detail"].to_string();
        assert!(detail.contains("expiresIn"), "{path}: {detail}");
    }
}
