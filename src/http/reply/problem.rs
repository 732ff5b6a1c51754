//! Error responses: `application/problem+json` (RFC 9457).
//!
//! `kind` lists all kinds, `explain` describes each for people. This module, with `derive`, alone
//! decides which problem each layer's errors become.

mod derive;
mod explain;
mod kind;

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::auth::link::LinkError;
use crate::auth::ticket::TicketError;
use crate::auth::{Scope, TokenError};
use crate::http::headers::byteranges;
use crate::media::MediaError;
use crate::model::Kind;
use crate::service::fields::FieldError;
use crate::service::resumable::ResumableError;
use crate::service::{EditError, ServiceError, UploadError};
use crate::settings::SettingsError;

pub use explain::Explanation;
pub use kind::ProblemKind;

/// The cause of a problem, for the log only. It is an extension of the response.
#[derive(Clone, Debug)]
pub struct Cause(pub String);

/// What a problem says to people. It is an extension of the response, from which it can be shown in
/// another form.
#[derive(Clone, Debug)]
pub(crate) struct Occurrence {
    /// The kind of the problem.
    pub(crate) kind: ProblemKind,
    /// What is wrong this time.
    pub(crate) detail: String,
}

/// The longest text of a problem, in characters. Some texts quote the request, and a response
/// must not be many times longer than its request.
const MAX_TEXT_CHARS: usize = 500;

fn shortened(mut text: String) -> String {
    if let Some((end, _)) = text.char_indices().nth(MAX_TEXT_CHARS) {
        text.truncate(end);
        text.push('…');
    }
    text
}

/// An error response.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: ProblemKind,
    detail: String,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<Cause>,
}

impl Problem {
    /// Creates a problem with a description of this occurrence, for people.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: shortened(detail.into()),
            members: Map::new(),
            headers: Vec::new(),
            cause: None,
        }
    }

    /// 400: the request is not valid.
    pub fn bad_request(detail: impl Into<String>) -> Self {
        Self::new(ProblemKind::BadRequest, detail)
    }

    /// Adds a member that a program can use.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = match value.into() {
            Value::String(text) => Value::String(shortened(text)),
            value => value,
        };
        self.members.insert(name.to_owned(), value);
        self
    }

    /// Adds a header, unless its value cannot be sent.
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// A problem on the server, whose cause is for the log only.
    fn internal(kind: ProblemKind, detail: &str, cause: &impl ToString) -> Self {
        let mut problem = Self::new(kind, detail);
        problem.cause = Some(Cause(cause.to_string()));
        problem
    }

    /// The request has no token (RFC 6750 §3: such a challenge has no error code).
    pub fn token_missing() -> Self {
        Self::new(
            ProblemKind::Unauthorized,
            "the request must have a token: Authorization: Bearer <token>",
        )
        .with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"darkroom\"")
    }

    /// The scheme is not Bearer, or there is more than one header.
    pub fn token_unreadable() -> Self {
        let detail = "the request must have one Authorization header of the form: Bearer <token>";
        Self::new(ProblemKind::Unauthorized, detail).with_header(
            header::WWW_AUTHENTICATE,
            "Bearer realm=\"darkroom\", error=\"invalid_request\"",
        )
    }

    /// The token is valid, but lacks the scope.
    pub fn scope_missing(scope: Scope) -> Self {
        let challenge =
            format!("Bearer realm=\"darkroom\", error=\"insufficient_scope\", scope=\"{scope}\"");
        Self::new(
            ProblemKind::InsufficientScope,
            format!("the token lacks the scope {scope}"),
        )
        .with("scope", scope.as_str())
        .with_header(header::WWW_AUTHENTICATE, &challenge)
    }

    /// The content has `size` bytes, and none of the requested ones (RFC 9110 §15.5.17).
    pub fn range_not_satisfiable(size: u64) -> Self {
        let detail =
            format!("the content has {size} bytes, and none of them is in the requested range");
        Self::new(ProblemKind::RangeNotSatisfiable, detail)
            .with("size", size)
            .with_header(header::CONTENT_RANGE, &byteranges::unsatisfied(size))
    }
}

impl Problem {
    /// The problem as a JSON object, for responses that contain more than one.
    pub fn object(&self) -> Map<String, Value> {
        let mut object = self.members.clone();
        object.insert("type".to_owned(), json!(self.kind.uri()));
        object.insert("title".to_owned(), json!(self.kind.title()));
        object.insert("status".to_owned(), json!(self.status().as_u16()));
        object.insert("detail".to_owned(), json!(self.detail));
        object
    }

