//! All kinds of problems.

use axum::http::StatusCode;

/// Defines the enum, with the status, slug and title of each variant.
macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident: $status:literal, $slug:literal, $title:literal;)*) => {
        /// The kinds of problems. The slug is the last part of the `type` URI.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ProblemKind {
            $($(#[$doc])* $kind,)*
        }

        impl ProblemKind {
            /// Every kind, by status.
            pub const ALL: &[Self] = &[$(Self::$kind,)*];

            fn facts(self) -> (u16, &'static str, &'static str) {
                match self {
                    $(Self::$kind => ($status, $slug, $title),)*
                }
            }
        }
    };
}

kinds! {
    /// A part of the request is not valid.
    BadRequest: 400, "bad-request", "The request is invalid";
    /// The body ended early, or is not as long as declared.
    UploadInterrupted: 400, "upload-interrupted", "The upload is incomplete";
    /// The content does not match the declared digest.
    DigestMismatch: 400, "digest-mismatch", "The content does not match its digest";
    /// The lengths that a client declares for a resumable upload do not agree.
    InconsistentUploadLength: 400, "inconsistent-upload-length", "The lengths of the upload do not agree";
    /// There is no token, or it is not valid.
    Unauthorized: 401, "unauthorized", "A valid token is required";
    /// The token lacks a required scope.
    InsufficientScope: 403, "insufficient-scope", "The token lacks a required scope";
    /// The signature of the URL is not valid.
    LinkInvalid: 403, "link-invalid", "The link is not valid";
    /// The upload ticket was not issued by this deployment.
    TicketInvalid: 403, "ticket-invalid", "The upload ticket is not valid";
    /// Pages of this origin may not call the API.
    OriginNotAllowed: 403, "origin-not-allowed", "The origin is not allowed";
    /// The caller may request presets only.
    TransformNotAllowed: 403, "transform-not-allowed", "The transform is not allowed";
    /// The resource does not exist, or the caller may not access it.
    NotFound: 404, "not-found", "Not found";
    /// The resource does not support the method.
    MethodNotAllowed: 405, "method-not-allowed", "Method not allowed";
    /// The client accepts none of the types that the resource is available in.
    NotAcceptable: 406, "not-acceptable", "None of the available types is acceptable";
    /// The upload ticket has been used as often as it may be.
    TicketSpent: 409, "ticket-spent", "The upload ticket has already been used";
    /// The owner has as many open upload tickets as it may have.
    TooManyTickets: 409, "too-many-tickets", "Too many upload tickets are open";
    /// The image has as many named links as it may have.
    TooManyLinks: 409, "too-many-links", "The image has too many named links";
    /// There is no previous store to move blobs from.
    NothingToMigrate: 409, "nothing-to-migrate", "There are no blobs to migrate";
    /// The resumable upload has received another number of bytes than the request says.
    MismatchingUploadOffset: 409, "mismatching-upload-offset", "The upload has another offset";
    /// Another request with the same `Idempotency-Key` is in progress.
    IdempotencyKeyHeld: 409, "idempotency-key-held", "A request with this idempotency key is in progress";
    /// The signed URL has expired.
    LinkExpired: 410, "link-expired", "The link has expired";
    /// The URL was revoked, or all links of the image after it was signed.
    LinkRevoked: 410, "link-revoked", "The link was revoked";
    /// The upload ticket has expired.
    TicketExpired: 410, "ticket-expired", "The upload ticket has expired";
    /// The upload ticket was revoked.
    TicketRevoked: 410, "ticket-revoked", "The upload ticket was revoked";
    /// The resumable upload has expired.
    UploadExpired: 410, "upload-expired", "The upload has expired";
    /// The resource does not satisfy the request's conditions.
    PreconditionFailed: 412, "precondition-failed", "The resource has changed";
    /// The request has a version of tus that is not supported, or none.
    UnsupportedTusVersion: 412, "unsupported-tus-version", "The version of tus is not supported";
    /// The upload is larger than allowed.
    TooLarge: 413, "too-large", "The upload is too large";
    /// The derived image would be larger than allowed.
    DerivedTooLarge: 413, "derived-too-large", "The derived image would be too large";
    /// The request's URI is too long.
    UriTooLong: 414, "uri-too-long", "The URI is too long";
    /// The type of the bytes is not accepted, or differs from the declared one.
    UnsupportedType: 415, "unsupported-type", "The media type is not accepted";
    /// The body has a content coding.
    UnsupportedCoding: 415, "unsupported-coding", "The content coding is not accepted";
    /// None of the requested ranges lies within the content.
    RangeNotSatisfiable: 416, "range-not-satisfiable", "Range not satisfiable";
    /// The bytes are of a known kind, but damaged or truncated.
    UndecodableImage: 422, "undecodable-image", "The image is damaged";
    /// The `Idempotency-Key` was used for a different request.
    IdempotencyKeyReused: 422, "idempotency-key-reused", "The idempotency key was used for a different request";
    /// The image has more pixels or frames than allowed.
    TooManyPixels: 422, "too-many-pixels", "The image is too large to decode";
    /// The image is followed by other data.
    TrailingData: 422, "trailing-data", "The image is followed by other data";
    /// The image contains more metadata than allowed.
    MetadataTooLarge: 422, "metadata-too-large", "The metadata is too large";
    /// Nothing can be derived from the image, or only at too high a cost.
    NotDerivable: 422, "not-derivable", "The image cannot be derived";
    /// The owner has as many open uploads as it may have.
    TooManyUploads: 429, "too-many-uploads", "Too many uploads are open";
    /// The client has made more requests, or transferred more bytes, than allowed per minute.
    RateLimited: 429, "rate-limited", "Too many requests";
    /// The request's headers are too large.
    HeadersTooLarge: 431, "headers-too-large", "The headers are too large";
    /// The bytes of a piece do not have the declared checksum.
    ChecksumMismatch: 460, "checksum-mismatch", "The piece does not match its checksum";
    /// An unexpected error on the server.
    Internal: 500, "internal", "Internal error";
    /// The deployment derives no images, or none from this type.
    DerivationUnavailable: 501, "derivation-unavailable", "The deployment cannot derive this image";
    /// A setting of the deployment is invalid.
    Misconfigured: 503, "misconfigured", "The deployment is misconfigured";
    /// A store is not responding; the request can be retried.
    Unavailable: 503, "unavailable", "A store is not responding";
    /// Too many images are being derived; the request can be retried.
    DerivationBusy: 503, "derivation-busy", "Too many images are being derived";
    /// The request would exceed the owner's quota.
    QuotaExceeded: 507, "quota-exceeded", "The quota is exceeded";
}

