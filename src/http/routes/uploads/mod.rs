//! `/v1/uploads` and `/v1/uploads/{upload}`: uploads that can be resumed.
//!
//! Two protocols share the uploads: tus 1.0.0 (`tus`), whose requests have the header
//! `Tus-Resumable`, and draft-ietf-httpbis-resumable-upload (`draft`), whose uploads begin with a
//! request to `/v1/images` (`routes/upload.rs`). This file has what does not depend on the
//! protocol. Whoever knows the URL of an upload may continue and end it, without a token: the
//! token or ticket with which it was begun may have expired long before.

pub(in crate::http) mod draft;
mod fields;
pub(in crate::http) mod tus;

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodFilter, get, on};
use serde::Serialize;

use super::Route;
use crate::http::app::App;
use crate::http::headers::tus as tus_headers;
use crate::http::input::extract::{Authorized, Write};
use crate::http::input::resumable::{self, terms_of_anybody};
use crate::http::layers::finish;
use crate::http::openapi::schema;
use crate::http::reply;
use crate::http::reply::problem::Problem;
use crate::http::reply::problem::ProblemKind::{self, *};
use crate::http::reply::urls::Urls;
use fields::{TUS_RESUMABLE, TUS_VERSION, set};

/// The methods of an upload.
const METHODS: MethodFilter = MethodFilter::HEAD
    .or(MethodFilter::PATCH)
    .or(MethodFilter::DELETE)
    .or(MethodFilter::POST)
    .or(MethodFilter::OPTIONS);

pub(super) fn routes() -> Vec<Route> {
    vec![
        ("/v1/uploads", get(list).post(tus::create).options(discover)),
        ("/v1/uploads/{upload}", on(METHODS, serve)),
    ]
}

/// Calls the handler of a request's method. The router knows one handler only, because each costs
/// as much code as a small handler has.
async fn serve(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let method = match request.method() {
        &Method::OPTIONS => return Ok(discover(State(app), request).await),
        &Method::POST => overriding(request.headers()),
        method => method.clone(),
    };
    let (parts, body) = request.into_parts();
    let id = resumable::id_of(&parts.uri)?;
    match method {
        Method::HEAD => show(&app, &id, &parts.headers).await,
        Method::PATCH => append(&app, &id, &parts.headers, body).await,
        Method::DELETE => end(&app, &id, &parts.headers).await,
        _ => {
            let mut refused = finish::other_method(Method::POST).await;
            let allow = HeaderValue::from_static("HEAD, PATCH, DELETE");
            refused.headers_mut().insert(header::ALLOW, allow);
            Ok(refused)
        }
    }
}

/// Whether a request is one of tus. The response to it is to be marked.
pub(in crate::http) fn is_tus(request: &Request) -> bool {
    request.headers().contains_key(TUS_RESUMABLE) && request.uri().path().starts_with("/v1/uploads")
}

/// Marks a response of tus as such.
pub(in crate::http) fn mark(response: &mut Response) {
    set(response.headers_mut(), TUS_RESUMABLE, TUS_VERSION);
}

/// The problems of adding bytes, for their description.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the description is generated in tests only")
)]
const APPEND_PROBLEMS: [ProblemKind; 17] = [
    UploadInterrupted,
    DigestMismatch,
    InconsistentUploadLength,
    TicketSpent,
    TicketRevoked,
    MismatchingUploadOffset,
    UploadExpired,
    UnsupportedTusVersion,
    TooLarge,
    UnsupportedType,
    UndecodableImage,
    TooManyPixels,
    TrailingData,
    MetadataTooLarge,
    ChecksumMismatch,
    UnsupportedCoding,
    QuotaExceeded,
];

/// An open upload.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = OpenUpload)]
pub(crate) struct UploadView {
    /// The URL of the upload. Whoever knows it may continue or end the upload.
    #[schema(format = "uri-reference")]
    url: String,
    /// The number of bytes received.
    #[schema(value_type = schema::Bytes)]
    offset: u64,
    /// The length of the file in bytes; `null` if it is not known yet.
    #[schema(value_type = Option<schema::Bytes>)]
    length: Option<u64>,
    /// The name of the file; `null` if it has none.
    filename: Option<String>,
    /// The time at which the upload began.
    #[schema(format = DateTime)]
    created_at: String,
    /// The time at which the upload expires if it receives nothing until then.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Open uploads.
#[derive(Debug, Serialize, utoipa::ToSchema)]
#[schema(as = OpenUploads)]
pub(crate) struct UploadsView {
    /// The uploads, newest first.
    items: Vec<UploadView>,
}

/// List open uploads
///
/// Returns the token owner's resumable uploads that are not images yet, newest first: all of them,
/// at most 1000.
#[utoipa::path(
    get, path = "/v1/uploads", operation_id = "listUploads", tag = "Uploads",
    responses((status = 200, description = "The uploads.", body = UploadsView)),
    security(("token" = ["images:write"])),
)]
pub(crate) async fn list(
    State(app): State<Arc<App>>,
    caller: Authorized<Write>,
) -> Result<Response, Problem> {
    let urls = Urls::of(&app.settings);
    let open = app.service.open_resumables(&caller.grant.owner).await?;
    let items = open.into_iter().map(|upload| UploadView {
        url: urls.upload(&upload.id),
        offset: upload.received,
        length: upload.length,
        filename: upload.filename,
        created_at: upload.created_at.to_string(),
        expires_at: upload.expires_at.to_string(),
    });
    Ok(reply::ok(&UploadsView {
        items: items.collect(),
    }))
}

