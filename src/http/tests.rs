mod bodies;
mod broken;
mod exchange;
mod limits;
mod pages;
mod problems;
mod queries;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::headers::digest;
use super::reply::markup;
use super::reply::problem::ProblemKind;
use super::testing::{Answer, Client, KEYS, NOW, bearer};
use super::*;
use crate::auth::{KeyRing, link};
use crate::blobs::{KeyValue, MemoryKeyValue};
use crate::media::testing;
use crate::model::Sha256;

mod bulk;
mod delivery;
mod derived;
mod forms;
mod hostile;
mod idempotency;
mod lost_updates;
mod observe;
mod owners;
mod quotas;
mod scopes;
mod tickets;
mod types;

impl Client {
    pub(super) fn new() -> Self {
        Self::with(&[])
    }

    pub(super) async fn get(&self, path: &str) -> Answer {
        self.send(request(Method::GET, path, Body::empty())).await
    }

    pub(super) async fn upload(&self, bytes: &[u8]) -> Answer {
        let body = Body::from(bytes.to_vec());
        self.send(request(Method::POST, "/v1/images", body)).await
    }

    pub(super) async fn post(&self, content_type: &str, body: impl Into<Body>) -> Answer {
        let mut request = request(Method::POST, "/v1/images", body.into());
        let content_type = content_type.parse().expect("a header");
        request
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
        self.send(request).await
    }
}

impl Answer {
    /// Checks that the response is a problem with this status and slug.
    pub(super) fn is_problem(&self, status: u16, slug: &str) {
        assert_eq!(self.status.as_u16(), status, "{:?}", self.body);
        assert_eq!(self.header("content-type"), "application/problem+json");
        let problem = self.json();
        assert_eq!(problem["type"], format!("/problems/{slug}"));
        assert_eq!(problem["status"], status);
        assert!(problem["title"].is_string() && problem["detail"].is_string());
    }
}

fn request(method: Method, path: &str, body: Body) -> Request<Body> {
    let token = bearer("alice", "images:read images:write images:delete");
    let request = Request::builder().method(method).uri(path);
    request
        .header(header::AUTHORIZATION, token)
        .body(body)
        .expect("a request")
}

fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (head, content) in parts {
        body.extend_from_slice(b"--x\r\nContent-Disposition: form-data; ");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--x--\r\n");
    body
}

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
async fn a_form_has_files_and_attributes_that_apply_to_all() {
    let client = Client::new();
    let (a, b) = (testing::png(1, 1), testing::gif(2, 2, 1));
    let body = form(&[
        ("name=\"file\"; filename=\"a.png\"", &a),
        ("name=\"tags\"", b"cat, dog"),
        ("name=\"file\"; filename=\"../b.gif\"", &b),
        ("name=\"visibility\"", b"public"),
    ]);
    let created = client.post("multipart/form-data; boundary=x", body).await;
    assert_eq!(created.status, StatusCode::CREATED, "{:?}", created.body);
    let items = created.json()["items"].clone();
    let names: Vec<&Value> = items
        .as_array()
        .expect("items")
        .iter()
        .map(|item| &item["filename"])
        .collect();
    assert_eq!(names, ["a.png", "b.gif"]);
    for item in items.as_array().expect("items") {
        assert_eq!(item["tags"], serde_json::json!(["cat", "dog"]));
        let path = item["links"]["content"].as_str().expect("a path");
        let anonymous = Request::get(path).body(Body::empty()).expect("a request");
        assert_eq!(client.send(anonymous).await.status, StatusCode::OK);
    }
}

