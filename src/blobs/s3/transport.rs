//! What the store needs of the edge: to speak HTTP with another server.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::blobs::ByteStream;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct HttpError(pub String);

/// A client of HTTP servers.
#[async_trait]
pub trait HttpClient: Send + Sync {
    /// Sends a request and gives the answer once its head is there. Waits only a
    /// limited time for a connection, and for each further piece of the answer.
    /// A body that ends early ends in an error.
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<ByteStream>, HttpError>;

    /// Waits.
    async fn wait(&self, time: Duration);
}
