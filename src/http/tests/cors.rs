//! Calls from web pages (CORS).

use super::*;

#[tokio::test]
async fn only_configured_origins_may_call_from_a_browser() {
    let client = Client::with(&[("cors_origins", "https://a.example, https://b.example")]);
    let send = async |method: Method, origin: &'static str| {
        let mut request = anonymous(method, "/v1/images", Body::empty());
        let headers = request.headers_mut();
        headers.insert(header::ORIGIN, axum::http::HeaderValue::from_static(origin));
        let post = axum::http::HeaderValue::from_static("POST");
        headers.insert(header::ACCESS_CONTROL_REQUEST_METHOD, post);
        client.send(request).await
    };
    let allowed = send(Method::OPTIONS, "https://b.example").await;
    assert_eq!(allowed.status, StatusCode::NO_CONTENT);
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        "https://b.example"
    );
    assert!(
        allowed
            .header("access-control-allow-methods")
            .contains("POST")
    );
    assert!(allowed.header("vary").contains("Origin"));
    let actual = send(Method::GET, "https://a.example").await;
    assert_eq!(
        actual.header("access-control-allow-origin"),
        "https://a.example"
    );
    for origin in ["https://c.example", "https://a.example.evil", "null"] {
        let refused = send(Method::OPTIONS, origin).await;
        refused.is_problem(403, "origin-not-allowed");
        assert_eq!(refused.header("access-control-allow-origin"), "");
        assert_eq!(
            send(Method::GET, origin)
                .await
                .header("access-control-allow-origin"),
            ""
        );
    }
}
