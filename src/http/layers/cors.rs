//! Cross-origin requests (Fetch §3.2): the setting `cors_origins` decides which origins' scripts
//! may call the API. Those of any origin may read IIIF images without a token. Credentials are never allowed: tokens are sent in a header that a script has
//! to set itself.

use axum::extract::Request;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::auth::link;
use crate::http::app::App;
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::settings::Origins;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PATCH, DELETE, OPTIONS");
/// The request headers that scripts may send, besides those that are always allowed (Fetch §2.2.2).
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static(
    "Authorization, Content-Digest, Content-Disposition, Content-Type, Idempotency-Key, If-Match, \
     If-Modified-Since, If-None-Match, If-Range, If-Unmodified-Since, Range, Repr-Digest, \
     Tus-Resumable, Upload-Checksum, Upload-Complete, Upload-Concat, Upload-Defer-Length, \
     Upload-Draft-Interop-Version, Upload-Incomplete, Upload-Length, Upload-Metadata, \
     Upload-Offset, X-HTTP-Method-Override, X-Request-Id",
);
/// The response headers that scripts may read, besides those that are always allowed.
const RESPONSE_HEADERS: HeaderValue = HeaderValue::from_static(
    "Accept-Patch, Accept-Ranges, Allow, Content-Disposition, Content-Encoding, Content-Length, \
     Content-Location, Content-Range, ETag, Link, Location, RateLimit, RateLimit-Policy, \
     Repr-Digest, Retry-After, Server-Timing, Tus-Checksum-Algorithm, Tus-Extension, \
     Tus-Max-Size, Tus-Resumable, Tus-Version, Upload-Complete, Upload-Concat, Upload-Defer-Length, \
     Upload-Draft-Interop-Version, Upload-Expires, Upload-Incomplete, Upload-Length, \
     Upload-Limit, Upload-Metadata, Upload-Offset, WWW-Authenticate, X-Request-Id",
);
/// Two hours, the longest time for which a major browser caches the response to a preflight.
const MAX_AGE: HeaderValue = HeaderValue::from_static("7200");
const ANY: HeaderValue = HeaderValue::from_static("*");

/// The middleware that answers preflights and adds headers to other responses.
pub(crate) async fn allow(
    app: &App,
    request: Request,
    next: impl AsyncFnOnce(Request) -> Response,
) -> Response {
    let origins = &app.settings.http.cors_origins;
    let headers = request.headers();
    let origin = headers.get(header::ORIGIN);
    let is_preflight = request.method() == Method::OPTIONS
        && origin.is_some()
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    // Viewers of IIIF images may be anywhere (IIIF Image API 3.0 §7.1). A token is a different
    // matter: it is for the pages that the setting lists.
    let is_open = request.uri().path().starts_with(link::IIIF)
        && !is_preflight
        && !headers.contains_key(header::AUTHORIZATION);
    let allowed = if is_open {
        Some(ANY)
    } else {
        allowed(origins, origin)
    };
    let mut response = match (&allowed, is_preflight) {
        (Some(_), true) => preflight(),
        (None, true) => {
            let detail = "pages of this origin may not call the API: see the setting cors_origins";
            Problem::new(ProblemKind::OriginNotAllowed, detail).into_response()
        }
        (_, false) => next(request).await,
    };
    let headers = response.headers_mut();
    if let Origins::Listed(listed) = origins
        && !listed.is_empty()
        && !is_open
    {
        headers.append(header::VARY, HeaderValue::from_static("Origin"));
    }
    if let Some(origin) = allowed {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, RESPONSE_HEADERS);
    }
    response
}

/// The value of `Access-Control-Allow-Origin`. If all origins are allowed, responses are the same
/// for all of them, so that caches store only one.
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
