//! Cross-origin requests (Fetch §3.2): which pages' scripts may call, from the
//! `cors_origins` setting. Credentials are never allowed: tokens travel in a header
//! that a script has to set itself.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::App;
use super::problem::{Problem, ProblemKind};

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PATCH, DELETE");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Type, Content-Disposition, Content-Digest, Repr-Digest, \
     Idempotency-Key, If-Match, If-Modified-Since, If-None-Match, If-Range, \
     If-Unmodified-Since, Range, X-Request-Id",
);
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "Accept-Ranges, Content-Disposition, Content-Length, Content-Range, ETag, Link, Location, \
     Repr-Digest, Retry-After, WWW-Authenticate, X-Request-Id",
);
/// Two hours: the most that a known browser keeps a preflight's answer for.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");

/// The middleware that answers preflights and marks other answers.
pub(super) async fn allow(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let origin = headers.get(header::ORIGIN).cloned();
    let is_preflight = request.method() == Method::OPTIONS
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let allowed = origin.filter(|origin| {
        let origin = origin.to_str().ok();
        origin.is_some_and(|origin| app.settings.cors_origins.allow(origin))
    });
    let mut response = match (&allowed, is_preflight) {
        (Some(_), true) => preflight(),
        (None, true) => {
            let detail = "pages of this origin may not call; see the setting cors_origins";
            Problem::new(ProblemKind::OriginNotAllowed, detail).into_response()
        }
        (_, false) => next.run(request).await,
    };
    response
        .headers_mut()
        .append(header::VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = allowed {
        mark(response.headers_mut(), origin);
    }
    response
}

fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

fn mark(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
}
