//! The entity tag of an image object, and `If-Match`, which prevents lost updates.

use super::*;

async fn send(
    client: &Client,
    method: Method,
    path: &str,
    condition: (&'static str, &str),
    body: &'static str,
) -> Answer {
    let mut request = request(method, path, Body::from(body));
    let headers = request.headers_mut();
    let json = axum::http::HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    headers.append(condition.0, condition.1.parse().expect("a header"));
    client.send(request).await
}

#[tokio::test]
async fn the_tag_of_an_image_object_changes_with_its_state() {
    let client = Client::new();
    let created = client.upload(&testing::png(1, 1)).await;
    let path = created.header("location").to_owned();
    let shown = client.get(&path).await;
    let etag = shown.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.len() > 20, "{etag}");
    assert_eq!(created.header("etag"), etag);
    assert_eq!(created.body, shown.body);

    let again = send(&client, Method::GET, &path, ("if-none-match", &etag), "").await;
    assert_eq!(
        (again.status, again.body.len()),
        (StatusCode::NOT_MODIFIED, 0)
    );
    assert_eq!(again.header("etag"), etag);
    assert_eq!(again.header("cache-control"), "private, no-cache");
    assert_eq!(
        (again.header("content-type"), again.header("content-length")),
        ("", "")
    );

    let patch = r#"{"filename": "b.png"}"#;
    let edited = send(&client, Method::PATCH, &path, ("if-match", &etag), patch).await;
    assert_eq!(edited.status, StatusCode::OK);
    let next = edited.header("etag");
    assert_ne!(next, etag);
    let shown = send(&client, Method::GET, &path, ("if-none-match", &etag), "").await;
    assert_eq!((shown.status, shown.header("etag")), (StatusCode::OK, next));
    assert_eq!(shown.body, edited.body);
    // The content has not changed.
    let content = client.get(&format!("{path}/content")).await;
    let sha256 = &shown.json()["sha256"];
    assert_eq!(content.header("etag"), sha256.to_string());
}

#[tokio::test]
async fn changes_with_false_conditions_are_refused() {
    let client = Client::new();
    let created = client.upload(&testing::png(1, 1)).await;
    let path = created.header("location").to_owned();
    let etag = created.header("etag");
    let weak = format!("W/{etag}");
    let patch = r#"{"tags": ["x"]}"#;
    for condition in [
        ("if-match", "\"other\""),
        ("if-match", &weak),
        ("if-match", "?"),
        ("if-none-match", "*"),
        ("if-none-match", etag),
        ("if-unmodified-since", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ] {
        for (method, body) in [(Method::PATCH, patch), (Method::DELETE, "")] {
            let refused = send(&client, method, &path, condition, body).await;
            refused.is_problem(412, "precondition-failed");
        }
    }
    assert_eq!(client.get(&path).await.header("etag"), etag);
    let other = "/v1/images/01a20bb0-2844-74b5-8560-f8154794d311";
    for condition in ["*", "\"other\""] {
        let absent = send(&client, Method::DELETE, other, ("if-match", condition), "").await;
        absent.is_problem(404, "not-found");
    }

    let listed = format!("\"other\", {etag}");
    let edited = send(&client, Method::PATCH, &path, ("if-match", &listed), patch).await;
    assert_eq!(edited.status, StatusCode::OK);
    // The earlier tag is no longer current.
    let stale = send(&client, Method::DELETE, &path, ("if-match", etag), "").await;
    stale.is_problem(412, "precondition-failed");
    let etag = edited.header("etag");
    let deleted = send(&client, Method::DELETE, &path, ("if-match", etag), "").await;
    assert_eq!(deleted.status, StatusCode::NO_CONTENT);
    let again = send(&client, Method::DELETE, &path, ("if-match", "*"), "").await;
    again.is_problem(404, "not-found");
}
