//! Edits of images.

use super::*;

#[tokio::test]
async fn changes_of_visibility_take_effect_immediately() {
    let client = Client::new();
    let path = client.image().await;
    let content = format!("{path}/content");
    for (visibility, status, cache) in [
        ("public", 200, "public, max-age=0, must-revalidate"),
        ("private", 401, "no-store"),
    ] {
        let patch = serde_json::json!({"visibility": visibility});
        let edited = client
            .send(json_request(Method::PATCH, &path, &patch))
            .await;
        assert_eq!(edited.json()["visibility"], visibility);
        let read = client.send(anonymous(Method::GET, &content, "")).await;
        assert_eq!(
            (read.status.as_u16(), read.header("cache-control")),
            (status, cache)
        );
    }
    for wrong in [
        "{\"owner\": \"bob\"}",
        "{\"visibility\": 1}",
        "{\"tags\": [\"a,b\"]}",
        "[]",
        "{",
    ] {
        let mut patch = request(Method::PATCH, &path, Body::from(wrong));
        let merge = "application/merge-patch+json".parse().expect("a header");
        patch.headers_mut().insert(header::CONTENT_TYPE, merge);
        client.send(patch).await.is_problem(400, "bad-request");
    }
    let text = client
        .send(request(Method::PATCH, &path, Body::from("{}")))
        .await;
    text.is_problem(415, "unsupported-type");
}
