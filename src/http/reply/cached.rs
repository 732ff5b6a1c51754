//! Responses that are the same for all clients until the deployment changes. Caches keep them for a
//! while, and then revalidate them with their `ETag`.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::http::headers::conditional;
use crate::http::headers::entity_tag::EntityTag;
use crate::http::reply::json;
use crate::http::reply::problem::Problem;

/// The time for which caches use a response without revalidation.
const CACHE: HeaderValue = HeaderValue::from_static("public, max-age=300");

/// The media type of JSON. OpenAPI has no registered media type yet.
pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json");

/// The entity tag of a body.
pub(crate) fn etag(body: &[u8]) -> EntityTag {
    let digest = Sha256::digest(body);
    let short: String = digest
        .iter()
        .take(8)
        .map(|byte| format!("{byte:02x}"))
        .collect();
    EntityTag::strong(short)
}

/// Responds with the body, or with 304 if the request's `headers` say that the client has it.
pub(crate) fn respond(
    headers: &HeaderMap,
    content_type: HeaderValue,
    etag: &EntityTag,
    body: impl Into<Bytes>,
) -> Response {
    let mut response = if conditional::is_known(headers, etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let mut response = body.into().into_response();
        response
            .headers_mut()
            .insert(header::CONTENT_TYPE, content_type);
        response
    };
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, CACHE);
    if let Ok(etag) = HeaderValue::from_str(&etag.to_string()) {
        headers.insert(header::ETAG, etag);
    }
    response
}

/// Responds with an object as JSON in the same way.
pub(crate) fn object(headers: &HeaderMap, view: &impl Serialize) -> Result<Response, Problem> {
    let body = json::print(view)?;
    Ok(respond(headers, JSON, &etag(&body), body))
}
