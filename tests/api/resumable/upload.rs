//! An upload by hand, over tus 1.0.0: what a client sends that does as it likes.

use bytes::Bytes;
use reqwest::{Method, RequestBuilder, Response};

use crate::support::{Client, header, send};

/// An upload that has begun.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    client: Client,
    /// The path at which it goes on.
    pub(super) path: String,
}

/// A request of the protocol.
pub(super) fn tus(client: &Client, method: Method, path: &str) -> RequestBuilder {
    client
        .request(method, path)
        .header("tus-resumable", "1.0.0")
}

impl Upload {
    /// A request that begins an upload, to which the caller adds its length.
    pub(super) fn creation(client: &Client) -> RequestBuilder {
        tus(client, Method::POST, "/v1/uploads")
    }

    /// Begins an upload of this length.
    pub(super) async fn of_length(client: &Client, length: usize) -> Self {
        let creation = Self::creation(client).header("upload-length", length);
        Self::begun(client, send(creation).await)
    }

    /// Begins an upload whose length is not known yet.
    pub(super) async fn of_any_length(client: &Client) -> Self {
        let creation = Self::creation(client).header("upload-defer-length", "1");
        Self::begun(client, send(creation).await)
    }

    /// The upload that this answer is about.
    pub(super) fn begun(client: &Client, answer: Response) -> Self {
        assert_eq!(answer.status(), 201);
        let path = header(&answer, "location").to_owned();
        assert!(path.starts_with("/v1/uploads/"), "{path}");
        Self {
            client: client.clone(),
            path,
        }
    }

    /// The same upload from another client.
    pub(super) fn from(&self, client: &Client) -> Self {
        Self {
            client: client.clone(),
            path: self.path.clone(),
        }
    }

    /// Asks how much the server has.
    pub(super) async fn head(&self) -> Response {
        send(tus(&self.client, Method::HEAD, &self.path)).await
    }

    /// How much the server has.
    pub(super) async fn offset(&self) -> usize {
        let answer = self.head().await;
        assert_eq!(answer.status(), 200);
        assert_eq!(header(&answer, "cache-control"), "no-store");
        offset(&answer)
    }

    /// A request that adds bytes, which lie at this offset.
    pub(super) fn append(&self, from: usize, bytes: impl Into<Bytes>) -> RequestBuilder {
        let request = tus(&self.client, Method::PATCH, &self.path);
        let request = request.header("upload-offset", from);
        let request = request.header("content-type", "application/offset+octet-stream");
        request.body(bytes.into())
    }

    /// Adds bytes, which must be accepted.
    pub(super) async fn accept(&self, from: usize, bytes: &[u8]) {
        let answer = send(self.append(from, bytes.to_vec())).await;
        let status = answer.status();
        let to = answer.headers().get("upload-offset").cloned();
        let text = answer.text().await.expect("a body");
        assert_eq!(status, 204, "from {from}: {text}");
        let to = to.expect("an offset");
        assert_eq!(to, (from + bytes.len()).to_string().as_str());
    }

    /// Adds a whole file in pieces of this size.
    pub(super) async fn send_pieces(&self, file: &[u8], size: usize) {
        for (index, piece) in file.chunks(size).enumerate() {
            self.accept(index * size, piece).await;
        }
    }

    /// Takes the upload back.
    pub(super) async fn terminate(&self) -> Response {
        send(tus(&self.client, Method::DELETE, &self.path)).await
    }
}

/// The offset that an answer tells.
pub(super) fn offset(answer: &Response) -> usize {
    let offset = header(answer, "upload-offset");
    offset.parse().expect("a number")
}
