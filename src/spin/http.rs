//! Spin's outbound HTTP as an [`HttpClient`]. The manifest decides which servers can be
//! reached (`allowed_outbound_hosts`).

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use http_body::Frame;
use http_body_util::{BodyExt as _, StreamBody};
use spin_sdk::wasip3::http::types::{ErrorCode, RequestOptions};
use spin_sdk::wasip3::http_compat::RequestOptionsExtension;

use super::platform::Spin;
use crate::platform::{HttpBody, HttpClient, HttpError, HttpErrorKind};
use crate::trace::{self, Phase};

/// How long connecting to a server may take.
const CONNECT: Duration = Duration::from_secs(5);
/// How long a server may take to begin a response, and to continue one.
const SILENCE: Duration = Duration::from_secs(30);
/// The length of the pieces in which a request's body is handed over: each is copied, and
/// the body is kept for another attempt.
const PIECE: usize = 64 << 10;

#[async_trait]
impl HttpClient for Spin {
    async fn send(
        &self,
        request: http::Request<Bytes>,
    ) -> Result<http::Response<HttpBody>, HttpError> {
        // Until the response begins: everything after that is streamed.
        let _timer = trace::start(Phase::Blob);
        exchange(request.map(|body| stream::iter(Pieces(body).map(Ok)).boxed())).await
    }

    async fn send_stream(
        &self,
        request: http::Request<HttpBody>,
    ) -> Result<http::Response<HttpBody>, HttpError> {
        exchange(request).await
    }
}

/// Not generic: what the SDK makes of each type of body is large.
async fn exchange(request: http::Request<HttpBody>) -> Result<http::Response<HttpBody>, HttpError> {
    let (mut parts, body) = request.into_parts();
    parts.extensions.insert(options()?);
    if let Some(Ok(parent)) = trace::parent().map(http::HeaderValue::try_from) {
        parts.headers.insert("traceparent", parent);
    }
    let broken = |error: HttpError| ErrorCode::InternalError(Some(error.to_string()));
    let body = StreamBody::new(body.map_ok(Frame::data).map_err(broken));
    let response = spin_sdk::http::send(http::Request::from_parts(parts, body)).await;
    let response = response.map_err(|error| HttpError::new(kind(&error), error))?;
    Ok(response.map(|body| {
        let broken = |error: ErrorCode| HttpError::new(HttpErrorKind::BrokenOff, error);
        body.into_data_stream().map_err(broken).boxed()
    }))
}

/// The kind of failure of an exchange without a response.
fn kind(error: &ErrorCode) -> HttpErrorKind {
    match error {
        ErrorCode::DnsTimeout
        | ErrorCode::DnsError(_)
        | ErrorCode::DestinationNotFound
        | ErrorCode::DestinationUnavailable
        | ErrorCode::DestinationIpProhibited
        | ErrorCode::DestinationIpUnroutable
        | ErrorCode::ConnectionRefused
        | ErrorCode::ConnectionTimeout
        | ErrorCode::HttpRequestDenied
        | ErrorCode::ConfigurationError => HttpErrorKind::NotSent,
        ErrorCode::ConnectionReadTimeout | ErrorCode::HttpResponseTimeout => {
            HttpErrorKind::TimedOut
        }
        _ => HttpErrorKind::NoAnswer,
    }
}

fn options() -> Result<RequestOptionsExtension, HttpError> {
    let options = RequestOptions::new();
    let nanos = |time: Duration| u64::try_from(time.as_nanos()).ok();
    options
        .set_connect_timeout(nanos(CONNECT))
        .and_then(|()| options.set_first_byte_timeout(nanos(SILENCE)))
        .and_then(|()| options.set_between_bytes_timeout(nanos(SILENCE)))
        .map_err(|error| {
            let reason = format!("the time limits cannot be set: {error}");
            HttpError::new(HttpErrorKind::NotSent, reason)
        })?;
    Ok(RequestOptionsExtension(options))
}

/// A body, piece by piece.
struct Pieces(Bytes);

impl Iterator for Pieces {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        let piece = self.0.split_to(PIECE.min(self.0.len()));
        (!piece.is_empty()).then_some(piece)
    }
}