impl ProblemKind {
    /// The HTTP status of the kind.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.facts().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The last part of the `type` URI.
    pub fn slug(self) -> &'static str {
        self.facts().1
    }

    /// The path of the page that explains the kind.
    pub fn page(self) -> String {
        format!("/problems/{}", self.slug())
    }

    /// The `type` URI. It is the path of the page, unless the kind is a registered one (RFC 9457
    /// §4.2), of which draft-ietf-httpbis-resumable-upload defines two.
    pub fn uri(self) -> String {
        match self {
            Self::MismatchingUploadOffset | Self::InconsistentUploadLength => {
                format!(
                    "https://iana.org/assignments/http-problem-types#{}",
                    self.slug()
                )
            }
            _ => self.page(),
        }
    }

    /// The title, for people.
    pub fn title(self) -> &'static str {
        self.facts().2
    }

    /// The kind with this slug.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.slug() == slug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_identify_kinds_and_kinds_are_sorted_by_status() {
        let kinds = ProblemKind::ALL;
        for kind in kinds {
            assert_eq!(ProblemKind::from_slug(kind.slug()), Some(*kind));
            assert!(kind.status().is_client_error() || kind.status().is_server_error());
        }
        assert!(kinds.is_sorted_by_key(|kind| kind.status()));
        assert_eq!(ProblemKind::from_slug("Not-Found"), None);
    }
}
