//! Signed URLs and upload tickets: requested by a client, or made with the signing key.

use darkroom::auth::KeyRing;
use darkroom::auth::link::{Link, LinkMethod};
use darkroom::auth::ticket::Ticket;
use reqwest::{Method, Response};
use serde_json::{Value, json};

use super::client::{Client, created, send};
use super::image::path;
use super::tokens::{KEYS, now};

impl Client {
    /// A request with a JSON body.
    pub(crate) async fn json(&self, method: Method, path: &str, body: &Value) -> Response {
        send(self.request(method, path).json(body)).await
    }

    /// Requests a link to an image, which must succeed.
    pub(crate) async fn link(&self, image: &Value, body: &Value) -> Value {
        let path = format!("{}/links", path(image));
        created(self.json(Method::POST, &path, body).await).await
    }

    /// A link to an image that is valid for at least five minutes.
    pub(crate) async fn url(&self, image: &Value) -> String {
        let link = self.link(image, &json!({"expires_in": 300})).await;
        link["url"].as_str().expect("a URL").to_owned()
    }

    /// Revokes all links to an image.
    pub(crate) async fn revoke(&self, image: &Value) -> Response {
        self.delete(&format!("{}/links", path(image))).await
    }

    /// Requests an upload ticket, which must succeed, and returns its URL.
    pub(crate) async fn ticket(&self, body: &Value) -> String {
        let answer = self.json(Method::POST, "/v1/upload-tickets", body).await;
        let ticket = created(answer).await;
        let url = ticket["upload_url"].as_str();
        url.expect("a URL").to_owned()
    }

    /// Sends bytes to the URL of a ticket.
    pub(crate) async fn send_to(&self, url: &str, body: impl Into<reqwest::Body>) -> Response {
        send(self.request(Method::POST, url).body(body)).await
    }
}

/// A link made with the signing key: for a path, with an epoch and a time of expiry.
pub(crate) fn signed_link(path: &str, epoch: u64, expires: u64) -> String {
    let link = Link {
        method: LinkMethod::Get,
        path,
        parameters: &[],
        epoch,
        expires,
        id: None,
    };
    let ring = KeyRing::parse(KEYS).expect("valid keys");
    link.sign(&ring, None).expect("can be signed")
}

/// A ticket for `owner` that permits everything for a minute.
pub(crate) fn ticket(owner: &str) -> Ticket {
    Ticket {
        id: uuid::Uuid::now_v7().to_string(),
        sub: owner.to_owned(),
        exp: now() + 60,
        max_uploads: None,
        max_bytes: None,
        content_types: vec![],
        tags: vec![],
        metadata: std::collections::BTreeMap::new(),
        filename: None,
        visibility: None,
        quota: darkroom::model::QuotaClaim::default(),
    }
}

/// The URL to upload to with a ticket that is made with the signing key.
pub(crate) fn signed_ticket(ticket: &Ticket) -> String {
    let ring = KeyRing::parse(KEYS).expect("valid keys");
    let text = ticket.sign(&ring).expect("can be signed");
    format!("/v1/images?ticket={text}")
}
