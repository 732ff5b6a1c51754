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
        serde_json::json!({"min_seconds": 1, "max_seconds": 60, "max_named": 100,
            "max_name_characters": 100})
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

#[tokio::test]
async fn a_guest_is_told_what_a_ticket_allows_and_what_is_left_of_it() {
    let client = Client::new();
    let terms = serde_json::json!({
        "expires_in": 60, "max_uploads": 2, "name": "Wedding", "max_bytes": 500,
        "content_types": ["image/png"], "filename": "guest.png",
    });
    let url = client.ticket(&terms).await;
    let query = url.split_once('?').expect("a query").1;
    let limits = format!("/v1/limits?{query}");
    for left in [2, 1, 0] {
        let answer = client.send(anonymous(Method::GET, &limits, "")).await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        assert_eq!(answer.header("cache-control"), "no-store");
        let told = answer.json();
        let expected = serde_json::json!({
            "name": "Wedding", "filename": "guest.png", "max_uploads": 2,
            "remaining_uploads": left, "expires_at": "2027-01-15T08:01:00.000Z",
        });
        assert_eq!(told["ticket"], expected);
        let upload = &told["upload"];
        assert_eq!(upload["content_types"], terms["content_types"]);
        assert_eq!(
            (&upload["max_bytes"], &upload["max_files"]),
            (&500.into(), &1.into())
        );
        let file = testing::png_of_size(100 + left);
        client.send(anonymous(Method::POST, &url, file)).await;
    }
    let nothing = client.send(anonymous(Method::GET, "/v1/limits", "")).await;
    assert_eq!(nothing.json().get("ticket"), None);
    for (query, status, slug) in [
        ("?ticket=x", 403, "ticket-invalid"),
        ("?ticket=x&ticket=y", 400, "bad-request"),
        ("?tickets=x", 400, "bad-request"),
    ] {
        let path = format!("/v1/limits{query}");
        client.get(&path).await.is_problem(status, slug);
    }
}
