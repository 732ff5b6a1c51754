//! Errors as they are sent: `application/problem+json` (RFC 9457).
//!
//! [`ProblemKind`] is the list of all kinds; what each layer's errors become is
//! decided here and nowhere else.

use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::byteranges;
use crate::auth::link::LinkError;
use crate::auth::ticket::TicketError;
use crate::auth::{Scope, TokenError};
use crate::blobs::BlobError;
use crate::catalog::CatalogError;
use crate::media::MediaError;
use crate::service::fields::FieldError;
use crate::service::{EditError, ServiceError, UploadError};

/// The kinds of problems. The slug is the last part of the `type` URI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// The request can not be understood.
    BadRequest,
    /// The body ended early, or is not as long as announced.
    UploadInterrupted,
    /// The content is not what was hashed.
    DigestMismatch,
    /// There is no token, or it is not valid.
    Unauthorized,
    /// The token lacks a scope.
    InsufficientScope,
    /// The signed URL is not as we made it.
    LinkInvalid,
    /// The upload ticket is not as we made it.
    TicketInvalid,
    /// Pages of this origin may not call.
    OriginNotAllowed,
    /// There is nothing here, or nothing for this caller.
    NotFound,
    /// The resource has no such method.
    MethodNotAllowed,
    /// The upload ticket was used before.
    TicketSpent,
    /// There is no store to move blobs from.
    NothingToMigrate,
    /// Another request with the same `Idempotency-Key` is under way.
    IdempotencyKeyHeld,
    /// The signed URL was good until a time that is past.
    LinkExpired,
    /// The signed URL was good until the image's links were revoked.
    LinkRevoked,
    /// The upload ticket was good until a time that is past.
    TicketExpired,
    /// The resource is not in the state that the request's conditions name.
    PreconditionFailed,
    /// The upload is larger than is allowed.
    TooLarge,
    /// The bytes are no kind that is accepted, or not the one declared.
    UnsupportedType,
    /// None of the ranges asked for lies within the content.
    RangeNotSatisfiable,
    /// The bytes are of a known kind, but damaged or cut off.
    UndecodableImage,
    /// The `Idempotency-Key` was used for another request.
    IdempotencyKeyReused,
    /// The image has more pixels or frames than are allowed.
    TooManyPixels,
    /// The image is followed by other data.
    TrailingData,
    /// The image holds more metadata than is allowed.
    MetadataTooLarge,
    /// Something went wrong on our side.
    Internal,
    /// The deployment's settings are wrong.
    Misconfigured,
    /// The owner would keep more than the quota allows.
    QuotaExceeded,
    /// A store does not answer; worth a retry.
    Unavailable,
}

impl ProblemKind {
    fn facts(self) -> (u16, &'static str, &'static str) {
        match self {
            Self::BadRequest => (400, "bad-request", "The request can not be understood"),
            Self::UploadInterrupted => (400, "upload-interrupted", "The upload is incomplete"),
            Self::DigestMismatch => (400, "digest-mismatch", "The content is not what was hashed"),
            Self::Unauthorized => (401, "unauthorized", "A valid token is needed"),
            Self::InsufficientScope => (403, "insufficient-scope", "The token lacks a scope"),
            Self::LinkInvalid => (403, "link-invalid", "The link is not valid"),
            Self::TicketInvalid => (403, "ticket-invalid", "The upload ticket is not valid"),
            Self::OriginNotAllowed => (403, "origin-not-allowed", "The origin is not allowed"),
            Self::NotFound => (404, "not-found", "Nothing is here"),
            Self::MethodNotAllowed => (405, "method-not-allowed", "No such method here"),
            Self::TicketSpent => (409, "ticket-spent", "The upload ticket was used before"),
            Self::NothingToMigrate => (409, "nothing-to-migrate", "No blobs are to be moved"),
            Self::IdempotencyKeyHeld => (
                409,
                "idempotency-key-held",
                "The first request with the key is under way",
            ),
            Self::LinkExpired => (410, "link-expired", "The link has expired"),
            Self::LinkRevoked => (410, "link-revoked", "The link was revoked"),
            Self::TicketExpired => (410, "ticket-expired", "The upload ticket has expired"),
            Self::PreconditionFailed => (412, "precondition-failed", "It is not as you saw it"),
            Self::TooLarge => (413, "too-large", "The upload is too large"),
            Self::UnsupportedType => (415, "unsupported-type", "The type is not accepted"),
            Self::RangeNotSatisfiable => (416, "range-not-satisfiable", "No such bytes"),
            Self::UndecodableImage => (422, "undecodable-image", "The image is damaged"),
            Self::IdempotencyKeyReused => (
                422,
                "idempotency-key-reused",
                "The key was used for another request",
            ),
            Self::TooManyPixels => (422, "too-many-pixels", "The image is too large to decode"),
            Self::TrailingData => (422, "trailing-data", "Other data follows the image"),
            Self::MetadataTooLarge => (422, "metadata-too-large", "There is too much metadata"),
            Self::Internal => (500, "internal", "Something went wrong on our side"),
            Self::Misconfigured => (503, "misconfigured", "The deployment's settings are wrong"),
            Self::QuotaExceeded => (507, "quota-exceeded", "The owner's quota does not allow it"),
            Self::Unavailable => (503, "unavailable", "A store does not answer"),
        }
    }

    /// The status that goes with it.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.facts().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The last part of its `type`.
    pub fn slug(self) -> &'static str {
        self.facts().1
    }

    /// What it is, for a person.
    pub fn title(self) -> &'static str {
        self.facts().2
    }
}

/// What was behind a problem, for the log only: travels as an extension of the
/// response.
#[derive(Clone, Debug)]
pub struct Cause(pub String);

