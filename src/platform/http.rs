//! HTTP to other servers.

use std::error::Error;
use std::fmt::{self, Display, Formatter};

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use super::Clock;

/// The body of a response, in order.
pub type HttpBody = BoxStream<'static, Result<Bytes, HttpError>>;

/// A client of HTTP servers. It has a clock for callers that retry or limit the time.
#[async_trait]
pub trait HttpClient: Clock {
    /// Sends a request and returns the response once its head has arrived. Waits only a
    /// limited time for a connection, and for each further piece of the response. A body that
    /// ends early ends with an error.
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<HttpBody>, HttpError>;

    /// The same with a body that is sent as it comes. If it ends with an error, so does the
    /// request. The response may begin before the body has been sent.
    async fn send_stream(
        &self,
        request: http::Request<HttpBody>,
    ) -> Result<http::Response<HttpBody>, HttpError>;
}

/// The kind of failure of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpErrorKind {
    /// The request was not sent, because the server cannot be reached.
    NotSent,
    /// The response did not begin in time; the request may have been carried out.
    TimedOut,
    /// There is no response; the request may have been carried out.
    NoAnswer,
    /// The response began but did not complete.
    BrokenOff,
}

/// Why there is no complete response. The message includes that of the source.
#[derive(Debug)]
pub struct HttpError {
    kind: HttpErrorKind,
    source: Box<dyn Error + Send + Sync>,
}

impl HttpError {
    /// Creates an error of this kind with its source.
    pub fn new(kind: HttpErrorKind, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self {
            kind,
            source: source.into(),
        }
    }

    /// The kind of failure.
    pub fn kind(&self) -> HttpErrorKind {
        self.kind
    }
}

impl Display for HttpError {
    fn fmt(&self, out: &mut Formatter) -> fmt::Result {
        let description = match self.kind {
            HttpErrorKind::NotSent => "the request cannot be sent",
            HttpErrorKind::TimedOut => "no response in time",
            HttpErrorKind::NoAnswer => "no response",
            HttpErrorKind::BrokenOff => "the response broke off",
        };
        write!(out, "{description}: {}", self.source)
    }
}

impl Error for HttpError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
