//! Responses that are web pages.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::cached;
use super::markup::STYLE;
use crate::http::headers::entity_tag::EntityTag;

/// Responds with a page.
pub(crate) fn respond(headers: &HeaderMap, etag: &EntityTag, page: impl Into<Bytes>) -> Response {
    let mut response = cached::respond(headers, "text/html; charset=utf-8", etag, page);
    if let Ok(policy) = HeaderValue::from_str(&policy()) {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// A policy that allows only the style sheet, by its hash.
fn policy() -> String {
    let hash = STANDARD.encode(Sha256::digest(STYLE));
    format!(
        "default-src 'none'; style-src 'sha256-{hash}'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'"
    )
}