/// An error on its way to the client.
#[derive(Clone, Debug)]
pub struct Problem {
    kind: ProblemKind,
    detail: String,
    members: Map<String, Value>,
    headers: Vec<(HeaderName, HeaderValue)>,
    cause: Option<Cause>,
}

impl Problem {
    /// A problem, and what it is in this case, for a person.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            members: Map::new(),
            headers: Vec::new(),
            cause: None,
        }
    }

    /// Adds a member that a program can use.
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.members.insert(name.to_owned(), value.into());
        self
    }

    /// Adds a header. A value that can not be sent is left out.
    pub fn with_header(mut self, name: HeaderName, value: &str) -> Self {
        if let Ok(value) = HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// A problem of our own, whose cause is for the log only.
    fn internal(kind: ProblemKind, detail: &str, cause: &impl ToString) -> Self {
        let mut problem = Self::new(kind, detail);
        problem.cause = Some(Cause(cause.to_string()));
        problem
    }

    /// No token (RFC 6750 §3: then no error code either).
    pub fn token_missing() -> Self {
        Self::new(
            ProblemKind::Unauthorized,
            "send a token: Authorization: Bearer …",
        )
        .with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"darkroom\"")
    }

    /// Another scheme than Bearer, or more than one header.
    pub fn token_unreadable() -> Self {
        let detail = "send one Authorization header, of the form: Bearer <token>";
        Self::new(ProblemKind::Unauthorized, detail).with_header(
            header::WWW_AUTHENTICATE,
            "Bearer realm=\"darkroom\", error=\"invalid_request\"",
        )
    }

    /// The token is good, but not for this.
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

    /// The content has `size` bytes, and none of those asked for (RFC 9110 §15.5.17).
    pub fn range_not_satisfiable(size: u64) -> Self {
        let detail = format!("the content has {size} bytes, and none of those asked for");
        Self::new(ProblemKind::RangeNotSatisfiable, detail)
            .with("size", size)
            .with_header(header::CONTENT_RANGE, &byteranges::unsatisfied(size))
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut body = self.members;
        body.insert(
            "type".to_owned(),
            json!(format!("/problems/{}", self.kind.slug())),
        );
        body.insert("title".to_owned(), json!(self.kind.title()));
        body.insert("status".to_owned(), json!(self.kind.status().as_u16()));
        body.insert("detail".to_owned(), json!(self.detail));
        let mut response = (self.kind.status(), Value::Object(body).to_string()).into_response();
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem);
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        headers.extend(self.headers);
        if let Some(cause) = self.cause {
            response.extensions_mut().insert(cause);
        }
        response
    }
}

impl From<TokenError> for Problem {
    fn from(error: TokenError) -> Self {
        let challenge = format!(
            "Bearer realm=\"darkroom\", error=\"invalid_token\", error_description=\"{error}\""
        );
        Self::new(ProblemKind::Unauthorized, error.to_string())
            .with_header(header::WWW_AUTHENTICATE, &challenge)
    }
}

impl From<LinkError> for Problem {
    fn from(error: LinkError) -> Self {
        let kind = match error {
            LinkError::Wrong => ProblemKind::LinkInvalid,
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
        Self::new(ProblemKind::BadRequest, error.to_string()).with("field", error.field)
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
            ServiceError::KeyHeld | ServiceError::Catalog(CatalogError::ClaimLost) => {
                Self::new(ProblemKind::IdempotencyKeyHeld, error.to_string())
                    .with_header(header::RETRY_AFTER, "1")
            }
            ServiceError::KeyReused => {
                Self::new(ProblemKind::IdempotencyKeyReused, error.to_string())
            }
            ServiceError::LinkRevoked => Self::new(ProblemKind::LinkRevoked, error.to_string()),
            ServiceError::Catalog(CatalogError::TicketSpent) => {
                Self::new(ProblemKind::TicketSpent, error.to_string())
            }
            ServiceError::Catalog(CatalogError::QuotaExceeded(refused)) => {
                Self::new(ProblemKind::QuotaExceeded, error.to_string())
                    .with("quota", refused.resource.as_str())
                    .with("limit", refused.limit)
                    .with("actual", refused.actual)
            }
            ServiceError::Catalog(CatalogError::LeaseExpired) => {
                Self::unavailable("the upload took too long; send it again", &error)
            }
            ServiceError::Catalog(CatalogError::Database(_)) => {
                Self::unavailable("the catalog does not answer", &error)
            }
            ServiceError::Blobs(BlobError::Store(_)) => {
                Self::unavailable("the blob store does not answer", &error)
            }
            ServiceError::Catalog(CatalogError::Damaged { .. })
            | ServiceError::Blobs(
                BlobError::Missing { .. }
                | BlobError::Damaged { .. }
                | BlobError::Altered { .. }
                | BlobError::OutOfRange { .. },
            ) => {
                let detail = "what is stored is damaged; the operator can see more in the log";
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

impl From<MediaError> for Problem {
    fn from(error: MediaError) -> Self {
        let detail = error.to_string();
        match error {
            MediaError::UnknownType | MediaError::NotAccepted { .. } => {
                Self::new(ProblemKind::UnsupportedType, detail)
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
            MediaError::Empty | MediaError::Truncated { .. } | MediaError::Malformed { .. } => {
                Self::new(ProblemKind::UndecodableImage, detail)
            }
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
            UploadError::Interrupted(_) => Self::new(ProblemKind::UploadInterrupted, detail),
            UploadError::TypeMismatch { actual, .. } => {
                Self::new(ProblemKind::UnsupportedType, detail).with("actual", actual.media_type())
            }
            UploadError::DigestMismatch => Self::new(ProblemKind::DigestMismatch, detail),
            UploadError::Media(error) => error.into(),
            UploadError::Service(error) => error.into(),
        }
    }
}