    /// The status of the response.
    pub fn status(&self) -> StatusCode {
        self.kind.status()
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let line = format!("{}\n", Value::Object(self.object()));
        let mut response = (self.status(), line).into_response();
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        let extensions = response.extensions_mut();
        if let Some(cause) = self.cause {
            extensions.insert(cause);
        }
        extensions.insert(Occurrence {
            kind: self.kind,
            detail: self.detail,
        });
        response
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        let challenge = format!(
            "Bearer realm=\"darkroom\", error=\"invalid_token\", error_description=\"{error}\""
        );
        let mut problem = Self::new(ProblemKind::Unauthorized, error.to_string())
            .with_header(header::WWW_AUTHENTICATE, &challenge);
        if let Some(claim) = error.claim() {
            problem = problem.with("claim", claim.as_str());
        }
        match error {
            TokenError::TooFar { max_seconds } => problem.with("limit", max_seconds),
            _ => problem,
        }
    }
}

impl From<SettingsError> for Problem {
    fn from(error: SettingsError) -> Self {
        Self::new(ProblemKind::Misconfigured, error.to_string()).with("variable", error.variable)
    }
}

impl From<LinkError> for Problem {
    fn from(error: LinkError) -> Self {
        let kind = match error {
            LinkError::Wrong | LinkError::UnknownParameter => ProblemKind::LinkInvalid,
            LinkError::Expired => ProblemKind::LinkExpired,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<TicketError> for Problem {
    fn from(error: TicketError) -> Self {
        let kind = match error {
            TicketError::Wrong => ProblemKind::TicketInvalid,
            TicketError::Expired => ProblemKind::TicketExpired,
        };
        Self::new(kind, error.to_string())
    }
}

impl From<FieldError> for Problem {
    fn from(error: FieldError) -> Self {
        Self::bad_request(error.to_string()).with("field", error.field)
    }
}

impl From<EditError> for Problem {
    fn from(error: EditError) -> Self {
        match error {
            EditError::Field(error) => error.into(),
            EditError::Service(error) => error.into(),
        }
    }
}

impl From<ServiceError> for Problem {
    fn from(error: ServiceError) -> Self {
        match error {
            ServiceError::NotFound => Self::new(ProblemKind::NotFound, error.to_string()),
            ServiceError::Changed => Self::new(ProblemKind::PreconditionFailed, error.to_string()),
            ServiceError::KeyHeld => Self::new(ProblemKind::IdempotencyKeyHeld, error.to_string())
                .with_header(header::RETRY_AFTER, "1"),
            ServiceError::KeyReused => {
                Self::new(ProblemKind::IdempotencyKeyReused, error.to_string())
            }
            ServiceError::LinkRevoked => Self::new(ProblemKind::LinkRevoked, error.to_string()),
            ServiceError::NoSuchLink | ServiceError::NoSuchTicket => {
                Self::new(ProblemKind::NotFound, error.to_string())
            }
            ServiceError::TooManyLinks { limit } => {
                Self::new(ProblemKind::TooManyLinks, error.to_string()).with("limit", limit)
            }
            ServiceError::TooManyTickets { limit } => {
                Self::new(ProblemKind::TooManyTickets, error.to_string()).with("limit", limit)
            }
            ServiceError::TicketSpent => Self::new(ProblemKind::TicketSpent, error.to_string()),
            ServiceError::TicketRevoked => Self::new(ProblemKind::TicketRevoked, error.to_string()),
            ServiceError::UploadMoved => {
                Self::new(ProblemKind::MismatchingUploadOffset, error.to_string())
            }
            ServiceError::QuotaExceeded(exceeded) => {
                Self::new(ProblemKind::QuotaExceeded, error.to_string())
                    .with("quota", exceeded.resource.as_str())
                    .with("limit", exceeded.limit)
                    .with("actual", exceeded.actual)
            }
            ServiceError::TooLate => {
                Self::unavailable("the upload took too long; send it again", &error)
            }
            ServiceError::Unavailable(_) if error.is_of_blobs() => {
                Self::unavailable("the blob store is not responding", &error)
            }
            ServiceError::Unavailable(_) if error.is_read_only() => {
                Self::unavailable("no changes are accepted for now", &error)
            }
            ServiceError::Unavailable(_) => {
                Self::unavailable("the catalog is not responding", &error)
            }
            ServiceError::Damaged(_) => {
                let detail =
                    "the stored data is damaged; the operator finds the details in the log";
                Self::internal(ProblemKind::Internal, detail, &error)
            }
        }
    }
}

impl Problem {
    fn unavailable(detail: &str, cause: &impl ToString) -> Self {
        Self::internal(ProblemKind::Unavailable, detail, cause)
            .with_header(header::RETRY_AFTER, "5")
    }
}

impl Problem {
    /// 415: the bytes of a file have the type `detected`, if it is known.
    fn unsupported_type(detail: String, detected: Option<&'static str>, accepted: &[Kind]) -> Self {
        let allowed: Vec<&str> = accepted.iter().map(|kind| kind.media_type()).collect();
        let problem = Self::new(ProblemKind::UnsupportedType, detail).with("allowed", allowed);
        match detected {
            Some(media_type) => problem.with("detected", media_type),
            None => problem,
        }
    }
}

impl From<MediaError> for Problem {
    fn from(error: MediaError) -> Self {
        let detail = error.to_string();
        match error {
            MediaError::NotAccepted { detected, accepted } => {
                Self::unsupported_type(detail, detected, &accepted)
            }
            MediaError::TooManyPixels {
                width,
                height,
                max_pixels,
            } => Self::new(ProblemKind::TooManyPixels, detail)
                .with("limit", max_pixels)
                .with("actual", u64::from(width) * u64::from(height)),
            MediaError::TooManyFrames { frames, max } => {
                Self::new(ProblemKind::TooManyPixels, detail)
                    .with("limit", max)
                    .with("actual", frames)
            }
            MediaError::TooLong { pixels, max, .. } => {
                Self::new(ProblemKind::TooManyPixels, detail)
                    .with("limit", max)
                    .with("actual", pixels)
            }
            MediaError::TrailingData { .. } => Self::new(ProblemKind::TrailingData, detail),
            MediaError::MetadataTooLarge { size, max } => {
                Self::new(ProblemKind::MetadataTooLarge, detail)
                    .with("limit", max)
                    .with("actual", size)
            }
            MediaError::TooManyParts { max, .. } => {
                Self::new(ProblemKind::UndecodableImage, detail).with("limit", max)
            }
            MediaError::Empty
            | MediaError::Truncated { .. }
            | MediaError::Malformed { .. }
            | MediaError::TooMuchWork { .. } => Self::new(ProblemKind::UndecodableImage, detail),
        }
    }
}

/// The bytes that a resumable upload has received.
pub(crate) const UPLOAD_OFFSET: HeaderName = HeaderName::from_static("upload-offset");

impl From<ResumableError> for Problem {
    fn from(error: ResumableError) -> Self {
        let detail = error.to_string();
        match error {
            ResumableError::NotFound => Self::new(ProblemKind::NotFound, detail),
            ResumableError::Expired => Self::new(ProblemKind::UploadExpired, detail),
            ResumableError::Mismatch { expected, provided } => {
                Self::new(ProblemKind::MismatchingUploadOffset, detail)
                    .with("expected-offset", expected)
                    .with("provided-offset", provided)
                    .with_header(UPLOAD_OFFSET, &expected.to_string())
            }
            ResumableError::Length { expected, actual } => {
                Self::new(ProblemKind::InconsistentUploadLength, detail)
                    .with("limit", expected)
                    .with("actual", actual)
            }
            ResumableError::Checksum => Self::new(ProblemKind::ChecksumMismatch, detail),
            ResumableError::TooMany { limit } => {
                Self::new(ProblemKind::TooManyUploads, detail).with("limit", limit)
            }
            ResumableError::Parts(_) => Self::bad_request(detail).with("header", "Upload-Concat"),
            ResumableError::Upload(error) => error.into(),
        }
    }
}

impl From<UploadError> for Problem {
    fn from(error: UploadError) -> Self {
        let detail = error.to_string();
        match error {
            UploadError::TooLarge { limit } => {
                Self::new(ProblemKind::TooLarge, detail).with("limit", limit)
            }
            UploadError::TooManyFiles { limit } => {
                // A ticket allows one file, so the fault is in the request, not in its size.
                let kind = match limit {
                    1 => ProblemKind::BadRequest,
                    _ => ProblemKind::TooLarge,
                };
                Self::new(kind, detail).with("limit", limit)
            }
            UploadError::NoFile => {
                let detail = "the form has no part named \"file\"";
                Self::new(ProblemKind::BadRequest, detail)
            }
            UploadError::Interrupted(_) => Self::new(ProblemKind::UploadInterrupted, detail),
            UploadError::TypeMismatch {
                actual, accepted, ..
            } => {
                let actual = actual.media_type();
                Self::unsupported_type(detail, Some(actual), &accepted).with("actual", actual)
            }
            UploadError::DigestMismatch => Self::new(ProblemKind::DigestMismatch, detail),
            UploadError::Media(error) => error.into(),
            UploadError::Service(error) => error.into(),
        }
    }
}