/// Get the offset of an upload
///
/// Says how many bytes have been received, from where the client continues. A request that is
/// still adding bytes to the upload adds none from then on.
#[utoipa::path(
    head, path = "/v1/uploads/{upload}", operation_id = "showUpload", tag = "Uploads",
    params(("Tus-Resumable", Header)),
    responses(
        (status = 200, description = "The state of the upload.", headers(("Upload-Offset"), ("Upload-Length"))),
    ),
    extensions(("x-problems" = json!([UploadExpired, UnsupportedTusVersion]))),
)]
pub(crate) async fn show(app: &App, id: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    match headers.contains_key(TUS_RESUMABLE) {
        true => tus::show(app, id, headers).await,
        false => draft::show(app, id, headers).await,
    }
}

/// Add bytes to an upload
///
/// Appends the body at `Upload-Offset`, which must be the number of bytes that the upload has
/// received. If the connection breaks, the upload keeps what has arrived. The last bytes make it
/// an image, which `Content-Location` refers to; a client of the IETF draft gets the response of
/// `uploadImage`.
#[utoipa::path(
    patch, path = "/v1/uploads/{upload}", operation_id = "appendToUpload", tag = "Uploads",
    params(("Tus-Resumable", Header), ("Upload-Offset", Header), ("Upload-Checksum", Header)),
    request_body(content((Vec<u8> = "application/offset+octet-stream"), (Vec<u8> = "application/partial-upload"))),
    responses(
        (status = 204, description = "The bytes were added.", headers(("Upload-Offset"), ("Upload-Expires"), ("Content-Location"))),
    ),
    extensions(("x-problems" = json!(APPEND_PROBLEMS))),
)]
pub(crate) async fn append(
    app: &App,
    id: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    match tus::is_meant(headers) {
        true => tus::append(app, id, headers, body).await,
        false => Ok(draft::append(app, id, headers, body).await),
    }
}

/// End an upload
///
/// Deletes an upload and what it has received. The image of a complete upload stays.
#[utoipa::path(
    delete, path = "/v1/uploads/{upload}", operation_id = "endUpload", tag = "Uploads",
    params(("Tus-Resumable", Header)),
    responses((status = 204, description = "The upload has ended.")),
    extensions(("x-problems" = json!([UploadExpired, UnsupportedTusVersion]))),
)]
pub(crate) async fn end(app: &App, id: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    if headers.contains_key(TUS_RESUMABLE) {
        tus::check_version(headers)?;
    }
    app.service.end_resumable(id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// Use another method
///
/// Does what a PATCH, DELETE or HEAD request would do, as `X-HTTP-Method-Override` says, for
/// clients that cannot send it.
#[utoipa::path(
    post, path = "/v1/uploads/{upload}", operation_id = "overrideUploadMethod", tag = "Uploads",
    params(("X-HTTP-Method-Override", Header), ("Tus-Resumable", Header), ("Upload-Offset", Header)),
    request_body(content((Vec<u8> = "application/offset+octet-stream"))),
    responses((status = 204, description = "The bytes were added.", headers(("Upload-Offset"), ("Upload-Expires"), ("Content-Location")))),
    extensions(("x-problems" = json!([&[MethodNotAllowed][..], &APPEND_PROBLEMS].concat()))),
)]
pub(crate) fn overriding(headers: &HeaderMap) -> Method {
    let method = tus_headers::text(headers, fields::METHOD_OVERRIDE.as_str());
    let method = method.ok().flatten().unwrap_or_default();
    method.to_ascii_uppercase().parse().unwrap_or(Method::POST)
}

/// Says what both protocols offer, and how large a file may be: of this owner, if the request has
/// a token or a ticket.
pub(super) async fn discover(State(app): State<Arc<App>>, request: Request) -> Response {
    let (mut parts, _) = request.into_parts();
    let methods = match parts.uri.path() {
        "/v1/uploads" => "GET, HEAD, POST",
        "/v1/images" => "GET, HEAD, POST",
        _ => "HEAD, POST, PATCH, DELETE",
    };
    let terms = terms_of_anybody(&mut parts, &app).await;
    let limit = app.service.most_bytes(&terms).await;
    let mut response = StatusCode::NO_CONTENT.into_response();
    let headers = response.headers_mut();
    set(headers, header::ALLOW, methods);
    tus::describe(headers, limit);
    draft::describe(headers, limit);
    response
}
