//! `/v1/upload-tickets`: URLs that allow one upload without a token.

use std::sync::Arc;

use axum::extract::State;
use axum::response::Response;
use axum::routing::post;
use serde::{Deserialize, Serialize};

use super::{Route, seconds};
use crate::auth::ticket::{self, Ticket};
use crate::http::app::App;
use crate::http::input::extract::{Authorized, Write};
use crate::http::input::json::{self, Json, List, Members};
use crate::http::input::upload_terms;
use crate::http::input::visibility::visibility;
use crate::http::openapi::schema;
use crate::http::reply;
use crate::http::reply::problem::Problem;
use crate::http::reply::urls::Urls;
use crate::model::Timestamp;
use crate::service::fields::{self, MAX_METADATA_MEMBERS};

/// The longest lifetime of a ticket, in seconds.
pub(crate) const MAX_SECONDS: u64 = 86_400;
/// The maximum number of types that a ticket may name. It exceeds the number of all names of all
/// types.
const MAX_TYPES: usize = 16;

pub(super) fn routes() -> Vec<Route> {
    vec![("/v1/upload-tickets", post(create))]
}

/// The terms of a new upload ticket.
#[derive(Debug, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewTicket {
    /// The lifetime in seconds.
    #[serde(deserialize_with = "json::whole")]
    #[schema(value_type = schema::TicketSeconds)]
    expires_in: u64,
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
    /// The id of the ticket. The image that is uploaded with it has the id in `ticket`, and
    /// `GET /v1/images?ticket=` finds it.
    ticket: String,
    /// The URL to POST the file to. It allows one upload.
    #[schema(format = "uri-reference")]
    upload_url: String,
    /// The time at which the ticket expires.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Create an upload ticket
///
/// Creates a URL that allows one upload without a token, for example from a browser. A failed
/// upload does not use up the ticket.
#[utoipa::path(
    post, path = "/v1/upload-tickets", operation_id = "createTicket", tag = "Tickets",
    request_body = NewTicket,
    responses((status = 201, description = "The ticket.", body = TicketView)),
    security(("token" = ["images:write"])),
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    caller: Authorized<Write>,
    Json(body): Json<NewTicket>,
) -> Result<Response, Problem> {
    let lifetime = seconds("expires_in", body.expires_in, MAX_SECONDS)?;
    if body.max_bytes == Some(0) {
        return Err(Problem::bad_request("max_bytes must be at least 1"));
    }
    let List(content_types) = body.content_types;
    upload_terms::kinds(&app, &content_types)?;
    let visibility = body.visibility.as_deref().map(visibility).transpose()?;
    let expires = app.service.now().seconds() + lifetime;
    let filename = body.filename.as_deref().map(fields::filename).transpose()?;
    let Members(metadata) = body.metadata;
    let ticket = Ticket {
        id: app.service.new_id(),
        sub: caller.grant.owner,
        quota: caller.grant.quota,
        exp: expires,
        max_bytes: body.max_bytes,
        content_types,
        tags: fields::tags(body.tags.0.iter().map(String::as_str))?,
        metadata: fields::metadata(metadata)?,
        filename,
        visibility: visibility.map(|visibility| visibility.as_str().to_owned()),
    };
    let text = ticket.sign(&app.settings.access.signing_keys)?;
    if text.len() > ticket::MAX_TICKET_BYTES {
        let detail = "the ticket's tags, metadata and content_types are too long in total";
        return Err(Problem::bad_request(detail));
    }
    let path = format!("/v1/images?ticket={text}");
    Ok(reply::created(&TicketView {
        ticket: ticket.id,
        upload_url: Urls::of(&app.settings).at(&path),
        expires_at: Timestamp::from_seconds(expires).to_string(),
    }))
}
