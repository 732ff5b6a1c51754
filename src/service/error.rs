//! Errors of the service that are not caused by the uploaded file.

use crate::blobs::BlobError;
use crate::catalog::CatalogError;
use crate::model::QuotaExceeded;

/// Which store an error comes from, and the error.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// The catalog.
    #[error(transparent)]
    Catalog(CatalogError),
    /// The blob store.
    #[error(transparent)]
    Blobs(BlobError),
}

/// Why the service could not do what was requested.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// The image does not exist, or this caller may not see it: the two are not distinguished.
    #[error("no such image")]
    NotFound,
    /// The image has changed since the caller saw it.
    #[error("the image has changed")]
    Changed,
    /// Another request with the same Idempotency-Key is under way.
    #[error("another request with the same Idempotency-Key is under way")]
    KeyHeld,
    /// The Idempotency-Key was used for another request.
    #[error("the Idempotency-Key was used for another request")]
    KeyReused,
    /// The link has been revoked, or all links of the image since it was made.
    #[error("the link was revoked")]
    LinkRevoked,
    /// The resumable upload has ended, or another request has continued it.
    #[error("the upload has ended or has been continued by another request")]
    UploadMoved,
    /// The image has as many named links as it may have.
    #[error("the image has {limit} named links, which is the most that it may have")]
    TooManyLinks {
        /// The most links.
        limit: u32,
    },
    /// The image has no such named link.
    #[error("no such link")]
    NoSuchLink,
    /// The upload ticket has been used as often as it may be.
    #[error("the upload ticket has been used as often as it may be")]
    TicketSpent,
    /// The upload ticket has been revoked, or its record is gone.
    #[error("the upload ticket has been revoked")]
    TicketRevoked,
    /// The owner has as many open upload tickets as it may have.
    #[error("the owner has {limit} open upload tickets, which is the most that it may have")]
    TooManyTickets {
        /// The most tickets.
        limit: u32,
    },
    /// The ticket does not exist, or belongs to another owner.
    #[error("no such upload ticket")]
    NoSuchTicket,
    /// The owner would keep more than the quota allows.
    #[error(transparent)]
    QuotaExceeded(#[from] QuotaExceeded),
    /// The upload took longer than the time within which it could be committed.
    #[error("the upload did not finish before its lease expired")]
    TooLate,
    /// A store does not respond, or cannot do the work now. Retrying may help.
    #[error(transparent)]
    Unavailable(StoreError),
    /// The stored data is damaged.
    #[error(transparent)]
    Damaged(StoreError),
}

impl ServiceError {
    /// Whether the catalog accepts no changes for now.
    pub fn is_read_only(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(StoreError::Catalog(CatalogError::ReadOnly))
        )
    }

    /// Whether the blob store does not respond.
    pub fn is_of_blobs(&self) -> bool {
        matches!(self, Self::Unavailable(StoreError::Blobs(_)))
    }
}

impl From<CatalogError> for ServiceError {
    fn from(error: CatalogError) -> Self {
        match error {
            CatalogError::LeaseExpired => Self::TooLate,
            CatalogError::ClaimLost => Self::KeyHeld,
            CatalogError::TicketSpent => Self::TicketSpent,
            CatalogError::TicketRevoked => Self::TicketRevoked,
            CatalogError::UploadMoved => Self::UploadMoved,
            CatalogError::QuotaExceeded(exceeded) => Self::QuotaExceeded(exceeded),
            CatalogError::Damaged { .. } => Self::Damaged(StoreError::Catalog(error)),
            CatalogError::Database(_)
            | CatalogError::ReadOnly
            | CatalogError::Unknown(_)
            | CatalogError::Undone(_)
            | CatalogError::NewerSchema { .. } => Self::Unavailable(StoreError::Catalog(error)),
        }
    }
}

impl From<BlobError> for ServiceError {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::Store(_) => Self::Unavailable(StoreError::Blobs(error)),
            BlobError::Missing { .. }
            | BlobError::Damaged { .. }
            | BlobError::Altered { .. }
            | BlobError::OtherContent { .. }
            | BlobError::OutOfRange { .. } => Self::Damaged(StoreError::Blobs(error)),
        }
    }
}
