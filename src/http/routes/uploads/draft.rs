//! draft-ietf-httpbis-resumable-upload: the versions -03 to -11, whose requests name them by
//! their interop version, 5 to 8, and 3 and 4, which differ in one header. A component cannot
//! send the interim response 104, so a client learns the URL of its upload from the response to a
//! request with `Upload-Complete: ?0`.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, StatusCode, header};
use axum::response::{IntoResponse as _, Response};

use super::fields::{UPLOAD_LENGTH, set, set_state};
use crate::http::app::App;
use crate::http::headers::{digest, media_type, structured, tus};
use crate::http::input::resumable;
use crate::http::input::upload_head::Content;
use crate::http::reply::problem::Problem;
use crate::http::reply::problem::ProblemKind::*;
use crate::http::reply::urls::Urls;
use crate::http::routes::upload;
use crate::service::resumable::{
    Checksum, ChecksumAlgorithm, End, NewResumable, Piece, ResumableError, ResumableState,
};
use crate::service::{KeyedRequest, UploadError, UploadTerms};

/// The type of a piece.
const PIECE: &str = "application/partial-upload";
/// The version of clients that name none.
const LATEST: u64 = 8;
/// The earliest version.
const EARLIEST: u64 = 3;
/// The first version in which a piece has a type of its own.
const TYPED: u64 = 6;
/// The first version in which the remaining time is `max-age`.
const AGED: u64 = 7;

/// The header that names the version.
const VERSION: HeaderName = HeaderName::from_static("upload-draft-interop-version");
/// Whether the file is complete.
const COMPLETE: HeaderName = HeaderName::from_static("upload-complete");
/// The opposite, in the third version.
const INCOMPLETE: HeaderName = HeaderName::from_static("upload-incomplete");
/// What limits the upload.
const LIMIT: HeaderName = HeaderName::from_static("upload-limit");
/// The types that PATCH accepts.
const ACCEPT_PATCH: HeaderName = HeaderName::from_static("accept-patch");

/// The version of a request.
fn version(headers: &HeaderMap) -> Result<u64, Problem> {
    if !headers.contains_key(VERSION) {
        return Ok(LATEST);
    }
    let version = structured::integer(headers, VERSION.as_str());
    let known = version.filter(|version| (EARLIEST..=LATEST).contains(version));
    known.ok_or_else(|| {
        let rule = format!("must be from {EARLIEST} to {LATEST}");
        tus::wrong("Upload-Draft-Interop-Version", &rule)
    })
}

/// Whether a request completes its file; `None` if it does not say so.
fn completes(headers: &HeaderMap, version: u64) -> Option<bool> {
    match version {
        3 => structured::boolean(headers, INCOMPLETE.as_str()).map(|incomplete| !incomplete),
        _ => structured::boolean(headers, COMPLETE.as_str()),
    }
}

/// What a request to `/v1/images` wants: the beginning of an upload that can be resumed, or an
/// upload whose client would resume it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// An upload as any other.
    Nothing,
    /// The whole file is in the request.
    Whole(u64),
    /// More requests will follow.
    Resumable(u64),
}

impl Wanted {
    /// Reads what a request wants.
    pub(crate) fn by(headers: &HeaderMap) -> Result<Self, Problem> {
        let version = version(headers)?;
        Ok(match completes(headers, version) {
            None => Self::Nothing,
            Some(true) => Self::Whole(version),
            Some(false) => Self::Resumable(version),
        })
    }
}

/// Begins an upload with a request to `/v1/images`.
pub(crate) async fn create(
    app: &App,
    terms: UploadTerms,
    headers: &HeaderMap,
    keyed: Option<KeyedRequest>,
    content: Result<Content, Problem>,
    body: Body,
    version: u64,
) -> Response {
    let begun = begin(app, terms, headers, keyed, content, body, version).await;
    begun.unwrap_or_else(|refusal| refusal.into_response(version))
}

async fn begin(
    app: &App,
    terms: UploadTerms,
    headers: &HeaderMap,
    keyed: Option<KeyedRequest>,
    content: Result<Content, Problem>,
    body: Body,
    version: u64,
) -> Result<Response, Refusal> {
    let Content::Raw { length, declared } = content? else {
        let detail = "a form cannot be resumed: send the file itself";
        return Err(Problem::new(UnsupportedType, detail).into());
    };
    let mut new = NewResumable {
        terms,
        key: keyed.map(|keyed| keyed.key),
        declared: declared?,
        ..NewResumable::default()
    };
    new.declared.length = structured::integer(headers, UPLOAD_LENGTH.as_str());
    resumable::describe(headers, &mut new)?;
    // The digest of this piece, not of the file.
    new.declared.sha256 = digest::of_representation(headers)?;
    let mut upload = app.service.begin_resumable(new).await?;
    let is_empty = length == Some(0);
    if upload.received == 0 && !upload.is_complete && !is_empty {
        let piece = Piece {
            size: length,
            end: End::Later,
            checksum: checksum(headers)?,
            ..Piece::default()
        };
        let id = upload.id.clone();
        let added = app.service.append(&id, piece, body.into_data_stream());
        upload = added.await?;
    }
    let mut response = StatusCode::CREATED.into_response();
    let url = Urls::of(&app.settings).upload(&upload.id);
    set(response.headers_mut(), header::LOCATION, &url);
    describe_state(response.headers_mut(), app, &upload, version);
    Ok(response)
}

