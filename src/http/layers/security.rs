//! Headers that keep browsers from doing with an answer what it is not for.

use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use axum::response::Response;

use crate::http::reply::urls::Urls;
use crate::settings::Settings;

const CROSS_ORIGIN_RESOURCE_POLICY: HeaderName =
    HeaderName::from_static("cross-origin-resource-policy");
/// Whose page may show an answer without having asked by CORS: those of its own origin.
/// What anybody may embed says [`ANY_ORIGIN`] instead.
const SAME_ORIGIN: HeaderValue = HeaderValue::from_static("same-origin");
const ANY_ORIGIN: HeaderValue = HeaderValue::from_static("cross-origin");
/// Nothing in an answer is loaded or run, and no page frames it.
const INERT: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
/// URLs may be signed: they are told to nobody.
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const NO_SNIFFING: HeaderValue = HeaderValue::from_static("nosniff");
/// A year.
const TRANSPORT: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// What of the settings decides about them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Policy {
    /// The application is reached by https, so browsers may be told to use nothing else.
    encrypted: bool,
}

impl Policy {
    /// The policy of a deployment.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            encrypted: Urls::of(settings).are_encrypted(),
        }
    }

    /// The policy where the settings cannot be read.
    pub(crate) fn unknown() -> Self {
        Self { encrypted: false }
    }
}

/// The middleware that sets them on every answer. What a handler has set stays.
pub(crate) async fn protect(State(policy): State<Policy>, mut response: Response) -> Response {
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

/// Lets pages of every origin embed what is answered.
pub(crate) fn allow_embedding(headers: &mut HeaderMap) {
    headers.insert(CROSS_ORIGIN_RESOURCE_POLICY, ANY_ORIGIN);
}
