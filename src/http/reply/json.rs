//! JSON responses that shared caches must not store.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::http::reply::problem::{Problem, ProblemKind};

/// A 200 response with an object.
pub(crate) fn ok(view: &impl Serialize) -> Response {
    match print(view) {
        Ok(body) => response(body),
        Err(problem) => problem.into_response(),
    }
}

/// A 201 response with an object.
pub(crate) fn created(view: &impl Serialize) -> Response {
    let mut response = ok(view);
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::CREATED;
    }
    response
}

/// Serializes an object as a line, so that a shell's prompt does not follow it on the same line.
pub(crate) fn print(view: &impl Serialize) -> Result<Vec<u8>, Problem> {
    let mut line = serde_json::to_vec(view)
        .map_err(|_| Problem::new(ProblemKind::Internal, "the response cannot be serialized"))?;
    line.push(b'\n');
    Ok(line)
}

/// A 200 response with a body from [`print`].
pub(crate) fn response(body: Vec<u8>) -> Response {
    let mut response = body.into_response();
    let headers = response.headers_mut();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, json);
    headers.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static("private, no-cache"),
    );
    response
}
