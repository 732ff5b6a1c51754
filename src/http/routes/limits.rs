//! `GET /v1/limits`: the limits of this deployment, or of an upload ticket, which clients can check
//! before an upload.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::response::Response;
use axum::routing::get;
use serde::Serialize;

use super::{Route, bulk, tickets};
use crate::http::app::App;
use crate::http::input::query::{self, FromQuery, Query};
use crate::http::input::{json, listing, upload_terms};
use crate::http::openapi::schema;
use crate::http::reply;
use crate::http::reply::cached;
use crate::http::reply::problem::Problem;
use crate::http::reply::problem::ProblemKind::*;
use crate::media::{Strip, Trailing};
use crate::model::Timestamp;
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
    /// Limits of signed URLs.
    links: LinkLimits,
    /// Limits of upload tickets.
    upload_tickets: TicketLimits,
    /// Limits of a page of images.
    list: ListLimits,
    /// Limits of requests for many images.
    bulk: BulkLimits,
    /// Limits of JSON bodies.
    json: JsonLimits,
    /// What the upload ticket allows, if the request has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<AllowedView>,
}

/// What an upload ticket allows its holder, besides the limits of uploads.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = AllowedUploads)]
struct AllowedView {
    /// The name that the owner gave to the ticket.
    #[schema(required = true)]
    name: Option<String>,
    /// The file name that all images get; `null` if they keep the names of the files.
    #[schema(required = true)]
    filename: Option<String>,
    /// How many images the ticket allows.
    max_uploads: u32,
    /// How many more images may be uploaded with it.
    remaining_uploads: u32,
    /// The time at which it expires.
    #[schema(format = DateTime)]
    expires_at: String,
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

/// Limits of signed URLs.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct LinkLimits {
    /// The minimum of `expires_in`, in seconds.
    min_seconds: u64,
    /// The maximum of `expires_in`, in seconds.
    max_seconds: u64,
    /// The maximum number of links with a name of an image.
    max_named: u32,
    /// The maximum length of a name, in characters.
    max_name_characters: usize,
}

/// Limits of upload tickets.
#[derive(Debug, Serialize, utoipa::ToSchema)]
struct TicketLimits {
    /// The minimum of `expires_in`, in seconds.
    min_seconds: u64,
    /// The maximum of `expires_in`, in seconds.
    max_seconds: u64,
    /// The maximum of `max_uploads`.
    max_uploads: u32,
    /// The maximum length of a name, in characters.
    max_name_characters: usize,
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
/// Returns the limits of this deployment, which clients can check before an upload. With an upload
/// ticket, the limits of uploads are those of its holder, and `ticket` says what is left of it.
#[utoipa::path(
    get, path = "/v1/limits", operation_id = "getLimits", tag = "Service",
    params(LimitsParameters),
    responses((status = 200, description = "The limits.", body = LimitsView, headers(("ETag")))),
    extensions(
        ("x-cached" = json!(true)),
        ("x-problems" = json!([TicketInvalid, TicketExpired, TicketRevoked])),
    ),
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    uri: Uri,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let OfTicket(ticket) = query::parse(&uri)?;
    let Some(ticket) = ticket else {
        return cached::object(&headers, &view(&app));
    };
    let mut response = reply::ok(&view_of(&app, &ticket).await?);
    let no_store = HeaderValue::from_static("no-store");
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, no_store);
    Ok(response)
}

/// A query that may have an upload ticket.
struct OfTicket(Option<String>);

impl FromQuery for OfTicket {
    const NAMES: &'static [&'static str] = &["ticket"];

    fn from_query(query: &Query) -> Result<Self, Problem> {
        Ok(Self(query.one("ticket")?.map(str::to_owned)))
    }
}

/// The parameters of the request, for the description of the API.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(dead_code, reason = "describes the query")]
pub(crate) struct LimitsParameters {
    /// An upload ticket: what follows `ticket=` in its `upload_url`.
    ticket: Option<String>,
}

/// The limits of the holder of a ticket.
async fn view_of(app: &App, text: &str) -> Result<LimitsView, Problem> {
    let ticket = upload_terms::verified(app, text)?;
    let expires_at = Timestamp::from_seconds(ticket.exp).to_string();
    let terms = upload_terms::redeem(app, ticket)?;
    let mut view = view(app);
    let upload = &mut view.upload;
    upload.max_files = 1;
    let max_bytes = terms.max_bytes.unwrap_or(u64::MAX);
    upload.max_bytes = upload.max_bytes.min(max_bytes);
    if let Some(kinds) = &terms.kinds {
        let types = kinds.iter().map(|kind| kind.media_type());
        upload.content_types = types.collect();
    }
    if let Some(ticket) = &terms.ticket {
        let (remaining_uploads, name) = app.service.uploads_left(ticket).await?;
        view.ticket = Some(AllowedView {
            name,
            filename: ticket.filename.clone(),
            max_uploads: ticket.max_uploads.unwrap_or(1),
            remaining_uploads,
            expires_at,
        });
    }
    Ok(view)
}

fn view(app: &App) -> LimitsView {
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
        links: LinkLimits {
            min_seconds: 1,
            max_seconds: app.settings.access.max_link_seconds,
            max_named: service::MAX_NAMED_LINKS,
            max_name_characters: fields::MAX_NAME_CHARS,
        },
        upload_tickets: TicketLimits {
            min_seconds: 1,
            max_seconds: tickets::MAX_SECONDS,
            max_uploads: service::MAX_TICKET_UPLOADS,
            max_name_characters: fields::MAX_NAME_CHARS,
        },
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
        ticket: None,
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
