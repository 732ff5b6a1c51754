//! The JSON that is sent: the image object and pages of it.

use std::collections::BTreeMap;

use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::http::app::App;
use crate::http::headers::conditional::Validators;
use crate::http::headers::entity_tag::EntityTag;
#[cfg(test)]
use crate::http::openapi::schema;
use crate::http::reply::problem::{Problem, ProblemKind};
use crate::model::Image;

/// An image, without its bytes.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Image))]
pub(crate) struct ImageView<'a> {
    /// Names the image: a UUIDv7, so ids are in the order of uploads.
    id: Uuid,
    /// The `sub` of the token that uploaded it.
    owner: &'a str,
    /// As the uploader named it, without folders and control characters.
    #[cfg_attr(test, schema(required = true))]
    filename: Option<&'a str>,
    /// What the bytes are, told from the bytes.
    #[cfg_attr(test, schema(value_type = schema::ContentType))]
    content_type: &'a str,
    /// Bytes.
    size: u64,
    /// SHA-256 of the bytes, in lower-case hex.
    #[cfg_attr(test, schema(pattern = "^[0-9a-f]{64}$"))]
    sha256: String,
    /// Pixels, after orientation.
    #[cfg_attr(test, schema(minimum = 1))]
    width: u32,
    /// Pixels, after orientation.
    #[cfg_attr(test, schema(minimum = 1))]
    height: u32,
    /// 1 unless animated.
    #[cfg_attr(test, schema(minimum = 1))]
    frames: u32,
    /// When it was uploaded.
    #[cfg_attr(test, schema(format = DateTime))]
    created_at: String,
    /// When anything of it last changed.
    #[cfg_attr(test, schema(format = DateTime))]
    updated_at: String,
    /// Who may read the bytes without a token: nobody, or anybody.
    #[cfg_attr(test, schema(value_type = schema::Visibility))]
    visibility: &'static str,
    /// In the order given, without repeats.
    #[cfg_attr(test, schema(value_type = schema::Tags))]
    tags: &'a [String],
    /// The owner's own notes.
    metadata: &'a BTreeMap<String, String>,
    /// Where to find it.
    links: Links,
}

/// Where to find an image.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = ImageLinks))]
struct Links {
    /// The image object.
    #[serde(rename = "self")]
    #[cfg_attr(test, schema(format = "uri-reference"))]
    this: String,
    /// The bytes.
    #[cfg_attr(test, schema(format = "uri-reference"))]
    content: String,
}

impl<'a> ImageView<'a> {
    /// `base` is the public base URL, or empty.
    pub(crate) fn new(base: &str, image: &'a Image) -> Self {
        let this = url(base, image.id);
        Self {
            id: image.id,
            owner: &image.owner,
            filename: image.filename.as_deref(),
            content_type: image.kind.media_type(),
            size: image.blob.size,
            sha256: image.sha256.to_string(),
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
pub(crate) fn url(base: &str, id: Uuid) -> String {
    format!("{base}/v1/images/{id}")
}

/// A page of images.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = ImagePage))]
pub(crate) struct PageView<'a> {
    /// The images of this page.
    pub(crate) items: Vec<ImageView<'a>>,
    /// The `cursor` of the next page; `null` on the last one.
    #[cfg_attr(test, schema(required = true))]
    pub(crate) next_cursor: Option<String>,
}

/// The images of an upload of several files.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Images))]
pub(crate) struct ItemsView<'a> {
    /// The images, in the order of the files.
    pub(crate) items: Vec<ImageView<'a>>,
}

/// A JSON response that no cache keeps for others.
pub(crate) fn json(view: &impl Serialize) -> Response {
    match to_json(view) {
        Ok(body) => response(body),
        Err(problem) => problem.into_response(),
    }
}

/// An object as JSON.
pub(crate) fn to_json(view: &impl Serialize) -> Result<Vec<u8>, Problem> {
    serde_json::to_vec(view)
        .map_err(|_| Problem::new(ProblemKind::Internal, "the answer cannot be written"))
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
pub(crate) fn object(app: &App, image: &Image) -> Result<(Response, Validators), Problem> {
    let base = app.settings.public_base_url.as_deref().unwrap_or_default();
    let body = to_json(&ImageView::new(base, image))?;
    let validators = Validators {
        etag: EntityTag::strong(URL_SAFE_NO_PAD.encode(Sha256::digest(&body))),
        last_modified: image.updated_at.seconds(),
    };
    let mut response = response(body);
    validators.print(response.headers_mut(), app.service.now());
    Ok((response, validators))
}
