//! The HTTP client that the store needs, provided by the platform.

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
    /// Sends a request and returns the answer as soon as its head has arrived. The time to
    /// wait for a connection, and for each further piece of the answer, is limited. A body
    /// that ends early ends with an error.
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<ByteStream>, HttpError>;

    /// Completes after `time`.
    async fn wait(&self, time: Duration);
}
