//! `/v1/upload-tickets`: URLs that allow uploads without a token. What a ticket allows is signed, and
//! recorded as it is signed.

pub(in crate::http) mod listing;

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::{Route, seconds};
use crate::auth::Grant;
use crate::auth::ticket::{self, Ticket};
use crate::http::app::App;
use crate::http::input::extract::{Authorized, Write};
use crate::http::input::json::{self, Json, List, Members};
use crate::http::input::upload_terms;
use crate::http::input::visibility::visibility;
use crate::http::openapi::schema;
use crate::http::reply;
use crate::http::reply::problem::Problem;
use crate::http::reply::problem::ProblemKind::*;
use crate::http::reply::urls::Urls;
use crate::model::{self, TicketStatus, Timestamp, Visibility};
use crate::service::MAX_TICKET_UPLOADS;
use crate::service::fields::{self, MAX_METADATA_MEMBERS};

/// The longest lifetime of a ticket, in seconds.
pub(crate) const MAX_SECONDS: u64 = 30 * 86_400;
/// The maximum number of types that a ticket may name. It exceeds the number of all names of all
/// types.
const MAX_TYPES: usize = 16;

pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/v1/upload-tickets", get(listing::list).post(create)),
        ("/v1/upload-tickets/{ticket}", get(show).delete(revoke)),
    ]
}

/// The terms of a new upload ticket.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTicket {
    /// The lifetime in seconds.
    #[serde(deserialize_with = "json::whole")]
    #[schema(value_type = schema::TicketSeconds)]
    expires_in: u64,
    /// How many images may be uploaded with the ticket. The default is 1.
    #[serde(default, deserialize_with = "json::whole_or_null")]
    #[schema(value_type = Option<schema::Uploads>)]
    max_uploads: Option<u64>,
    /// The name of the ticket, which holders of the ticket can read.
    #[serde(default)]
    #[schema(value_type = Option<schema::ShortName>)]
    name: Option<String>,
    /// The maximum size of the file, in bytes. The default is the deployment's limit.
    #[serde(default, deserialize_with = "json::whole_or_null")]
    #[schema(value_type = Option<schema::Bytes>)]
    max_bytes: Option<u64>,
    /// The accepted media types. The default is all types that the deployment accepts.
    #[serde(default)]
    #[schema(value_type = Vec<schema::ContentType>)]
    content_types: List<String, MAX_TYPES>,
    /// The image's tags.
    #[serde(default)]
    #[schema(value_type = schema::Tags)]
    tags: List<String, { fields::MAX_TAGS }>,
    /// The image's custom key-value pairs.
    #[serde(default)]
    #[schema(value_type = schema::Metadata)]
    metadata: Members<String, MAX_METADATA_MEMBERS>,
    /// The file name of the image. The default is the name that the uploader gives to the file.
    #[serde(default)]
    #[schema(value_type = Option<schema::Filename>)]
    filename: Option<String>,
    /// Who may download the image without a token.
    #[serde(default)]
    #[schema(value_type = Option<schema::Visibility>)]
    visibility: Option<String>,
}

/// An upload ticket.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = Ticket)]
pub(crate) struct TicketView {
    /// The id of the ticket. Images that are uploaded with it have the id in `ticket`, and
    /// `GET /v1/images?ticket=` finds them.
    #[schema(value_type = schema::TicketId)]
    ticket: String,
    /// The URL to POST files to, one by one; `null` unless the ticket is open.
    #[schema(format = "uri-reference", required = true)]
    upload_url: Option<String>,
    /// The time at which the ticket expires.
    #[schema(format = DateTime)]
    expires_at: String,
    /// The owner of the images.
    owner: String,
    /// The name of the ticket.
    #[schema(required = true)]
    name: Option<String>,
    /// Whether the ticket may be used (`open`) or not: it was used as often as it may be (`used`),
    /// it expired before that (`expired`), or it was revoked (`revoked`).
    #[schema(value_type = schema::TicketStatus)]
    status: &'static str,
    /// How many images may be uploaded with the ticket.
    max_uploads: u32,
    /// How many images have been uploaded with it. Images that were deleted since count too.
    uploads: u32,
    /// The maximum size of a file, in bytes; `null` for the deployment's limit.
    #[schema(required = true)]
    max_bytes: Option<u64>,
    /// The accepted media types; empty for all types that the deployment accepts.
    #[schema(value_type = Vec<schema::ContentType>)]
    content_types: Vec<String>,
    /// The tags of the images.
    #[schema(value_type = schema::Tags)]
    tags: Vec<String>,
    /// The custom key-value pairs of the images.
    #[schema(value_type = schema::Metadata)]
    metadata: BTreeMap<String, String>,
    /// The file name of the images; `null` for the name that the uploader gives to each file.
    #[schema(required = true)]
    filename: Option<String>,
    /// Who may download the images without a token.
    #[schema(value_type = schema::Visibility)]
    visibility: String,
    /// The time at which the ticket was created.
    #[schema(format = DateTime)]
    created_at: String,
    /// The time at which the ticket was revoked; `null` if it was not.
    #[schema(format = DateTime, required = true)]
    revoked_at: Option<String>,
}

