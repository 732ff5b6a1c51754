//! Adjustments of the router's responses to RFC 9110.

use axum::body::{Body, HttpBody as _};
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::http::reply::problem::{Problem, ProblemKind};

/// Responds to a method that the resource does not support. The router adds `Allow`, which is all
/// that a response to OPTIONS needs.
pub(crate) async fn other_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let detail = "the resource does not support this method";
    Problem::new(ProblemKind::MethodNotAllowed, detail).into_response()
}

/// Corrects the headers that the router has set. The router knows only its own responses: those
/// of the middleware get their length here, and none to HEAD has content (RFC 9110 §9.3.2).
pub(crate) fn headers(is_head: bool, response: &mut Response<Body>) {
    if let Some(length) = response.body().size_hint().exact() {
        let headers = response.headers_mut();
        headers
            .entry(header::CONTENT_LENGTH)
            .or_insert_with(|| HeaderValue::from(length));
    }
    if is_head {
        *response.body_mut() = Body::empty();
    }
    if let Some(allow) = response.headers().get(header::ALLOW) {
        // The router lists the methods that have handlers, which OPTIONS seldom has.
        let methods = allow.to_str().unwrap_or_default();
        let methods = methods.split(',').map(str::trim);
        let methods: Vec<&str> = methods.filter(|method| *method != "OPTIONS").collect();
        if let Ok(allow) = HeaderValue::from_str(&format!("{}, OPTIONS", methods.join(", "))) {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    if let StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED = response.status() {
        // The router sets Content-Length on every response. RFC 9110 §8.6 forbids it on the
        // former, and on the latter unless it is the length of the content.
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
}
