//! Appends the host's metrics to those of the application.

use super::Metrics;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode};
use http_body::{Body, Frame};
use http_body_util::{BodyExt as _, Full};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use wasmtime_wasi_http::{Error, WasiBody};

/// The path at which applications publish their metrics.
const PATH: &str = "/metrics";

/// Whether a request asks for metrics.
pub fn is_requested<B>(request: &Request<B>) -> bool {
    let reads = [Method::GET, Method::HEAD].contains(request.method());
    reads && request.uri().path() == PATH
}

impl Metrics {
    /// Appends the metrics to the response to a request for them, if the application has granted
    /// it: its response then has the status 200 and is in the same format.
    pub fn append(&self, method: &Method, mut response: Response<WasiBody>) -> Response<WasiBody> {
        if response.status() != StatusCode::OK || !is_exposition(response.headers()) {
            return response;
        }
        let length = response.headers_mut().remove(CONTENT_LENGTH);
        if method == Method::HEAD {
            return response;
        }
        // An empty line, in case that the last line has no end.
        let more = Bytes::from(format!("\n{}", self.text()));
        let length = length.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if let Some(length) = length {
            let length = HeaderValue::from(length.saturating_add(more.len() as u64));
            response.headers_mut().insert(CONTENT_LENGTH, length);
        }
        response.map(|body| {
            let chained = Chained {
                first: Some(body),
                second: Full::new(more),
            };
            chained.boxed_unsync()
        })
    }
}

/// Whether a body is text in the Prometheus format, version 0.0.4, that can be appended to.
fn is_exposition(headers: &HeaderMap) -> bool {
    let media_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    let mut parts = media_type.unwrap_or_default().split(';').map(str::trim);
    let is_text = parts.next() == Some("text/plain") && parts.any(|part| part == "version=0.0.4");
    is_text
        && ![CONTENT_ENCODING, ETAG]
            .iter()
            .any(|name| headers.contains_key(name))
}

/// One body after the other.
struct Chained {
    /// `None` after its end.
    first: Option<WasiBody>,
    second: Full<Bytes>,
}

impl Body for Chained {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Some(first) = &mut self.first {
            match ready!(Pin::new(first).poll_frame(context)) {
                None => self.first = None,
                frame => return Poll::Ready(frame),
            }
        }
        let frame = ready!(Pin::new(&mut self.second).poll_frame(context));
        Poll::Ready(frame.map(|frame| frame.map_err(|never| match never {})))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MEDIA_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

    fn body(text: &'static str) -> WasiBody {
        let body = Full::new(Bytes::from_static(text.as_bytes()));
        body.map_err(|never| match never {}).boxed_unsync()
    }

    fn response(status: u16, headers: &[(&str, &str)]) -> Response<WasiBody> {
        let mut response = Response::builder().status(status);
        for (name, value) in headers {
            response = response.header(*name, *value);
        }
        response.body(body("own 1\n")).unwrap()
    }

    async fn appended(method: Method, response: Response<WasiBody>) -> (HeaderMap, String) {
        let (head, body) = Metrics::new().append(&method, response).into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (head.headers, String::from_utf8(bytes.to_vec()).unwrap())
    }

    #[tokio::test]
    async fn metrics_follow_those_of_the_application() {
        let own = response(
            200,
            &[("content-type", MEDIA_TYPE), ("content-length", "6")],
        );
        let (headers, text) = appended(Method::GET, own).await;
        assert!(text.starts_with("own 1\n\n# HELP darkroom_http_"), "{text}");
        assert_eq!(headers[CONTENT_LENGTH], text.len().to_string());
        let own = response(
            200,
            &[("content-type", MEDIA_TYPE), ("content-length", "6")],
        );
        let (headers, _) = appended(Method::HEAD, own).await;
        assert!(!headers.contains_key(CONTENT_LENGTH));
    }

    #[tokio::test]
    async fn nothing_is_appended_to_any_other_response() {
        let exposition = ("content-type", MEDIA_TYPE);
        for (status, headers) in [
            (401, vec![exposition]),
            (206, vec![exposition]),
            (200, vec![]),
            (200, vec![("content-type", "text/plain")]),
            (200, vec![("content-type", "text/html; version=0.0.4")]),
            (200, vec![exposition, ("content-encoding", "gzip")]),
            (200, vec![exposition, ("etag", "\"a\"")]),
        ] {
            let mut headers = headers;
            headers.push(("content-length", "6"));
            let (kept, text) = appended(Method::GET, response(status, &headers)).await;
            assert_eq!(
                (text.as_str(), &kept[CONTENT_LENGTH]),
                ("own 1\n", &HeaderValue::from(6))
            );
        }
    }

    #[test]
    fn metrics_are_requested_at_one_path() {
        let check = |method: &str, uri: &str| {
            is_requested(&Request::builder().method(method).uri(uri).body(()).unwrap())
        };
        assert!(check("GET", "/metrics") && check("HEAD", "/metrics?a=b"));
        assert!(!check("POST", "/metrics") && !check("GET", "/metrics/") && !check("GET", "/a"));
    }
}