impl TicketView {
    /// The view of a recorded ticket.
    fn of(app: &App, record: model::Ticket) -> Result<Self, Problem> {
        let status = record.status(app.service.now());
        let signed: Ticket = serde_json::from_str(&record.terms)
            .map_err(|_| Problem::new(Internal, "the record of the ticket is damaged"))?;
        let is_open = status == TicketStatus::Open;
        let url = is_open.then(|| {
            let text = signed.sign(&app.settings.access.signing_keys)?;
            Ok::<_, Problem>(Urls::of(&app.settings).at(&format!("/v1/images?ticket={text}")))
        });
        let visibility = signed.visibility.as_deref().and_then(Visibility::parse);
        Ok(Self {
            ticket: record.id,
            upload_url: url.transpose()?,
            expires_at: record.expires_at.to_string(),
            owner: record.owner,
            name: record.name,
            status: status.as_str(),
            max_uploads: record.max_uploads,
            uploads: record.uploads,
            max_bytes: signed.max_bytes,
            content_types: signed.content_types,
            tags: signed.tags,
            metadata: signed.metadata,
            filename: signed.filename,
            visibility: visibility.unwrap_or_default().as_str().to_owned(),
            created_at: record.created_at.to_string(),
            revoked_at: record.revoked_at.map(|time| time.to_string()),
        })
    }
}

/// Create an upload ticket
///
/// Creates a URL that allows uploads without a token, for example from a browser: one, or up to
/// `max_uploads`. A failed upload does not count.
#[utoipa::path(
    post, path = "/v1/upload-tickets", operation_id = "createTicket", tag = "Tickets",
    request_body = NewTicket,
    responses((status = 201, description = "The ticket.", body = TicketView)),
    security(("token" = ["images:write"])),
    extensions(("x-problems" = json!([TooManyTickets]))),
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Authorized<Write>,
    Json(body): Json<NewTicket>,
) -> Result<Response, Problem> {
    let record = record(&app, caller.grant, body)?;
    app.service.create_ticket(&record).await?;
    Ok(reply::created(&TicketView::of(&app, record)?))
}

/// Checks the terms of a new ticket, and returns its record.
fn record(app: &App, grant: Grant, body: NewTicket) -> Result<model::Ticket, Problem> {
    let lifetime = seconds("expires_in", body.expires_in, MAX_SECONDS)?;
    let max_uploads = uploads(body.max_uploads.unwrap_or(1))?;
    let name = body.name.as_deref().map(fields::name).transpose()?;
    if body.max_bytes == Some(0) {
        return Err(Problem::bad_request("max_bytes must be at least 1"));
    }
    let List(content_types) = body.content_types;
    upload_terms::kinds(app, &content_types)?;
    let visibility = body.visibility.as_deref().map(visibility).transpose()?;
    let now = app.service.now();
    let expires = now.seconds() + lifetime;
    let filename = body.filename.as_deref().map(fields::filename).transpose()?;
    let Members(metadata) = body.metadata;
    let ticket = Ticket {
        id: app.service.new_id(),
        sub: grant.owner,
        quota: grant.quota,
        exp: expires,
        max_uploads: Some(max_uploads),
        max_bytes: body.max_bytes,
        content_types,
        tags: fields::tags(body.tags.0.iter().map(String::as_str))?,
        metadata: fields::metadata(metadata)?,
        filename,
        visibility: visibility.map(|visibility| visibility.as_str().to_owned()),
    };
    if ticket.sign(&app.settings.access.signing_keys)?.len() > ticket::MAX_TICKET_BYTES {
        let detail = "the ticket's tags, metadata and content_types are too long in total";
        return Err(Problem::bad_request(detail));
    }
    let terms = serde_json::to_string(&ticket)
        .map_err(|_| Problem::new(Internal, "the ticket cannot be recorded"))?;
    Ok(model::Ticket {
        id: ticket.id,
        owner: ticket.sub,
        name,
        terms,
        max_uploads,
        uploads: 0,
        created_at: now,
        expires_at: Timestamp::from_seconds(expires),
        revoked_at: None,
    })
}

/// Checks a number of uploads.
fn uploads(wanted: u64) -> Result<u32, Problem> {
    let number = u32::try_from(wanted).ok();
    let number = number.filter(|number| (1..=MAX_TICKET_UPLOADS).contains(number));
    number.ok_or_else(|| {
        let detail = format!("max_uploads must be from 1 to {MAX_TICKET_UPLOADS}");
        Problem::bad_request(detail)
            .with("field", "max_uploads")
            .with("limit", MAX_TICKET_UPLOADS)
            .with("actual", wanted)
    })
}

/// Get an upload ticket
///
/// Returns what a ticket allows, and how often it has been used.
#[utoipa::path(
    get, path = "/v1/upload-tickets/{ticket}", operation_id = "getTicket", tag = "Tickets",
    responses((status = 200, description = "The ticket.", body = TicketView)),
    security(("token" = ["images:write"])),
)]
pub(crate) async fn show(
    State(app): State<Arc<App>>,
    caller: Authorized<Write>,
    Path(id): Path<String>,
) -> Result<Response, Problem> {
    let found = app.service.find_ticket(&caller.grant, &id).await?;
    Ok(reply::ok(&TicketView::of(&app, found)?))
}

/// Revoke an upload ticket
///
/// Revokes a ticket immediately: nothing more can be uploaded with it, and uploads under way fail.
/// Images that have been uploaded with it stay. A revoked ticket can be revoked again.
#[utoipa::path(
    delete, path = "/v1/upload-tickets/{ticket}", operation_id = "revokeTicket", tag = "Tickets",
    responses((status = 204, description = "The ticket is revoked.")),
    security(("token" = ["images:write"])),
)]
pub(crate) async fn revoke(
    State(app): State<Arc<App>>,
    caller: Authorized<Write>,
    Path(id): Path<String>,
) -> Result<StatusCode, Problem> {
    app.service.revoke_ticket(&caller.grant, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}
