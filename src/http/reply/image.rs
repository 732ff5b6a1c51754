//! The image object, and pages of image objects.

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
use crate::http::openapi::schema;
use crate::http::reply::json;
use crate::http::reply::problem::Problem;
use crate::http::reply::urls::Urls;
use crate::model::Image;

/// An image, without its content.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Image)]
pub(crate) struct ImageView<'a> {
    /// The id of the image. Ids are UUIDv7, so they sort by upload time.
    id: Uuid,
    /// The owner of the image: the `sub` of the token or the ticket that it was uploaded with.
    owner: &'a str,
    /// The file name given by the uploader, without folders and control characters.
    #[schema(required = true)]
    filename: Option<&'a str>,
    /// The media type, determined from the content.
    #[schema(value_type = schema::ContentType)]
    content_type: &'a str,
    /// The size in bytes.
    size: u64,
    /// The SHA-256 of the content, in lower-case hexadecimal.
    #[schema(pattern = "^[0-9a-f]{64}$")]
    sha256: String,
    /// The width in pixels, with orientation applied.
    #[schema(minimum = 1)]
    width: u32,
    /// The height in pixels, with orientation applied.
    #[schema(minimum = 1)]
    height: u32,
    /// The number of frames; 1 unless the image is animated.
    #[schema(minimum = 1)]
    frames: u32,
    /// What to show while the image loads. Absent until it is made, which is no change of the image.
    #[serde(skip_serializing_if = "Option::is_none")]
    placeholder: Option<PlaceholderView<'a>>,
    /// The time of the upload.
    #[schema(format = DateTime)]
    created_at: String,
    /// The time of the last change to the image object.
    #[schema(format = DateTime)]
    updated_at: String,
    /// Who may download the image without a token: nobody (`private`) or anyone (`public`).
    #[schema(value_type = schema::Visibility)]
    visibility: &'static str,
    /// The tags, in the order in which they were given, without duplicates.
    #[schema(value_type = schema::Tags)]
    tags: &'a [String],
    /// The owner's custom key-value pairs.
    metadata: &'a BTreeMap<String, String>,
    /// The id of the upload ticket that the image was uploaded with. Absent if there was none.
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<&'a str>,
    /// The URLs of the image.
    links: Links,
}

/// What to show while an image loads.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Placeholder)]
struct PlaceholderView<'a> {
    /// A [ThumbHash](https://evanw.github.io/thumbhash/) of the image in base64: a blurred picture
    /// with the ratio and the transparency of the image, in about 25 bytes.
    #[schema(content_encoding = "base64")]
    thumbhash: &'a str,
    /// A [BlurHash](https://blurha.sh) of the image, on white.
    blurhash: &'a str,
    /// The mean colour of what is visible in the image.
    #[schema(pattern = "^#[0-9a-f]{6}$")]
    color: &'a str,
}

/// The URLs of an image.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImageLinks)]
struct Links {
    /// The URL of the image object.
    #[serde(rename = "self")]
    #[schema(format = "uri-reference")]
    this: String,
    /// The URL of the content.
    #[schema(format = "uri-reference")]
    content: String,
    /// The URL of the content in any width and the best format for the client: a template
    /// (RFC 6570) with the variable `w`, the width in pixels. Absent unless anybody may request
    /// it: the image is public and the deployment derives public images for all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(format = "uri-template")]
    srcset: Option<String>,
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
            placeholder: image.placeholder.as_ref().map(|made| PlaceholderView {
                thumbhash: made.thumbhash(),
                blurhash: made.blurhash(),
                color: made.color(),
            }),
            created_at: image.created_at.to_string(),
            updated_at: image.updated_at.to_string(),
            visibility: image.visibility.as_str(),
            tags: &image.tags,
            metadata: &image.metadata,
            ticket: image.ticket.as_deref(),
            links: Links {
                this: urls.image(image.id),
                content: urls.content(image.id),
                srcset: urls.srcset(image),
            },
        }
    }
}

/// A page of images.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = ImagePage)]
pub(crate) struct PageView<'a> {
    /// The images of this page.
    pub(crate) items: Vec<ImageView<'a>>,
    /// The `cursor` of the next page; `null` on the last page.
    #[schema(required = true)]
    pub(crate) next_cursor: Option<String>,
}

/// The images of an upload.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Images)]
pub(crate) struct ItemsView<'a> {
    /// The images, in the order of the files.
    pub(crate) items: Vec<ImageView<'a>>,
}

/// The response with an image object, and the object's validators.
///
/// The entity tag is computed from the bytes of the response, so it also changes with the base URL
/// and with the component's version of the image object.
pub(crate) fn object(app: &App, image: &Image) -> Result<(Response, Validators), Problem> {
    let body = json::print(&ImageView::new(Urls::of(&app.settings), image))?;
    let validators = Validators {
        etag: entity_tag(&body),
        equivalent: None,
        last_modified: image.updated_at.seconds(),
    };
    let mut response = json::response(body);
    validators.print(response.headers_mut(), app.service.now());
    Ok((response, validators))
}

/// The validators that the condition of a change is compared with. A client that has seen the image
/// before its placeholder was made has seen everything that it may change.
pub(crate) fn validators_for_change(app: &App, image: &Image) -> Result<Validators, Problem> {
    let (_, mut validators) = object(app, image)?;
    if image.placeholder.is_some() {
        let mut before = ImageView::new(Urls::of(&app.settings), image);
        before.placeholder = None;
        validators.equivalent = Some(entity_tag(&json::print(&before)?));
    }
    Ok(validators)
}

fn entity_tag(body: &[u8]) -> EntityTag {
    EntityTag::strong(URL_SAFE_NO_PAD.encode(Sha256::digest(body)))
}
