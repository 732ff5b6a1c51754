//! Cross-origin requests (Fetch §3.2): which pages' scripts may call, from the
//! `cors_origins` setting. Credentials are never allowed: tokens travel in a header
//! that a script has to set itself.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use crate::http::app::App;
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::settings::Origins;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PATCH, DELETE, OPTIONS");
/// What scripts may send beyond what they always may (Fetch §2.2.2).
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Digest, Content-Disposition, Content-Type, Idempotency-Key, If-Match, \
     If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range, Repr-Digest, \
     X-Request-Id",
);
/// What scripts may read beyond what they always may.
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "Accept-Ranges, Allow, Content-Disposition, Content-Encoding, Content-Length, Content-Range, \
     ETag, Link, Location, Repr-Digest, Retry-After, Server-Timing, \
     WWW-Authenticate, X-Request-Id",
);
/// Two hours: the most that a known browser keeps a preflight's answer for.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");
const ANY: HeaderValue = HeaderValue::from_static("*");

/// The middleware that answers preflights and marks other answers.
pub(crate) async fn allow(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let origins = &app.settings.http.cors_origins;
    let headers = request.headers();
    let origin = headers.get(header::ORIGIN);
    let is_preflight = request.method() == Method::OPTIONS
        && origin.is_some()
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    let allowed = allowed(origins, origin);
    let mut response = match (&allowed, is_preflight) {
        (Some(_), true) => preflight(),
        (None, true) => {
            let detail = "pages of this origin may not call; see the setting cors_origins";
            Problem::new(ProblemKind::OriginNotAllowed, detail).into_response()
        }
        (_, false) => next.run(request).await,
    };
    let headers = response.headers_mut();
    if let Origins::Listed(listed) = origins
        && !listed.is_empty()
    {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
    }
    response
}

/// What `Access-Control-Allow-Origin` says. Where every origin may call, answers are the
/// same for all of them, and caches keep one.
fn allowed(origins: &Origins, origin: Option<&HeaderValue>) -> Option<HeaderValue> {
    if *origins == Origins::Any {
        return Some(ANY);
    }
    let origin = origin?;
    origins.allow(origin.to_str().ok()?).then(|| origin.clone())
}

fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, METHODS),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS),
        (header::ACCESS_CONTROL_MAX_AGE, MAX_AGE),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}
