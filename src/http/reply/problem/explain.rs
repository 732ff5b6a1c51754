//! The text of each problem's page. The files below group the texts by subject. Words between
//! backquotes are code.

mod access;
mod derive;
mod request;
mod resumable;
mod server;
mod upload;

use super::ProblemKind;

/// The explanation of a kind of problem.
#[derive(Clone, Copy, Debug)]
pub struct Explanation {
    /// What the problem means.
    pub meaning: &'static str,
    /// The usual causes.
    pub causes: &'static [&'static str],
    /// How to fix it.
    pub remedy: &'static str,
}

impl ProblemKind {
    /// The explanation of this kind.
    pub fn explanation(self) -> Explanation {
        match self {
            Self::BadRequest => request::BAD_REQUEST,
            Self::UploadInterrupted => upload::UPLOAD_INTERRUPTED,
            Self::DigestMismatch => upload::DIGEST_MISMATCH,
            Self::InconsistentUploadLength => resumable::INCONSISTENT_UPLOAD_LENGTH,
            Self::Unauthorized => access::UNAUTHORIZED,
            Self::InsufficientScope => access::INSUFFICIENT_SCOPE,
            Self::LinkInvalid => access::LINK_INVALID,
            Self::TicketInvalid => access::TICKET_INVALID,
            Self::OriginNotAllowed => access::ORIGIN_NOT_ALLOWED,
            Self::TransformNotAllowed => derive::TRANSFORM_NOT_ALLOWED,
            Self::NotFound => request::NOT_FOUND,
            Self::MethodNotAllowed => request::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => request::NOT_ACCEPTABLE,
            Self::TicketSpent => access::TICKET_SPENT,
            Self::TooManyTickets => access::TOO_MANY_TICKETS,
            Self::TooManyLinks => access::TOO_MANY_LINKS,
            Self::NothingToMigrate => server::NOTHING_TO_MIGRATE,
            Self::MismatchingUploadOffset => resumable::MISMATCHING_UPLOAD_OFFSET,
            Self::IdempotencyKeyHeld => upload::IDEMPOTENCY_KEY_HELD,
            Self::LinkExpired => access::LINK_EXPIRED,
            Self::LinkRevoked => access::LINK_REVOKED,
            Self::TicketExpired => access::TICKET_EXPIRED,
            Self::TicketRevoked => access::TICKET_REVOKED,
            Self::UploadExpired => resumable::UPLOAD_EXPIRED,
            Self::PreconditionFailed => request::PRECONDITION_FAILED,
            Self::UnsupportedTusVersion => resumable::UNSUPPORTED_TUS_VERSION,
            Self::TooLarge => upload::TOO_LARGE,
            Self::DerivedTooLarge => derive::DERIVED_TOO_LARGE,
            Self::UriTooLong => request::URI_TOO_LONG,
            Self::UnsupportedType => upload::UNSUPPORTED_TYPE,
            Self::UnsupportedCoding => upload::UNSUPPORTED_CODING,
            Self::RangeNotSatisfiable => request::RANGE_NOT_SATISFIABLE,
            Self::UndecodableImage => upload::UNDECODABLE_IMAGE,
            Self::IdempotencyKeyReused => upload::IDEMPOTENCY_KEY_REUSED,
            Self::TooManyPixels => upload::TOO_MANY_PIXELS,
            Self::TrailingData => upload::TRAILING_DATA,
            Self::MetadataTooLarge => upload::METADATA_TOO_LARGE,
            Self::NotDerivable => derive::NOT_DERIVABLE,
            Self::TooManyUploads => resumable::TOO_MANY_UPLOADS,
            Self::RateLimited => access::RATE_LIMITED,
            Self::HeadersTooLarge => request::HEADERS_TOO_LARGE,
            Self::ChecksumMismatch => resumable::CHECKSUM_MISMATCH,
            Self::Internal => server::INTERNAL,
            Self::DerivationUnavailable => derive::DERIVATION_UNAVAILABLE,
            Self::Misconfigured => server::MISCONFIGURED,
            Self::Unavailable => server::UNAVAILABLE,
            Self::DerivationBusy => derive::DERIVATION_BUSY,
            Self::QuotaExceeded => upload::QUOTA_EXCEEDED,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_explained_in_complete_sentences() {
        for kind in ProblemKind::ALL {
            let explanation = kind.explanation();
            let causes = explanation.causes.iter().copied();
            assert!(!explanation.causes.is_empty(), "{kind:?}");
            for text in [explanation.meaning, explanation.remedy]
                .into_iter()
                .chain(causes)
            {
                assert!(text.ends_with('.') && text.len() > 10, "{kind:?}: {text}");
                assert_eq!(text.matches('`').count() % 2, 0, "{kind:?}: {text}");
            }
        }
    }
}
