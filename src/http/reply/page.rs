//! Responses that are web pages.

use axum::body::Bytes;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use super::cached;
use super::markup::{SCRIPT, STYLE};
use crate::http::headers::entity_tag::EntityTag;

/// The type of a page.
pub(crate) const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");

/// Responds with a page.
pub(crate) fn respond(headers: &HeaderMap, etag: &EntityTag, page: impl Into<Bytes>) -> Response {
    let mut response = cached::respond(headers, MEDIA_TYPE, etag, page);
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, policy());
    response
}

/// A policy that allows only the style sheet and the script, by their hashes, and the icon, which
/// is in the page.
pub(crate) fn policy() -> HeaderValue {
    let hash = |text: &str| STANDARD.encode(Sha256::digest(text));
    let policy = format!(
        "default-src 'none'; style-src 'sha256-{}'; script-src 'sha256-{}'; img-src data:; \
         base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
        hash(STYLE),
        hash(SCRIPT),
    );
    HeaderValue::from_str(&policy).unwrap_or(NOTHING)
}

/// The policy if that cannot be sent.
const NOTHING: HeaderValue = HeaderValue::from_static("default-src 'none'");