#[tokio::test]
async fn a_form_with_an_invalid_part_stores_nothing() {
    let valid = testing::png(1, 1);
    for (case, part, status, slug) in [
        (
            "an invalid file",
            ("name=\"file\"", &b"no image"[..]),
            415,
            "unsupported-type",
        ),
        (
            "a file in an unknown part",
            ("name=\"flie\"; filename=\"a.png\"", &b"a"[..]),
            400,
            "bad-request",
        ),
        (
            "an invalid visibility",
            ("name=\"visibility\"", &b"secret"[..]),
            400,
            "bad-request",
        ),
        (
            "an invalid tag",
            ("name=\"tags\"", &b"a\x07"[..]),
            400,
            "bad-request",
        ),
        (
            "text that is not UTF-8",
            ("name=\"tags\"", &b"\xff"[..]),
            400,
            "bad-request",
        ),
    ] {
        let client = Client::new();
        let body = form(&[("name=\"file\"", &valid), part]);
        let answer = client.post("multipart/form-data; boundary=x", body).await;
        answer.is_problem(status, slug);
        assert_eq!(client.values.keys(), Vec::<String>::new(), "{case}");
    }
    let client = Client::new();
    let cut = form(&[("name=\"file\"", &valid)]);
    let cut = cut[..cut.len() - 12].to_vec();
    client
        .post("multipart/form-data; boundary=x", cut)
        .await
        .is_problem(400, "upload-interrupted");
    client
        .post("multipart/form-data", "")
        .await
        .is_problem(400, "bad-request");
    client
        .post("multipart/form-data; boundary=x", form(&[]))
        .await
        .is_problem(400, "bad-request");
    assert_eq!(client.values.keys(), Vec::<String>::new());
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

#[tokio::test]
async fn tokens_determine_permissions() {
    let client = Client::new();
    let path = client
        .upload(&testing::png(1, 1))
        .await
        .header("location")
        .to_owned();
    let with = |method: Method, path: &str, tokens: &[String]| {
        let mut request = Request::builder().method(method).uri(path);
        for token in tokens {
            request = request.header(header::AUTHORIZATION, token);
        }
        request.body(Body::empty()).expect("a request")
    };
    let content = format!("{path}/content");
    for path in ["/v1/images", &path, &content] {
        let none = client.send(with(Method::GET, path, &[])).await;
        none.is_problem(401, "unauthorized");
        assert_eq!(none.header("www-authenticate"), "Bearer realm=\"darkroom\"");
        for invalid in ["Bearer x", "Basic YTpi", "Bearer", "Token x"] {
            let answer = client
                .send(with(Method::GET, path, &[invalid.to_owned()]))
                .await;
            answer.is_problem(401, "unauthorized");
            assert!(
                answer
                    .header("www-authenticate")
                    .contains("error=\"invalid_")
            );
        }
        let valid = bearer("alice", "images:read");
        let twice = client
            .send(with(Method::GET, path, &[valid.clone(), valid.clone()]))
            .await;
        twice.is_problem(401, "unauthorized");
        let write = client
            .send(with(Method::GET, path, &[bearer("alice", "images:write")]))
            .await;
        write.is_problem(403, "insufficient-scope");
        assert!(
            write
                .header("www-authenticate")
                .contains("scope=\"images:read\"")
        );
        assert_eq!(
            client.send(with(Method::GET, path, &[valid])).await.status,
            StatusCode::OK
        );
    }
    for (method, path) in [
        (Method::GET, &path),
        (Method::GET, &content),
        (Method::DELETE, &path),
    ] {
        let bob = bearer("bob", "images:read images:write images:delete");
        let answer = client.send(with(method, path, &[bob])).await;
        answer.is_problem(404, "not-found");
    }
    let admin = client
        .send(with(Method::DELETE, &path, &[bearer("root", "admin")]))
        .await;
    assert_eq!(admin.status, StatusCode::NO_CONTENT);
}

#[tokio::test]
async fn pages_are_linked_and_complete() {
    let client = Client::with(&[("public_base_url", "https://a.example/i")]);
    for width in 1..=7 {
        client.upload(&testing::png(width, 1)).await;
    }
    let mut path = "/v1/images?limit=3".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = client.get(&path).await;
        let json = page.json();
        let items = json["items"].as_array().expect("items");
        seen.extend(
            items
                .iter()
                .map(|item| item["width"].as_u64().expect("a width")),
        );
        let Some(cursor) = json["next_cursor"].as_str() else {
            assert_eq!(page.header("link"), "");
            break;
        };
        path = format!("/v1/images?limit=3&cursor={cursor}");
        assert_eq!(
            page.header("link"),
            format!("<https://a.example/i{path}>; rel=\"next\"")
        );
    }
    seen.sort_unstable();
    assert_eq!(seen, [1, 2, 3, 4, 5, 6, 7]);
}

