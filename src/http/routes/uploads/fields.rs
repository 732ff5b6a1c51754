//! The header fields of both protocols.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};

use crate::http::app::App;
use crate::http::headers::date;
use crate::http::reply::problem::UPLOAD_OFFSET;
use crate::http::reply::urls::Urls;
use crate::service::resumable::ResumableState;

/// Marks requests and responses of tus.
pub(super) const TUS_RESUMABLE: HeaderName = HeaderName::from_static("tus-resumable");
/// The only version of tus.
pub(super) const TUS_VERSION: &str = "1.0.0";
/// The method that is meant.
pub(super) const METHOD_OVERRIDE: HeaderName = HeaderName::from_static("x-http-method-override");
/// The length of the file.
pub(super) const UPLOAD_LENGTH: HeaderName = HeaderName::from_static("upload-length");
/// When the upload expires.
const UPLOAD_EXPIRES: HeaderName = HeaderName::from_static("upload-expires");

/// Sets a field, unless its value cannot be sent.
pub(super) fn set(headers: &mut HeaderMap, name: HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        headers.insert(name, value);
    }
}

/// Sets the fields that say how far an upload is.
pub(super) fn set_state(headers: &mut HeaderMap, app: &App, upload: &ResumableState) {
    set(headers, UPLOAD_OFFSET, &upload.received.to_string());
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    if !upload.is_complete {
        let expires = upload.expires_at.seconds();
        set(headers, UPLOAD_EXPIRES, &date::print(expires));
    }
    if let Some(image) = &upload.image {
        let url = Urls::of(&app.settings).image(image.id);
        set(headers, header::CONTENT_LOCATION, &url);
    }
}
