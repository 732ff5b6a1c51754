//! An image from its upload to its deletion.

use super::*;
use crate::http::headers::digest;
use crate::model::Sha256;

#[tokio::test]
async fn an_upload_is_shown_listed_served_and_deleted() {
    let client = Client::new();
    let file = testing::png(7, 5);
    let created = client.upload(&file).await;
    assert_eq!(created.status, StatusCode::CREATED, "{:?}", created.body);
    let path = created.header("location").to_owned();
    let image = created.json();
    assert_eq!((&image["width"], &image["height"]), (&7.into(), &5.into()));
    assert_eq!(image["links"]["self"], path);
    assert_eq!(client.get(&path).await.json(), image);
    assert_eq!(client.get("/v1/images").await.json()["items"][0], image);

    let content = client.get(&format!("{path}/content")).await;
    assert_eq!(
        (content.status, &content.body[..]),
        (StatusCode::OK, &file[..])
    );
    assert_eq!(content.header("content-type"), "image/png");
    assert_eq!(content.header("content-length"), file.len().to_string());
    assert_eq!(
        content.header("etag"),
        format!("\"{}\"", image["sha256"].as_str().expect("hex"))
    );
    let head = client
        .send(request(
            Method::HEAD,
            &format!("{path}/content"),
            Body::empty(),
        ))
        .await;
    let stable = |answer: &Answer| {
        let mut headers = answer.headers.clone();
        headers.remove("x-request-id");
        headers
    };
    assert_eq!((stable(&head), head.body.len()), (stable(&content), 0));

    for status in [204, 404] {
        let deleted = client
            .send(request(Method::DELETE, &path, Body::empty()))
            .await;
        assert_eq!(deleted.status.as_u16(), status);
    }
    client.get(&path).await.is_problem(404, "not-found");
}

#[tokio::test]
async fn declared_digests_are_verified() {
    let client = Client::new();
    let png = testing::png(1, 1);
    let image = client.upload(&png).await.json();
    let stored = Sha256::parse(image["sha256"].as_str().expect("hex"));
    let right = digest::print(&stored.expect("a digest"));
    let wrong = format!("sha-256=:{}=:", "A".repeat(43));
    for (digest, status) in [(right, 201), (wrong, 400), ("sha-256=x".to_owned(), 400)] {
        let mut request = request(Method::POST, "/v1/images", Body::from(png.clone()));
        request
            .headers_mut()
            .insert("repr-digest", digest.parse().expect("a header"));
        assert_eq!(
            client.send(request).await.status.as_u16(),
            status,
            "{digest}"
        );
    }
}