#[tokio::test]
async fn every_response_has_a_request_id() {
    let client = Client::new();
    let send = async |id: &'static str| {
        let request = Request::get("/nothing").header("x-request-id", id);
        let answer = client
            .send(request.body(Body::empty()).expect("a request"))
            .await;
        answer.header("x-request-id").to_owned()
    };
    assert_eq!(send("job-1.2:3").await, "job-1.2:3");
    for invalid in ["", "a b", "<script>"] {
        assert_eq!(send(invalid).await.len(), 32, "{invalid:?}");
    }
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

fn json_request(method: Method, path: &str, body: &Value) -> Request<Body> {
    let mut request = request(method, path, Body::from(body.to_string()));
    let json = axum::http::HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    request
}

fn anonymous(method: Method, path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(body.into())
        .expect("a request")
}

#[tokio::test]
async fn a_link_works_until_it_is_revoked() {
    let client = Client::new();
    let path = client
        .upload(&testing::png(1, 1))
        .await
        .header("location")
        .to_owned();
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

#[tokio::test]
async fn a_ticket_allows_one_upload() {
    let client = Client::new();
    let terms = serde_json::json!({"expires_in": 60, "max_bytes": 500, "tags": ["t"],
        "content_types": ["image/png"], "visibility": "public"});
    let created = client
        .send(json_request(Method::POST, "/v1/upload-tickets", &terms))
        .await;
    assert_eq!(created.status, StatusCode::CREATED, "{:?}", created.body);
    let url = created.json()["upload_url"]
        .as_str()
        .expect("a URL")
        .to_owned();
    let upload = async |bytes: Vec<u8>| client.send(anonymous(Method::POST, &url, bytes)).await;
    upload(testing::png_of_size(501))
        .await
        .is_problem(413, "too-large");
    upload(testing::gif(1, 1, 1))
        .await
        .is_problem(415, "unsupported-type");
    let image = upload(testing::png(1, 1)).await;
    assert_eq!(image.status, StatusCode::CREATED, "{:?}", image.body);
    let image = image.json();
    assert_eq!(
        (&image["owner"], &image["tags"][0]),
        (&"alice".into(), &"t".into())
    );
    assert_eq!(image["visibility"], "public");
    upload(testing::png(2, 2))
        .await
        .is_problem(409, "ticket-spent");
    assert_eq!(client.values.keys().len(), 1);
    let changed = format!("{url}x");
    client
        .send(anonymous(Method::POST, &changed, ""))
        .await
        .is_problem(403, "ticket-invalid");
    let twice = format!("{url}&ticket=x");
    client
        .send(anonymous(Method::POST, &twice, ""))
        .await
        .is_problem(403, "ticket-invalid");
}

#[tokio::test]
async fn a_form_cannot_override_its_ticket() {
    let client = Client::new();
    let file = testing::png(1, 1);
    for part in [
        ("name=\"tags\"", &b"a"[..]),
        ("name=\"visibility\"", b"public"),
        ("name=\"file\"", &file),
    ] {
        let terms = serde_json::json!({"expires_in": 60});
        let created = client
            .send(json_request(Method::POST, "/v1/upload-tickets", &terms))
            .await;
        let url = created.json()["upload_url"]
            .as_str()
            .expect("a URL")
            .to_owned();
        let mut upload = anonymous(Method::POST, &url, form(&[("name=\"file\"", &file), part]));
        let form = "multipart/form-data; boundary=x".parse().expect("a header");
        upload.headers_mut().insert(header::CONTENT_TYPE, form);
        client.send(upload).await.is_problem(400, "bad-request");
        assert_eq!(client.values.keys(), Vec::<String>::new());
    }
}

#[tokio::test]
async fn changes_of_visibility_take_effect_immediately() {
    let client = Client::new();
    let path = client
        .upload(&testing::png(1, 1))
        .await
        .header("location")
        .to_owned();
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
