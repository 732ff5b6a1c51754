//! The image object and pages of it.

use std::collections::BTreeMap;

use axum::response::Response;
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
use crate::http::reply::json;
use crate::http::reply::problem::Problem;
use crate::http::reply::urls::Urls;
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
    /// The view of an image.
    pub(crate) fn new(urls: Urls<'_>, image: &'a Image) -> Self {
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
                this: urls.image(image.id),
                content: urls.content(image.id),
            },
        }
    }
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

/// An image object as it is sent, and what tells its state from others.
///
/// The tag is that of the very bytes, so it also changes with the base URL and with
/// what another version of the component says of an image.
pub(crate) fn object(app: &App, image: &Image) -> Result<(Response, Validators), Problem> {
    let body = json::print(&ImageView::new(Urls::of(&app.settings), image))?;
    let validators = Validators {
        etag: EntityTag::strong(URL_SAFE_NO_PAD.encode(Sha256::digest(&body))),
        last_modified: image.updated_at.seconds(),
    };
    let mut response = json::response(body);
    validators.print(response.headers_mut(), app.service.now());
    Ok((response, validators))
}
