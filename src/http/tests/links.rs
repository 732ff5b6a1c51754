//! Signed URLs.

use super::*;
use crate::auth::link;

#[tokio::test]
async fn a_link_works_until_it_is_revoked() {
    let client = Client::new();
    let path = client.image().await;
    let links = format!("{path}/links");
    let create = async |body: Value| client.send(json_request(Method::POST, &links, &body)).await;
    let created = create(serde_json::json!({"expires_in": 100, "download": true})).await;
    assert_eq!(created.status, StatusCode::CREATED, "{:?}", created.body);
    // Rounded up to a whole minute.
    assert_eq!(created.json()["expires_at"], "2027-01-15T08:02:00.000Z");
    let url = created.json()["url"].as_str().expect("a URL").to_owned();
    for method in [Method::GET, Method::HEAD] {
        let served = client.send(anonymous(method, &url, Body::empty())).await;
        assert_eq!(served.status, StatusCode::OK);
        assert_eq!(served.header("cache-control"), "public, max-age=120");
        assert!(
            served
                .header("content-disposition")
                .starts_with("attachment")
        );
    }
    let (path, _) = url.split_once('?').expect("a query");
    let signed = link::Link {
        method: link::LinkMethod::Get,
        path,
        parameters: &[("download", "1"), ("width", "200")],
        epoch: 0,
        expires: 1_800_000_060,
        id: None,
    };
    let signed = signed
        .sign(&KeyRing::parse(KEYS).expect("a ring"), None)
        .expect("signs");
    let refused = client.send(anonymous(Method::GET, &signed, "")).await;
    refused.is_problem(403, "link-invalid");
    let changed = url.replace("download=1", "download=0");
    client
        .send(anonymous(Method::GET, &changed, ""))
        .await
        .is_problem(403, "link-invalid");
    let revoked = client
        .send(request(Method::DELETE, &links, Body::empty()))
        .await;
    assert_eq!(revoked.status, StatusCode::NO_CONTENT);
    client
        .send(anonymous(Method::GET, &url, ""))
        .await
        .is_problem(410, "link-revoked");
    let next = create(serde_json::json!({"expires_in": 100})).await.json();
    let next = anonymous(Method::GET, next["url"].as_str().expect("a URL"), "");
    assert_eq!(client.send(next).await.status, StatusCode::OK);
    for wrong in [
        serde_json::json!({}),
        serde_json::json!({"expires_in": 0}),
        serde_json::json!({"expires_in": 604_801}),
        serde_json::json!({"expires_in": 9, "method": "POST"}),
        serde_json::json!({"expires_in": 9, "size": 9}),
        serde_json::json!([9]),
    ] {
        create(wrong).await.is_problem(400, "bad-request");
    }
}
