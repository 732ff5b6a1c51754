//! A client of the API: what a person would type with curl.

use std::time::Duration;

use bytes::Bytes;
use reqwest::{Body, Method, RequestBuilder, Response};
use serde_json::Value;
use uuid::Uuid;

use super::image::content;

/// A name that no other test uses.
pub(crate) fn unique(name: &str) -> String {
    format!("{name}-{}", Uuid::now_v7().simple())
}

/// A client of one server, with one token or none.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: String,
    token: Option<String>,
}

impl Client {
    /// A client of the server at `address`.
    pub(crate) fn new(address: &str, token: Option<String>) -> Self {
        let http = reqwest::Client::builder().no_proxy().build();
        Self {
            http: http.expect("a client"),
            address: address.to_owned(),
            token,
        }
    }

    /// The same client, speaking HTTP/2 from the first byte.
    pub(crate) fn over_http2(mut self) -> Self {
        let http = reqwest::Client::builder().no_proxy();
        self.http = http.http2_prior_knowledge().build().expect("a client");
        self
    }

    /// The same client with another token.
    pub(crate) fn with_token(mut self, token: impl Into<String>) -> Self {
        self.token = Some(token.into());
        self
    }

    /// A request with the client's token.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.address));
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request,
        }
    }

    /// `curl $address$path`
    pub(crate) async fn get(&self, path: &str) -> Response {
        send(self.request(Method::GET, path)).await
    }

    /// `curl -I $address$path`
    pub(crate) async fn head(&self, path: &str) -> Response {
        send(self.request(Method::HEAD, path)).await
    }

    /// `curl -X DELETE $address$path`
    pub(crate) async fn delete(&self, path: &str) -> Response {
        send(self.request(Method::DELETE, path)).await
    }

    /// `POST /v1/images`, to which the caller adds a body.
    pub(crate) fn post(&self) -> RequestBuilder {
        self.request(Method::POST, "/v1/images")
    }

    /// `curl --data-binary @image $address/v1/images`
    pub(crate) async fn send(&self, image: impl Into<Body>) -> Response {
        send(self.post().body(image)).await
    }

    /// Uploads an image, which must succeed, and returns the image object. The next upload is newer:
    /// images of one millisecond have no order that a client knows.
    pub(crate) async fn upload(&self, image: impl Into<Body>) -> Value {
        let image = created(self.send(image).await).await;
        tokio::time::sleep(Duration::from_millis(1)).await;
        image
    }

    /// Downloads an image, which must succeed.
    pub(crate) async fn download(&self, image: &Value) -> Bytes {
        let response = self.get(content(image)).await;
        assert_eq!(response.status(), 200, "{image}");
        response.bytes().await.expect("all bytes")
    }

    /// The images on the first page of `GET /v1/images`.
    pub(crate) async fn list(&self) -> Vec<Value> {
        let response = self.get("/v1/images").await;
        assert_eq!(response.status(), 200);
        let mut page: Value = response.json().await.expect("JSON");
        let items = page["items"].take();
        serde_json::from_value(items).expect("a list of items")
    }
}

/// Sends a request, which must be answered.
pub(crate) async fn send(request: RequestBuilder) -> Response {
    request.send().await.expect("an answer")
}

/// The body of an answer, which must have the status 201.
pub(crate) async fn created(response: Response) -> Value {
    let status = response.status();
    let text = response.text().await.expect("a body");
    assert_eq!(status, 201, "{text}");
    serde_json::from_str(&text).expect("JSON")
}
