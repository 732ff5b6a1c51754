//! Problems: their statuses, and their pages.

use super::*;
use crate::http::reply::markup;

#[tokio::test]
async fn every_problem_has_a_page_that_explains_it() {
    let client = Client::new();
    let list = client.send(anonymous(Method::GET, "/problems", "")).await;
    let list = String::from_utf8(list.body.to_vec()).expect("UTF-8");
    for kind in ProblemKind::ALL {
        let (uri, path) = (kind.uri(), kind.page());
        assert!(list.contains(&format!("href=\"{}\"", &path[1..])), "{uri}");
        let page = client.send(anonymous(Method::GET, &path, "")).await;
        assert_eq!(page.status, StatusCode::OK);
        assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
        assert!(page.header("vary").contains("Accept"));
        let text = String::from_utf8(page.body.to_vec()).expect("UTF-8");
        for word in [&markup::escape(kind.title()), "Causes", "How to fix it"] {
            assert!(text.contains(word), "{uri}: {word}");
        }
        let mut request = anonymous(Method::GET, &path, "");
        let json = "application/json".parse().expect("a value");
        request.headers_mut().insert(header::ACCEPT, json);
        let object = client.send(request).await.json();
        assert_eq!(
            (&object["type"], &object["title"]),
            (&uri.into(), &kind.title().into())
        );
        assert_eq!(object["status"], kind.status().as_u16());
    }
    for unknown in [
        "/problems/",
        "/problems/x",
        "/problems/%ff",
        "/problems/not-found/",
    ] {
        client.get(unknown).await.is_problem(404, "not-found");
    }
}

#[tokio::test]
async fn errors_are_problems_with_their_status() {
    let client = Client::with(&[("max_upload_bytes", "1000"), ("accepted_types", "png")]);
    let png = testing::png(1, 1);
    client.get("/nothing").await.is_problem(404, "not-found");
    client.get("/v1/images/").await.is_problem(404, "not-found");
    client
        .get("/v1/images/1")
        .await
        .is_problem(404, "not-found");
    let upper = "/v1/images/01A20BB0-2844-74B5-8560-F8154794D311";
    client.get(upper).await.is_problem(404, "not-found");
    client
        .get("/v1/images?limit=0")
        .await
        .is_problem(400, "bad-request");
    client
        .get("/v1/images?limit=201")
        .await
        .is_problem(400, "bad-request");
    client
        .get("/v1/images?limit=x")
        .await
        .is_problem(400, "bad-request");
    client
        .get("/v1/images?cursor=x")
        .await
        .is_problem(400, "bad-request");
    client
        .upload(&testing::png_of_size(1001))
        .await
        .is_problem(413, "too-large");
    client
        .upload(&testing::gif(1, 1, 1))
        .await
        .is_problem(415, "unsupported-type");
    client
        .upload(b"")
        .await
        .is_problem(422, "undecodable-image");
    client
        .upload(&png[..png.len() - 1])
        .await
        .is_problem(422, "undecodable-image");
    client
        .post("text/html", png.clone())
        .await
        .is_problem(415, "unsupported-type");
    client
        .post("image/jpeg", png.clone())
        .await
        .is_problem(415, "unsupported-type");
    assert_eq!(
        client.post("image/*", png.clone()).await.status,
        StatusCode::CREATED
    );

    let put = client
        .send(request(Method::PUT, "/v1/images", Body::empty()))
        .await;
    put.is_problem(405, "method-not-allowed");
    assert_eq!(put.header("allow"), "GET, HEAD, POST, OPTIONS");
}
