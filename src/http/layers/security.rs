//! Headers that prevent browsers from misusing a response.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;

use crate::http::reply::urls::Urls;
use crate::settings::Settings;

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");
/// Only pages of the same origin may embed a response without CORS. Responses that all pages may
/// embed have [`ANY_ORIGIN`] instead.
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const ANY_ORIGIN: HeaderValue = HeaderValue::from_static("cross-origin");
/// A response must not load or run anything, and must not be framed.
const INERT: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// URLs may contain a signature, so they must not be sent as a referrer.
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const NO_SNIFFING: HeaderValue = HeaderValue::from_static("nosniff");
/// One year.
const TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The settings that determine the headers.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// Whether clients use https, so that browsers can be instructed to use nothing else.
    encrypted: bool,
}

impl Policy {
    /// The policy of a deployment.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            encrypted: Urls::of(settings).are_encrypted(),
        }
    }

    /// The policy if the settings cannot be read.
    pub(crate) fn unknown() -> Self {
        Self { encrypted: false }
    }
}

/// The middleware that sets the headers on every response. It keeps the values that a handler has
/// set.
pub(crate) fn protect(policy: Policy, mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFFING);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    let defaults = [
        (header::CONTENT_SECURITY_POLICY, INERT),
        (CROSS_ORIGIN_RESOURCE_POLICY, SAME_ORIGIN),
    ];
    for (name, value) in defaults {
        headers.entry(name).or_insert(value);
    }
    if policy.encrypted {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, TRANSPORT);
    }
    response
}

/// Allows pages of all origins to embed a response.
pub(crate) fn allow_embedding(headers: &mut HeaderMap) {
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, ANY_ORIGIN);
}
