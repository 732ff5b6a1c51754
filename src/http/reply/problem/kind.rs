//! The list of all kinds of problems.

use axum::http::StatusCode;

/// Makes the enum, and what is known of each variant: status, slug and title.
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
    /// The request cannot be understood.
    BadRequest: 400, "bad-request", "The request cannot be understood";
    /// The body ended early, or is not as long as announced.
    UploadInterrupted: 400, "upload-interrupted", "The upload is incomplete";
    /// The content is not what was hashed.
    DigestMismatch: 400, "digest-mismatch", "The content is not what was hashed";
    /// There is no token, or it is not valid.
    Unauthorized: 401, "unauthorized", "A valid token is needed";
    /// The token lacks a scope.
    InsufficientScope: 403, "insufficient-scope", "The token lacks a scope";
    /// The signed URL is not as we made it.
    LinkInvalid: 403, "link-invalid", "The link is not valid";
    /// The upload ticket is not as we made it.
    TicketInvalid: 403, "ticket-invalid", "The upload ticket is not valid";
    /// Pages of this origin may not call.
    OriginNotAllowed: 403, "origin-not-allowed", "The origin is not allowed";
    /// There is nothing here, or nothing for this caller.
    NotFound: 404, "not-found", "Nothing is here";
    /// The resource has no such method.
    MethodNotAllowed: 405, "method-not-allowed", "No such method here";
    /// The client takes no type that the resource has.
    NotAcceptable: 406, "not-acceptable", "The resource has no type that is accepted";
    /// The upload ticket was used before.
    TicketSpent: 409, "ticket-spent", "The upload ticket was used before";
    /// There is no store to move blobs from.
    NothingToMigrate: 409, "nothing-to-migrate", "No blobs are to be moved";
    /// Another request with the same `Idempotency-Key` is under way.
    IdempotencyKeyHeld: 409, "idempotency-key-held", "The first request with the key is under way";
    /// The signed URL was good until a time that is past.
    LinkExpired: 410, "link-expired", "The link has expired";
    /// The signed URL was good until the image's links were revoked.
    LinkRevoked: 410, "link-revoked", "The link was revoked";
    /// The upload ticket was good until a time that is past.
    TicketExpired: 410, "ticket-expired", "The upload ticket has expired";
    /// The resource is not in the state that the request's conditions name.
    PreconditionFailed: 412, "precondition-failed", "It is not as you saw it";
    /// The upload is larger than is allowed.
    TooLarge: 413, "too-large", "The upload is too large";
    /// The request's URI is longer than is read.
    UriTooLong: 414, "uri-too-long", "The URI is too long";
    /// The bytes are no kind that is accepted, or not the one declared.
    UnsupportedType: 415, "unsupported-type", "The type is not accepted";
    /// The body has a content coding.
    UnsupportedCoding: 415, "unsupported-coding", "The content coding is not accepted";
    /// None of the ranges asked for lies within the content.
    RangeNotSatisfiable: 416, "range-not-satisfiable", "No such bytes";
    /// The bytes are of a known kind, but damaged or cut off.
    UndecodableImage: 422, "undecodable-image", "The image is damaged";
    /// The `Idempotency-Key` was used for another request.
    IdempotencyKeyReused: 422, "idempotency-key-reused", "The key was used for another request";
    /// The image has more pixels or frames than are allowed.
    TooManyPixels: 422, "too-many-pixels", "The image is too large to decode";
    /// The image is followed by other data.
    TrailingData: 422, "trailing-data", "Other data follows the image";
    /// The image holds more metadata than is allowed.
    MetadataTooLarge: 422, "metadata-too-large", "There is too much metadata";
    /// The request's headers are longer than are read.
    HeadersTooLarge: 431, "headers-too-large", "The headers are too large";
    /// Something went wrong on our side.
    Internal: 500, "internal", "Something went wrong on our side";
    /// The deployment's settings are wrong.
    Misconfigured: 503, "misconfigured", "The deployment's settings are wrong";
    /// A store does not answer; worth a retry.
    Unavailable: 503, "unavailable", "A store does not answer";
    /// The owner would keep more than the quota allows.
    QuotaExceeded: 507, "quota-exceeded", "The owner's quota does not allow it";
}

impl ProblemKind {
    /// The status that goes with it.
    pub fn status(self) -> StatusCode {
        StatusCode::from_u16(self.facts().0).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
    }

    /// The last part of its `type`.
    pub fn slug(self) -> &'static str {
        self.facts().1
    }

    /// Its `type`: where its page is.
    pub fn uri(self) -> String {
        format!("/problems/{}", self.slug())
    }

    /// What it is, for a person.
    pub fn title(self) -> &'static str {
        self.facts().2
    }

    /// The kind of this slug.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.slug() == slug)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_lead_back_to_their_kind_and_are_in_order_of_status() {
        let kinds = ProblemKind::ALL;
        for kind in kinds {
            assert_eq!(ProblemKind::from_slug(kind.slug()), Some(*kind));
            assert!(kind.status().is_client_error() || kind.status().is_server_error());
        }
        assert!(kinds.is_sorted_by_key(|kind| kind.status()));
        assert_eq!(ProblemKind::from_slug("Not-Found"), None);
    }
}
