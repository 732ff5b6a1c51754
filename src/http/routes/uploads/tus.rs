//! tus 1.0.0 (<https://tus.io/protocols/resumable-upload>) with the extensions that
//! [`EXTENSIONS`] names.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};

use super::fields::{TUS_RESUMABLE, TUS_VERSION, UPLOAD_LENGTH, set, set_state};
use crate::http::app::App;
use crate::http::headers::tus::{self, Concat};
use crate::http::headers::{idempotency, media_type};
use crate::http::input::query;
use crate::http::input::resumable::{self, BeginParameters, CONCAT, METADATA};
use crate::http::reply::problem::Problem;
use crate::http::reply::problem::ProblemKind::{self, *};
use crate::http::reply::urls::Urls;
use crate::service::resumable::{
    ChecksumAlgorithm, End, NewResumable, Piece, ResumableError, ResumableState,
};
use crate::service::{Declared, ServiceError, UploadError, UploadTerms};

/// The type of a piece.
const PIECE: &str = "application/offset+octet-stream";
/// The extensions.
const EXTENSIONS: &str = "creation,creation-with-upload,creation-defer-length,checksum,expiration,termination,concatenation";
/// A length that will be told later.
const DEFER_LENGTH: HeaderName = HeaderName::from_static("upload-defer-length");

/// The problems of beginning an upload, for their description.
#[cfg_attr(
    not(test),
    expect(dead_code, reason = "the description is generated in tests only")
)]
const PROBLEMS: [ProblemKind; 20] = [
    UploadInterrupted,
    DigestMismatch,
    InconsistentUploadLength,
    TicketInvalid,
    TicketSpent,
    TicketRevoked,
    TicketExpired,
    UploadExpired,
    NotFound,
    UnsupportedTusVersion,
    TooLarge,
    UnsupportedType,
    UndecodableImage,
    IdempotencyKeyReused,
    TooManyPixels,
    TrailingData,
    MetadataTooLarge,
    TooManyUploads,
    ChecksumMismatch,
    QuotaExceeded,
];

/// Begin an upload
///
/// Begins an upload by tus 1.0.0. `Location` is its URL. The body may already have the first bytes
/// of the file (`creation-with-upload`), or all of them. A request with an `Idempotency-Key` can be
/// repeated; one with an upload ticket can too.
#[utoipa::path(
    post, path = "/v1/uploads", operation_id = "beginUpload", tag = "Uploads",
    params(("Tus-Resumable", Header), ("Upload-Length", Header), ("Upload-Metadata", Header), ("Upload-Concat", Header), ("Upload-Checksum", Header), ("Idempotency-Key", Header)),
    request_body(content((Vec<u8> = "application/offset+octet-stream"))),
    responses(
        (status = 201, description = "The upload has begun.", headers(("Location"), ("Upload-Offset"), ("Upload-Expires"))),
    ),
    security(("token" = ["images:write"]), ("ticket" = [])),
    extensions(("x-problems" = json!(PROBLEMS)), ("x-optional-body" = json!(true))),
)]
pub(crate) async fn create(
    State(app): State<Arc<App>>,
    terms: UploadTerms,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    let BeginParameters = query::parse(&uri)?;
    check_version(&headers)?;
    let has_ticket = terms.ticket.is_some();
    let mut new = NewResumable {
        key: idempotency::key(&headers)?,
        terms,
        ..NewResumable::default()
    };
    resumable::describe(&headers, &mut new)?;
    let concat = tus::concat(&headers)?;
    if has_ticket && concat.is_some() {
        let detail = "an upload ticket begins one upload, which has no parts";
        return Err(Problem::bad_request(detail).with("header", CONCAT));
    }
    match concat {
        Some(Concat::Final(urls)) => return concatenate(&app, new, &headers, &urls).await,
        Some(Concat::Partial) => {
            new.is_partial = true;
            new.labels.insert(CONCAT.to_owned(), "partial".to_owned());
        }
        None => {}
    }
    new.declared = Declared {
        length: length(&headers)?,
        ..new.declared
    };
    let has_piece = has_piece(&headers)?;
    let checksum = tus::checksum(&headers)?;
    let mut upload = app.service.begin_resumable(new).await?;
    if has_piece && upload.received == 0 && !upload.is_complete {
        let piece = Piece {
            size: tus::number(&headers, header::CONTENT_LENGTH.as_str())?,
            checksum,
            ..Piece::default()
        };
        let id = upload.id.clone();
        let added = app.service.append(&id, piece, body.into_data_stream());
        upload = match added.await {
            // The upload exists, and what has arrived is not lost.
            Err(error) if is_passing(&error) => app.service.resume(&id).await?,
            added => added?,
        };
    }
    Ok(created(&app, &upload))
}

/// Whether an upload goes on although a piece of it failed.
fn is_passing(error: &ResumableError) -> bool {
    matches!(
        error,
        ResumableError::Upload(
            UploadError::Interrupted(_)
                | UploadError::Service(ServiceError::Unavailable(_) | ServiceError::TooLate)
        )
    )
}

