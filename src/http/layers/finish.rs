//! What the router answers, made what RFC 9110 asks for.

use axum::body::Body;
use axum::http::{HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use crate::http::reply::problem::{Problem, ProblemKind};

/// Answers a method that the resource does not have. The router adds `Allow`, which is
/// all that OPTIONS asks for.
pub(crate) async fn other_method(method: Method) -> Response {
    if method == Method::OPTIONS {
        return StatusCode::NO_CONTENT.into_response();
    }
    let detail = "the resource has no such method";
    Problem::new(ProblemKind::MethodNotAllowed, detail).into_response()
}

/// Mends the headers that the router sets last, after every layer.
pub(crate) fn headers(response: &mut Response<Body>) {
    if let Some(allow) = response.headers().get(header::ALLOW) {
        // The router knows the methods that have handlers; OPTIONS is answered by none.
        let methods = allow.to_str().unwrap_or_default().replace(',', ", ");
        if let Ok(allow) = HeaderValue::from_str(&format!("{methods}, OPTIONS")) {
            response.headers_mut().insert(header::ALLOW, allow);
        }
    }
    if let StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED = response.status() {
        // The router sets it on everything. RFC 9110 §8.6 forbids it for the first, and
        // for the second what is not the length of the content.
        response.headers_mut().remove(header::CONTENT_LENGTH);
    }
}
