//! A case of each kind of problem, as it is answered: its detail and further members.

use serde_json::{Value, json};

use crate::http::reply::problem::ProblemKind;

/// The case.
pub(super) fn case(kind: ProblemKind) -> (&'static str, Value) {
    match kind {
        ProblemKind::BadRequest => (
            "limit must be from 1 to 200",
            json!({"limit": 200, "actual": 500}),
        ),
        ProblemKind::UploadInterrupted => ("the body ended before it was complete", json!({})),
        ProblemKind::DigestMismatch => (
            "the content does not have the digest that was announced",
            json!({}),
        ),
        ProblemKind::Unauthorized => ("the token has expired", json!({})),
        ProblemKind::InsufficientScope => (
            "the token lacks the scope images:write",
            json!({"scope": "images:write"}),
        ),
        ProblemKind::LinkInvalid => ("the link's signature is not valid", json!({})),
        ProblemKind::TicketInvalid => ("the upload ticket is not valid", json!({})),
        ProblemKind::OriginNotAllowed => (
            "pages of this origin may not call; see the setting cors_origins",
            json!({}),
        ),
        ProblemKind::NotFound => ("there is no such image", json!({})),
        ProblemKind::MethodNotAllowed => ("the resource has no such method", json!({})),
        ProblemKind::NotAcceptable => (
            "the Accept header rules out every type that there is",
            json!({"allowed": ["application/json"]}),
        ),
        ProblemKind::TicketSpent => ("the upload ticket was used before", json!({})),
        ProblemKind::NothingToMigrate => (
            "there is no store to move blobs from: set blob_store_previous",
            json!({}),
        ),
        ProblemKind::IdempotencyKeyHeld => (
            "another request with this Idempotency-Key is under way",
            json!({}),
        ),
        ProblemKind::LinkExpired => ("the link has expired", json!({})),
        ProblemKind::LinkRevoked => ("the link was revoked", json!({})),
        ProblemKind::TicketExpired => ("the upload ticket has expired", json!({})),
        ProblemKind::PreconditionFailed => ("the image has changed since", json!({})),
        ProblemKind::TooLarge => (
            "the file is larger than the 26214400 bytes that are allowed",
            json!({"limit": 26_214_400}),
        ),
        ProblemKind::UriTooLong => (
            "the path and query must have at most 16384 bytes",
            json!({"limit": 16_384, "actual": 20_011}),
        ),
        ProblemKind::UnsupportedType => (
            "the bytes are image/gif, which is not the type that was declared",
            json!({"actual": "image/gif"}),
        ),
        ProblemKind::UnsupportedCoding => (
            "the body must be sent without a Content-Encoding",
            json!({}),
        ),
        ProblemKind::RangeNotSatisfiable => (
            "the content has 2841774 bytes, and none of those asked for",
            json!({"size": 2_841_774}),
        ),
        ProblemKind::UndecodableImage => ("the PNG ends before it is complete", json!({})),
        ProblemKind::IdempotencyKeyReused => (
            "the Idempotency-Key was used for another request",
            json!({}),
        ),
        ProblemKind::TooManyPixels => (
            "30000 × 20000 pixels are more than the 50000000 allowed",
            json!({"limit": 50_000_000, "actual": 600_000_000}),
        ),
        ProblemKind::TrailingData => ("the JPEG is followed by other data", json!({})),
        ProblemKind::MetadataTooLarge => (
            "a piece of metadata of 5000000 bytes is more than the 1048576 allowed",
            json!({"limit": 1_048_576, "actual": 5_000_000}),
        ),
        ProblemKind::HeadersTooLarge => (
            "the header fields must have at most 65536 bytes",
            json!({"limit": 65_536, "actual": 70_112}),
        ),
        ProblemKind::Internal => (
            "what is stored is damaged; the operator can see more in the log",
            json!({}),
        ),
        ProblemKind::Misconfigured => (
            "the variable max_pixels must be a whole number from 1 to 1099511627776, not \"many\"",
            json!({"variable": "max_pixels"}),
        ),
        ProblemKind::QuotaExceeded => (
            "the owner's quota of 1000 images does not allow it",
            json!({"quota": "images", "limit": 1000, "actual": 1001}),
        ),
        ProblemKind::Unavailable => ("the catalog does not answer", json!({})),
    }
}
