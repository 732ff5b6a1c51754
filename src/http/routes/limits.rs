//! `GET /v1/limits`: the limits of this deployment, which clients can check before an upload.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;

use super::{Route, bulk, tickets};
use crate::http::app::App;
use crate::http::input::{json, listing};
use crate::http::openapi::schema;
use crate::http::reply::cached;
use crate::http::reply::problem::Problem;
use crate::media::{Strip, Trailing};
use crate::service::{self, fields, filename};
use crate::settings::{Derived, Settings};

pub(super) fn routes() -> Vec<Route> {
    vec![("/v1/limits", get(show))]
}

/// The limits of this deployment.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Limits)]
pub(crate) struct LimitsView {
    /// Limits of uploads.
    upload: UploadLimits,
    /// Limits of derived images.
    derived: DerivedLimits,
    /// Limits of an image's tags.
    tags: TagLimits,
    /// Limits of an image's metadata.
    metadata: MetadataLimits,
    /// Limits of a signed URL's lifetime.
    links: ExpiryLimits,
    /// Limits of an upload ticket's lifetime.
    upload_tickets: ExpiryLimits,
    /// Limits of a page of images.
    list: ListLimits,
    /// Limits of requests for many images.
    bulk: BulkLimits,
    /// Limits of JSON bodies.
    json: JsonLimits,
}

/// Limits of uploads.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct UploadLimits {
    /// The accepted media types.
    #[schema(value_type = Vec<schema::ContentType>)]
    content_types: Vec<&'static str>,
    /// The maximum size of a file, in bytes.
    max_bytes: u64,
    /// The maximum number of pixels: width times height.
    max_pixels: u64,
    /// The maximum width in pixels, before orientation is applied.
    max_width: u32,
    /// The maximum height in pixels, before orientation is applied.
    max_height: u32,
    /// The maximum number of frames of an animation.
    max_frames: u32,
    /// The maximum number of files in a form.
    max_files: usize,
    /// The maximum length of a file name, in bytes. Longer names are truncated.
    max_filename_bytes: usize,
    /// The maximum size of a block of metadata in a file, in bytes.
    max_metadata_bytes: u64,
    /// The metadata that is removed from files: `gps` (locations), `all` or `none`.
    strip_metadata: &'static str,
    /// How data after the end of an image is handled: `strip` removes it, `reject` refuses the
    /// file.
    trailing_data: &'static str,
}

/// Limits of derived images.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct DerivedLimits {
    /// Whether this deployment derives images.
    enabled: bool,
    /// Who may request which transforms: `signed` (with a token or in a signed URL any, without
    /// only presets), `presets` (only presets) or `any`.
    policy: &'static str,
    /// The presets: names, and the transform that each stands for, as a query.
    presets: BTreeMap<String, String>,
    /// Widths in pixels for the `srcset` of a page, ascending.
    width_ladder: Vec<u32>,
    /// Whether the width of a requested image is raised to the next one of `width_ladder`.
    snap_widths: bool,
    /// The maximum width and height of a derived image, in pixels.
    max_side: u32,
    /// The maximum number of pixels of an image to derive from: width times height times frames.
    max_pixels: u64,
}

/// Limits of an image's tags.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct TagLimits {
    /// The maximum number of tags.
    max_count: usize,
    /// The maximum length of a tag, in characters.
    max_characters: usize,
}

/// Limits of an image's metadata.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct MetadataLimits {
    /// The maximum total size of all names and values, in bytes of UTF-8.
    max_bytes: usize,
}

/// Limits of `expires_in`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ExpiryLimits {
    /// The minimum, in seconds.
    min_seconds: u64,
    /// The maximum, in seconds.
    max_seconds: u64,
}

/// Limits of the parameter `limit`.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct ListLimits {
    /// The default.
    default_limit: u32,
    /// The maximum.
    max_limit: u32,
}

/// Limits of requests for many images.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct BulkLimits {
    /// The maximum number of images of a request.
    max_images: usize,
}

/// Limits of JSON bodies.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct JsonLimits {
    /// The maximum size, in bytes.
    max_bytes: usize,
}

/// Get limits
///
/// Returns the limits of this deployment, which clients can check before an upload.
#[utoipa::path(
    get, path = "/v1/limits", operation_id = "getLimits", tag = "Service",
    responses((status = 200, description = "The limits.", body = LimitsView, headers(("ETag")))),
    extensions(("x-cached" = json!(true))),
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    cached::object(&headers, &view(&app))
}

fn view(app: &App) -> LimitsView {
    let expiry = |max_seconds| ExpiryLimits {
        min_seconds: 1,
        max_seconds,
    };
    LimitsView {
        upload: upload(&app.settings),
        derived: derived(&app.settings.derived),
        tags: TagLimits {
            max_count: fields::MAX_TAGS,
            max_characters: fields::MAX_TAG_CHARS,
        },
        metadata: MetadataLimits {
            max_bytes: fields::MAX_METADATA_BYTES,
        },
        links: expiry(app.settings.access.max_link_seconds),
        upload_tickets: expiry(tickets::MAX_SECONDS),
        list: ListLimits {
            default_limit: listing::DEFAULT_LIMIT,
            max_limit: listing::MAX_LIMIT,
        },
        bulk: BulkLimits {
            max_images: bulk::MAX_IMAGES,
        },
        json: JsonLimits {
            max_bytes: json::MAX_BYTES,
        },
    }
}

fn derived(settings: &Derived) -> DerivedLimits {
    let presets = settings.presets.iter();
    DerivedLimits {
        enabled: settings.is_on,
        policy: settings.policy.as_str(),
        presets: presets
            .map(|(name, transform)| (name.to_owned(), transform.to_string()))
            .collect(),
        width_ladder: settings.ladder.widths().to_vec(),
        snap_widths: settings.snaps,
        max_side: settings.max_side,
        max_pixels: settings.max_pixels,
    }
}

fn upload(settings: &Settings) -> UploadLimits {
    let media = &settings.media;
    let accepted = media.accepted.iter();
    UploadLimits {
        content_types: accepted.map(|kind| kind.media_type()).collect(),
        max_bytes: settings.uploads.max_bytes,
        max_pixels: media.max_pixels,
        max_width: media.max_width,
        max_height: media.max_height,
        max_frames: media.max_frames,
        max_files: service::MAX_FILES,
        max_filename_bytes: filename::MAX_BYTES,
        max_metadata_bytes: media.max_metadata_bytes,
        strip_metadata: match media.strip {
            Some(Strip::Location) => "gps",
            Some(Strip::All) => "all",
            None => "none",
        },
        trailing_data: match media.trailing {
            Trailing::Cut => "strip",
            Trailing::Reject => "reject",
        },
    }
}
