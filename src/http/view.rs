//! The JSON that is sent: the image object and pages of it.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use super::App;
use super::conditional::Validators;
use super::entity_tag::EntityTag;
use super::problem::{Problem, ProblemKind};
use crate::catalog::Image;

/// The image object of the contract.
#[derive(Debug, Serialize)]
pub(super) struct ImageView<'a> {
    id: Uuid,
    owner: &'a str,
    filename: Option<&'a str>,
    content_type: &'a str,
    size: u64,
    sha256: &'a str,
    width: u32,
    height: u32,
    frames: u32,
    created_at: String,
    updated_at: String,
    visibility: &'static str,
    tags: &'a [String],
    metadata: &'a BTreeMap<String, String>,
    links: Links,
}

#[derive(Debug, Serialize)]
struct Links {
    #[serde(rename = "self")]
    this: String,
    content: String,
}

impl<'a> ImageView<'a> {
    /// `base` is the public base URL, or empty.
    pub(super) fn new(base: &str, image: &'a Image) -> Self {
        let this = url(base, image.id);
        Self {
            id: image.id,
            owner: &image.owner,
            filename: image.filename.as_deref(),
            content_type: &image.content_type,
            size: image.blob.size,
            sha256: &image.sha256,
            width: image.width,
            height: image.height,
            frames: image.frames,
            created_at: image.created_at.to_string(),
            updated_at: image.updated_at.to_string(),
            visibility: image.visibility.as_str(),
            tags: &image.tags,
            metadata: &image.metadata,
            links: Links {
                content: format!("{this}/content"),
                this,
            },
        }
    }
}

/// Where an image is.
pub(super) fn url(base: &str, id: Uuid) -> String {
    format!("{base}/v1/images/{id}")
}

/// `{"items": […], "next_cursor": …}`.
#[derive(Debug, Serialize)]
pub(super) struct PageView<'a> {
    pub(super) items: Vec<ImageView<'a>>,
    pub(super) next_cursor: Option<String>,
}

/// `{"items": […]}`.
#[derive(Debug, Serialize)]
pub(super) struct ItemsView<'a> {
    pub(super) items: Vec<ImageView<'a>>,
}

/// A JSON response that no cache keeps for others.
pub(super) fn json(view: &impl Serialize) -> Response {
    match serde_json::to_vec(view) {
        Ok(body) => response(body),
        Err(_) => axum::http::StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

fn response(body: Vec<u8>) -> Response {
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

/// An image object as it is sent, and what tells its state from others.
///
/// The tag is that of the very bytes, so it also changes with the base URL and with
/// what another version of the component says of an image.
pub(super) fn object(app: &App, image: &Image) -> Result<(Response, Validators), Problem> {
    let base = app.settings.public_base_url.as_deref().unwrap_or_default();
    let body = serde_json::to_vec(&ImageView::new(base, image))
        .map_err(|_| Problem::new(ProblemKind::Internal, "the image object can not be written"))?;
    let validators = Validators {
        etag: EntityTag::strong(URL_SAFE_NO_PAD.encode(Sha256::digest(&body))),
        last_modified: image.updated_at.seconds(),
    };
    let mut response = response(body);
    validators.print(response.headers_mut(), app.service.now());
    Ok((response, validators))
}
