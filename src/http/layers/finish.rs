//! Adjustments of the router's responses to RFC 9110.

use axum::body::Body;
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

/// Corrects the headers that the router sets after all layers.
pub(crate) fn headers(response: &mut Response<Body>) {
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
