//! `GET /v1/limits`: what this deployment accepts, so that a client can tell before it
//! uploads.

use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;

use super::{Route, tickets};
use crate::http::app::App;
use crate::http::input::{json, listing};
#[cfg(test)]
use crate::http::openapi::schema;
use crate::http::reply::cached;
use crate::http::reply::problem::Problem;
use crate::media::{Strip, Trailing};
use crate::service::{self, fields, filename};
use crate::settings::Settings;

pub(super) fn routes() -> Vec<Route> {
    vec![("/v1/limits", get(show))]
}

/// What this deployment accepts.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema), schema(as = Limits))]
pub(crate) struct LimitsView {
    /// What an upload may be.
    upload: UploadLimits,
    /// What the tags of an image may be.
    tags: TagLimits,
    /// What the metadata of an image may be.
    metadata: MetadataLimits,
    /// How long signed URLs may live.
    links: ExpiryLimits,
    /// How long upload tickets may live.
    upload_tickets: ExpiryLimits,
    /// How long pages of images may be.
    list: ListLimits,
    /// What JSON bodies may be.
    json: JsonLimits,
}

/// What an upload may be.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct UploadLimits {
    /// The types that are accepted.
    #[cfg_attr(test, schema(value_type = Vec<schema::ContentType>))]
    content_types: Vec<&'static str>,
    /// The largest file.
    max_bytes: u64,
    /// The most pixels, width times height.
    max_pixels: u64,
    /// The widest, in pixels, before orientation.
    max_width: u32,
    /// The highest, in pixels, before orientation.
    max_height: u32,
    /// The most frames of an animation.
    max_frames: u32,
    /// The most files of a form.
    max_files: usize,
    /// The longest file name; a longer one is shortened.
    max_filename_bytes: usize,
    /// The largest piece of metadata in a file.
    max_metadata_bytes: u64,
    /// What metadata is removed: `gps` (where it was taken), `all` or `none`.
    strip_metadata: &'static str,
    /// What becomes of bytes after an image's end: `strip`, or `reject` the file.
    trailing_data: &'static str,
}

/// What the tags of an image may be.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct TagLimits {
    /// The most tags.
    max_count: usize,
    /// The longest tag.
    max_characters: usize,
}

/// What the metadata of an image may be.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct MetadataLimits {
    /// All names and values together, in UTF-8.
    max_bytes: usize,
}

/// What `expires_in` may be.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ExpiryLimits {
    /// The shortest.
    min_seconds: u64,
    /// The longest.
    max_seconds: u64,
}

/// What `limit` may be.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct ListLimits {
    /// Where it is not there.
    default_limit: u32,
    /// The most.
    max_limit: u32,
}

/// What JSON bodies may be.
#[derive(Debug, Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
struct JsonLimits {
    /// The longest.
    max_bytes: usize,
}

/// Tell what is accepted
///
/// What this deployment accepts, so that a client can tell before it uploads.
#[cfg_attr(test, utoipa::path(
    get, path = "/v1/limits", operation_id = "getLimits", tag = "Service",
    responses((status = 200, description = "The limits.", body = LimitsView, headers(("ETag")))),
    extensions(("x-cached" = json!(true))),
))]
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
        json: JsonLimits {
            max_bytes: json::MAX_BYTES,
        },
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
