//! JSON that no cache keeps for others.

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::http::reply::problem::{Problem, ProblemKind};

/// 200 with an object.
pub(crate) fn ok(view: &impl Serialize) -> Response {
    match print(view) {
        Ok(body) => response(body),
        Err(problem) => problem.into_response(),
    }
}

/// 201 with an object.
pub(crate) fn created(view: &impl Serialize) -> Response {
    let mut response = ok(view);
    if response.status() == StatusCode::OK {
        *response.status_mut() = StatusCode::CREATED;
    }
    response
}

/// An object as JSON.
pub(crate) fn print(view: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(view)
        .map_err(|_| Problem::new(ProblemKind::Internal, "the answer cannot be written"))
}

/// 200 with what [`print`] has made.
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
