//! An example of each kind of problem.

use serde_json::{Value, json};

use crate::http::reply::problem::ProblemKind::{self, *};
use crate::model::Kind;

/// The `detail` of the example.
pub(super) fn detail(kind: ProblemKind) -> &'static str {
    match kind {
        BadRequest => "limit must be from 1 to 200",
        UploadInterrupted => "the body ended before it was complete",
        DigestMismatch => "the content does not have the digest that was announced",
        InconsistentUploadLength => "the upload has a length of 2841774 bytes, not of 2841775",
        MismatchingUploadOffset => "the upload has received 1048576 bytes, not 0",
        UploadExpired => "the upload has expired",
        UnsupportedTusVersion => "the request must have the header Tus-Resumable: 1.0.0",
        TooManyUploads => "an owner may have at most 1000 open uploads",
        RateLimited => "no more than 600 requests per minute are allowed; try again in 3 s",
        ChecksumMismatch => "the piece does not have the declared checksum",
        Unauthorized => "the token has expired: its exp is in the past",
        InsufficientScope => "the token lacks the scope images:write",
        LinkInvalid => "the link's signature is not valid",
        TicketInvalid => "the upload ticket is not valid",
        OriginNotAllowed => {
            "pages of this origin may not call the API: see the setting cors_origins"
        }
        TransformNotAllowed => "only presets may be requested without a token or a signed URL",
        DerivedTooLarge => "the result must have sides of at most 8192 pixels, not 12000",
        NotDerivable => {
            "deriving from this image has failed repeatedly, and is not tried again for a day"
        }
        DerivationUnavailable => "this deployment does not derive images",
        DerivationBusy => "too many images are being derived",
        NotFound => "no such image",
        MethodNotAllowed => "the resource does not support this method",
        NotAcceptable => "the Accept header allows none of the available types",
        TicketSpent => "the upload ticket has been used as often as it may be",
        TooManyTickets => {
            "the owner has 10000 open upload tickets, which is the most that it may have"
        }
        TooManyLinks => "the image has 100 named links, which is the most that it may have",
        NothingToMigrate => {
            "there is no previous store to move blobs from: set blob_store_previous"
        }
        IdempotencyKeyHeld => "another request with this Idempotency-Key is under way",
        LinkExpired => "the link has expired",
        LinkRevoked => "the link was revoked",
        TicketExpired => "the upload ticket has expired",
        TicketRevoked => "the upload ticket has been revoked",
        PreconditionFailed => "the image has changed since",
        TooLarge => "the file is larger than the 26214400 bytes that are allowed",
        UriTooLong => "the path and query must have at most 16384 bytes",
        UnsupportedType => "the bytes are image/heic, which is not accepted",
        UnsupportedCoding => "the body must be sent without a Content-Encoding",
        RangeNotSatisfiable => {
            "the content has 2841774 bytes, and none of them is in the requested range"
        }
        UndecodableImage => "the PNG ends before it is complete",
        IdempotencyKeyReused => "the Idempotency-Key was used for another request",
        TooManyPixels => "30000 × 20000 pixels are more than the 50000000 allowed",
        TrailingData => "the JPEG is followed by other data",
        MetadataTooLarge => "a piece of metadata of 5000000 bytes is more than the 1048576 allowed",
        HeadersTooLarge => "the header fields must have at most 65536 bytes",
        Internal => "the stored data is damaged; the operator finds the details in the log",
        Misconfigured => {
            "the variable max_pixels must be a whole number from 1 to 1099511627776, not \"many\""
        }
        QuotaExceeded => "the owner's quota of 1000 images does not allow it",
        Unavailable => "the catalog is not responding",
    }
}

/// The additional members of the example.
pub(super) fn members(kind: ProblemKind) -> Value {
    match kind {
        BadRequest => json!({"limit": 200, "actual": 500}),
        MismatchingUploadOffset => {
            json!({"expected-offset": 1_048_576, "provided-offset": 0})
        }
        InconsistentUploadLength => json!({"limit": 2_841_774, "actual": 2_841_775}),
        TooManyUploads => json!({"limit": 1000}),
        RateLimited => json!({"violated-policies": ["requests"]}),
        Unauthorized => json!({"claim": "exp"}),
        InsufficientScope => json!({"scope": "images:write"}),
        TransformNotAllowed => json!({"allowed": ["thumb"]}),
        DerivedTooLarge => json!({"limit": 8192, "actual": 12_000}),
        NotAcceptable => json!({"allowed": ["application/json"]}),
        TooLarge => json!({"limit": 26_214_400}),
        TooManyTickets => json!({"limit": 10_000}),
        TooManyLinks => json!({"limit": 100}),
        UriTooLong => json!({"limit": 16_384, "actual": 20_011}),
        UnsupportedType => {
            json!({"detected": "image/heic", "allowed": Kind::ALL.map(Kind::media_type)})
        }
        RangeNotSatisfiable => json!({"size": 2_841_774}),
        TooManyPixels => json!({"limit": 50_000_000, "actual": 600_000_000}),
        MetadataTooLarge => json!({"limit": 1_048_576, "actual": 5_000_000}),
        HeadersTooLarge => json!({"limit": 65_536, "actual": 70_112}),
        Misconfigured => json!({"variable": "max_pixels"}),
        QuotaExceeded => json!({"quota": "images", "limit": 1000, "actual": 1001}),
        _ => json!({}),
    }
}
