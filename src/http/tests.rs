mod attributes;
mod bodies;
mod broken;
mod bulk;
mod cors;
mod delivery;
mod derived;
mod documented;
mod edits;
mod exchange;
mod forms;
mod hostile;
mod idempotency;
mod iiif;
mod images;
mod integrations;
mod limits;
mod links;
mod lists;
mod lost_updates;
mod named_links;
mod observe;
mod owners;
mod page;
mod pages;
mod problems;
mod queries;
mod quotas;
mod rates;
mod scopes;
mod tickets;
mod tokens;
mod types;
mod uploads;
mod uploads_draft;

use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, StatusCode, header};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::Value;

use super::reply::problem::ProblemKind;
use super::testing::{Answer, Client, KEYS, NOW, bearer};
use super::*;
use crate::auth::KeyRing;
use crate::media::testing;

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

    /// Uploads a small image and returns its path.
    pub(super) async fn image(&self) -> String {
        let created = self.upload(&testing::png(1, 1)).await;
        assert_eq!(created.status, StatusCode::CREATED, "{:?}", created.body);
        created.header("location").to_owned()
    }

    /// Creates an upload ticket and returns its URL.
    pub(super) async fn ticket(&self, terms: &Value) -> String {
        let request = json_request(Method::POST, "/v1/upload-tickets", terms);
        let created = self.send(request).await;
        assert_eq!(created.status, StatusCode::CREATED, "{:?}", created.body);
        let url = created.json()["upload_url"].clone();
        url.as_str().expect("a URL").to_owned()
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

fn json_request(method: Method, path: &str, body: &Value) -> Request<Body> {
    let mut request = request(method, path, Body::from(body.to_string()));
    let json = axum::http::HeaderValue::from_static("application/json");
    request.headers_mut().insert(header::CONTENT_TYPE, json);
    request
}

/// The request with these headers in place of its own of the same names.
fn with_headers(mut request: Request<Body>, headers: &[(&str, &str)]) -> Request<Body> {
    for (name, value) in headers {
        let name: header::HeaderName = name.parse().expect("a name");
        let value = HeaderValue::from_str(value).expect("a value");
        request.headers_mut().insert(name, value);
    }
    request
}

fn anonymous(method: Method, path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::builder()
        .method(method)
        .uri(path)
        .body(body.into())
        .expect("a request")
}