/// Makes one upload of several.
async fn concatenate(
    app: &App,
    mut new: NewResumable,
    headers: &HeaderMap,
    urls: &[String],
) -> Result<Response, Problem> {
    if headers.contains_key(&UPLOAD_LENGTH) {
        let rule = "must be absent: the parts have their lengths";
        return Err(tus::wrong("Upload-Length", rule));
    }
    let ids = urls.iter().map(|url| resumable::id(url));
    let unknown = || tus::wrong(CONCAT, "must name uploads of this deployment");
    let ids: Option<Vec<String>> = ids.collect();
    let ids = ids.ok_or_else(unknown)?;
    let label = format!("final;{}", urls.join(" "));
    new.labels.insert(CONCAT.to_owned(), label);
    let upload = app.service.concatenate(new, &ids).await?;
    Ok(created(app, &upload))
}

/// The length of the file, which is told now or later.
fn length(headers: &HeaderMap) -> Result<Option<u64>, Problem> {
    let length = tus::number(headers, "Upload-Length")?;
    let deferred = tus::text(headers, DEFER_LENGTH.as_str())?;
    match (length, deferred) {
        (Some(length), None) => Ok(Some(length)),
        (None, Some("1")) => Ok(None),
        (None, Some(_)) => Err(tus::wrong("Upload-Defer-Length", "must be 1")),
        _ => {
            let detail = "the request must have either Upload-Length or Upload-Defer-Length";
            Err(Problem::bad_request(detail).with("header", "Upload-Length"))
        }
    }
}

/// Whether the request that begins an upload has a piece of it.
fn has_piece(headers: &HeaderMap) -> Result<bool, Problem> {
    if media_type::of(headers).is_some_and(|essence| essence.eq_ignore_ascii_case(PIECE)) {
        return Ok(true);
    }
    match tus::number(headers, header::CONTENT_LENGTH.as_str())? {
        Some(length) if length > 0 => Err(wrong_type()),
        _ => Ok(false),
    }
}

fn wrong_type() -> Problem {
    let detail = format!("the body must be of type {PIECE}");
    Problem::new(UnsupportedType, detail).with("allowed", vec![PIECE])
}

/// Whether a request to an upload is one of tus, or is meant to be.
pub(super) fn is_meant(headers: &HeaderMap) -> bool {
    let is_piece = |essence: &str| essence.eq_ignore_ascii_case(PIECE);
    headers.contains_key(TUS_RESUMABLE) || media_type::of(headers).is_some_and(is_piece)
}

/// Refuses other versions of tus.
pub(super) fn check_version(headers: &HeaderMap) -> Result<(), Problem> {
    if headers
        .get(TUS_RESUMABLE)
        .is_some_and(|version| version == TUS_VERSION)
    {
        return Ok(());
    }
    let detail = format!("the request must have the header Tus-Resumable: {TUS_VERSION}");
    let version = HeaderName::from_static("tus-version");
    Err(Problem::new(UnsupportedTusVersion, detail)
        .with("allowed", vec![TUS_VERSION])
        .with_header(version, TUS_VERSION)
        .with_header(TUS_RESUMABLE, TUS_VERSION))
}

/// The response to a request that has begun an upload.
fn created(app: &App, upload: &ResumableState) -> Response {
    let mut response = StatusCode::CREATED.into_response();
    let headers = response.headers_mut();
    set_state(headers, app, upload);
    let url = Urls::of(&app.settings).upload(&upload.id);
    set(headers, header::LOCATION, &url);
    response
}

/// The response to HEAD.
pub(super) async fn show(app: &App, id: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    check_version(headers)?;
    let upload = app.service.resume(id).await?;
    let mut response = StatusCode::OK.into_response();
    let headers = response.headers_mut();
    set_state(headers, app, &upload);
    match upload.length {
        Some(length) => set(headers, UPLOAD_LENGTH, &length.to_string()),
        None => set(headers, DEFER_LENGTH, "1"),
    }
    for label in [METADATA, CONCAT] {
        if let Some(value) = upload.labels.get(label)
            && let Ok(name) = HeaderName::try_from(label)
        {
            set(headers, name, value);
        }
    }
    Ok(response)
}

/// The response to PATCH.
pub(super) async fn append(
    app: &App,
    id: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Problem> {
    check_version(headers)?;
    if media_type::of(headers).is_none_or(|essence| !essence.eq_ignore_ascii_case(PIECE)) {
        return Err(wrong_type());
    }
    let offset = tus::number(headers, "Upload-Offset")?;
    let piece = Piece {
        offset: offset.ok_or_else(|| tus::wrong("Upload-Offset", "must be a whole number"))?,
        size: tus::number(headers, header::CONTENT_LENGTH.as_str())?,
        length: tus::number(headers, "Upload-Length")?,
        end: End::AtLength,
        checksum: tus::checksum(headers)?,
    };
    let upload = app
        .service
        .append(id, piece, body.into_data_stream())
        .await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_state(response.headers_mut(), app, &upload);
    Ok(response)
}

/// Says which version of tus there is, and what it offers.
pub(super) fn describe(headers: &mut HeaderMap, limit: u64) {
    let algorithms = ChecksumAlgorithm::ALL
        .map(ChecksumAlgorithm::as_str)
        .join(",");
    headers.insert(TUS_RESUMABLE, HeaderValue::from_static(TUS_VERSION));
    for (name, value) in [
        ("tus-version", TUS_VERSION),
        ("tus-extension", EXTENSIONS),
        ("tus-checksum-algorithm", &algorithms),
        ("tus-max-size", &limit.to_string()),
    ] {
        set(headers, HeaderName::from_static(name), value);
    }
}
