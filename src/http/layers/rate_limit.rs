//! Rate limits: the fields that tell a client where it stands, and the bytes that it has sent and
//! receives. Whether a request is refused is decided when its credentials are verified
//! ([`admission`](crate::http::input::admission)).

use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::Response;
use http_body::Body as _;

use super::observe::count_body;
use crate::http::app::App;
use crate::http::headers::{rate_limit, structured};
use crate::http::input::admission::Admission;
use crate::trace::Trace;

/// The middleware of deployments that limit something.
pub(crate) async fn observe(
    app: &App,
    route: Option<&'static str>,
    mut request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let admission = Admission::default();
    request.extensions_mut().insert(admission.clone());
    let is_head = request.method() == Method::HEAD;
    // The bytes of pieces are counted where they are stored.
    let trace = (!is_piece(route, request.headers())).then(|| Trace::new(false));
    let request = match &trace {
        Some(trace) => count_body(request, trace),
        None => request,
    };
    let mut response = next(request).await;
    if let Some((client, standing)) = admission.0.get() {
        rate_limit::print(response.headers_mut(), standing);
        let sent = if is_head { 0 } else { length(&response) };
        let received = trace.map_or(0, |trace| trace.bytes_in());
        if standing.retry_after.is_none() {
            app.service.count_bytes(client, received + sent).await;
        }
    }
    response
}

/// Whether the body is a piece of a resumable upload.
fn is_piece(route: Option<&str>, headers: &HeaderMap) -> bool {
    route.is_some_and(|route| route.starts_with("/v1/uploads"))
        || structured::boolean(headers, "upload-complete") == Some(false)
        || structured::boolean(headers, "upload-incomplete") == Some(true)
}

/// The length of a response's body.
fn length(response: &Response) -> u64 {
    if response.status() == StatusCode::NOT_MODIFIED {
        return 0;
    }
    let declared = response.headers().get(header::CONTENT_LENGTH);
    let declared = declared.and_then(|length| length.to_str().ok()?.parse().ok());
    declared
        .or(response.body().size_hint().exact())
        .unwrap_or(0)
}
