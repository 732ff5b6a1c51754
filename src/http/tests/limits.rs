//! `GET /v1/limits`.

use super::*;

#[tokio::test]
async fn reported_limits_apply_to_uploads() {
    let client = Client::with(&[
        ("max_upload_bytes", "1000"),
        ("max_pixels", "99"),
        ("accepted_types", "png"),
        ("max_link_seconds", "60"),
    ]);
    let reported = client.send(anonymous(Method::GET, "/v1/limits", "")).await;
    let limits = reported.json();
    let upload = &limits["upload"];
    assert_eq!(upload["content_types"], serde_json::json!(["image/png"]));
    assert_eq!(
        (&upload["max_bytes"], &upload["max_pixels"]),
        (&1000.into(), &99.into())
    );
    assert_eq!(
        limits["links"],
        serde_json::json!({"min_seconds": 1, "max_seconds": 60})
    );
    // Uploads are checked against the reported limits.
    let largest = client.upload(&testing::png_of_size(1000)).await;
    assert_eq!(largest.status, StatusCode::CREATED);
    client
        .upload(&testing::png(10, 10))
        .await
        .is_problem(422, "too-many-pixels");
    client
        .upload(&testing::png_of_size(1001))
        .await
        .is_problem(413, "too-large");
    client
        .upload(&testing::gif(1, 1, 1))
        .await
        .is_problem(415, "unsupported-type");
    client
        .get("/v1/limits?x=1")
        .await
        .is_problem(400, "bad-request");
}

#[tokio::test]
async fn unchanged_responses_are_not_sent_again() {
    let client = Client::new();
    for path in [
        "/v1/limits",
        "/problems",
        "/problems/not-found",
        "/openapi.json",
        "/docs",
    ] {
        let first = client.send(anonymous(Method::GET, path, "")).await;
        assert_eq!(
            first.header("cache-control"),
            "public, max-age=300",
            "{path}"
        );
        let etag = first.header("etag").to_owned();
        for (known, status) in [
            (etag.clone(), 304),
            (format!("W/{etag}"), 304),
            (format!("\"x\", {etag}"), 304),
            ("*".to_owned(), 304),
            ("\"x\"".to_owned(), 200),
        ] {
            let mut request = anonymous(Method::GET, path, "");
            let known = known.parse().expect("a value");
            request.headers_mut().insert(header::IF_NONE_MATCH, known);
            let next = client.send(request).await;
            assert_eq!(next.status.as_u16(), status, "{path}");
            assert_eq!(next.body.is_empty(), status == 304, "{path}");
            assert_eq!(next.header("etag"), etag, "{path}");
        }
    }
}