/// Adds to the response to a whole file, of this length as it was sent, what its client expects.
pub(crate) fn complete(response: &mut Response, length: Option<u64>, version: u64) {
    let headers = response.headers_mut();
    set_complete(headers, true, version);
    if let Some(length) = length {
        let offset = crate::http::reply::problem::UPLOAD_OFFSET;
        set(headers, offset, &length.to_string());
    }
}

/// Refuses a whole file whose declared lengths differ.
pub(crate) fn check_length(headers: &HeaderMap, length: Option<u64>) -> Result<(), Problem> {
    let declared = structured::integer(headers, UPLOAD_LENGTH.as_str());
    match declared.zip(length) {
        Some((expected, actual)) if expected != actual => {
            Err(ResumableError::Length { expected, actual }.into())
        }
        _ => Ok(()),
    }
}

/// The checksum of a piece, if the request has one.
fn checksum(headers: &HeaderMap) -> Result<Option<Checksum>, Problem> {
    let sha256 = digest::of_content(headers)?;
    Ok(sha256.map(|sha256| Checksum {
        algorithm: ChecksumAlgorithm::Sha256,
        value: sha256.0.to_vec(),
    }))
}

/// The response to HEAD.
pub(super) async fn show(app: &App, id: &str, headers: &HeaderMap) -> Result<Response, Problem> {
    let version = version(headers)?;
    let upload = app.service.resume(id).await?;
    let mut response = StatusCode::NO_CONTENT.into_response();
    describe_state(response.headers_mut(), app, &upload, version);
    Ok(response)
}

/// The response to PATCH.
pub(super) async fn append(app: &App, id: &str, headers: &HeaderMap, body: Body) -> Response {
    let version = match version(headers) {
        Ok(version) => version,
        Err(problem) => return problem.into_response(),
    };
    let added = add(app, id, headers, body, version).await;
    added.unwrap_or_else(|refusal| refusal.into_response(version))
}

async fn add(
    app: &App,
    id: &str,
    headers: &HeaderMap,
    body: Body,
    version: u64,
) -> Result<Response, Refusal> {
    let essence = media_type::of(headers).unwrap_or_default();
    if version >= TYPED && !essence.eq_ignore_ascii_case(PIECE) {
        let detail = format!("the body must be of type {PIECE}");
        let refused = Problem::new(UnsupportedType, detail).with("allowed", vec![PIECE]);
        return Err(refused.with_header(ACCEPT_PATCH, PIECE).into());
    }
    let missing = |name: &str, rule: &str| Refusal::from(tus::wrong(name, rule));
    let offset = structured::integer(headers, crate::http::reply::problem::UPLOAD_OFFSET.as_str());
    let offset = offset.ok_or_else(|| missing("Upload-Offset", "must be a whole number"))?;
    let complete = completes(headers, version);
    let complete = complete.ok_or_else(|| missing("Upload-Complete", "must be ?0 or ?1"))?;
    let piece = Piece {
        offset,
        size: tus::number(headers, header::CONTENT_LENGTH.as_str())?,
        length: structured::integer(headers, UPLOAD_LENGTH.as_str()),
        end: if complete { End::Here } else { End::Later },
        checksum: checksum(headers)?,
    };
    let upload = app
        .service
        .append(id, piece, body.into_data_stream())
        .await?;
    let mut response = match &upload.image {
        Some(image) => upload::one(app, image)?,
        None => StatusCode::NO_CONTENT.into_response(),
    };
    describe_state(response.headers_mut(), app, &upload, version);
    Ok(response)
}

/// Why a request is refused, and whether that is the answer to the whole file.
struct Refusal {
    problem: Problem,
    is_final: bool,
}

impl From<Problem> for Refusal {
    fn from(problem: Problem) -> Self {
        Self {
            problem,
            is_final: false,
        }
    }
}

impl From<ResumableError> for Refusal {
    fn from(error: ResumableError) -> Self {
        let limit = match &error {
            ResumableError::Upload(UploadError::TooLarge { limit }) => Some(*limit),
            _ => None,
        };
        let is_final = error.ends_the_upload();
        let problem = Problem::from(error);
        let problem = match limit {
            Some(limit) => problem.with_header(LIMIT, &format!("max-size={limit}")),
            None => problem,
        };
        Self { problem, is_final }
    }
}

impl Refusal {
    fn into_response(self, version: u64) -> Response {
        let mut response = self.problem.into_response();
        if self.is_final {
            set_complete(response.headers_mut(), true, version);
        }
        response
    }
}

fn set_complete(headers: &mut HeaderMap, complete: bool, version: u64) {
    set(headers, VERSION, &version.to_string());
    match version {
        3 => set(headers, INCOMPLETE, structured::print_boolean(!complete)),
        _ => set(headers, COMPLETE, structured::print_boolean(complete)),
    }
}

/// Sets the fields that say how far an upload is, and what limits it.
fn describe_state(headers: &mut HeaderMap, app: &App, upload: &ResumableState, version: u64) {
    set_state(headers, app, upload);
    set_complete(headers, upload.is_complete, version);
    if let Some(length) = upload.length {
        set(headers, UPLOAD_LENGTH, &length.to_string());
    }
    let left = upload.expires_at.millis() - app.service.now().millis();
    let left = left.max(0) / 1000;
    let age = if version >= AGED {
        "max-age"
    } else {
        "expires"
    };
    let limit = format!("max-size={}, {age}={left}", upload.max_bytes);
    set(headers, LIMIT, &limit);
}

/// Says that uploads can be resumed, and what limits them.
pub(super) fn describe(headers: &mut HeaderMap, limit: u64) {
    set(headers, ACCEPT_PATCH, PIECE);
    set(headers, LIMIT, &format!("max-size={limit}"));
}
