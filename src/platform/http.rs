//! HTTP with other servers.

use std::error::Error;
use std::fmt::{self, Display, Formatter};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use super::Clock;

/// The body of an answer, in order.
pub type HttpBody = BoxStream<'static, Result<Bytes, HttpError>>;

/// A client of HTTP servers. Whoever asks again later, or no longer than so, needs its clock.
#[async_trait]
pub trait HttpClient: Clock {
    /// Sends a request and gives the answer once its head is there. Waits only a
    /// limited time for a connection, and for each further piece of the answer.
    /// A body that ends early ends in an error.
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<HttpBody>, HttpError>;
}

/// What went wrong with an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpErrorKind {
    /// The request was not sent.
    NotSent,
    /// There is no answer; the request may have been carried out.
    NoAnswer,
    /// The answer began and did not come to its end.
    BrokenOff,
}

/// Why there is no answer, or no more of it. The message includes that of the source.
#[derive(Debug)]
pub struct HttpError {
    kind: HttpErrorKind,
    source: Box<dyn Error + Send + Sync>,
}

impl HttpError {
    /// An error of this kind, and what it comes of.
    pub fn new(kind: HttpErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind,
            source: source.into(),
        }
    }

    /// What went wrong.
    pub fn kind(&self) -> HttpErrorKind {
        self.kind
    }
}

impl Display for HttpError {
    fn fmt(&self, out: &mut Formatter) -> fmt::Result {
        let what = match self.kind {
            HttpErrorKind::NotSent => "the request cannot be sent",
            HttpErrorKind::NoAnswer => "no answer",
            HttpErrorKind::BrokenOff => "the answer broke off",
        };
        write!(out, "{what}: {}", self.source)
    }
}

impl Error for HttpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
