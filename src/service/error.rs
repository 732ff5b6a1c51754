//! What can go wrong in the service that is not the uploaded file's fault.

use crate::blobs::BlobError;
use crate::catalog::CatalogError;

/// Why the service could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ServiceError {
    /// There is no such image, or not for this caller: the two are not told apart.
    #[error("no such image")]
    NotFound,
    /// The image is no longer as the caller saw it.
    #[error("the image has changed")]
    Changed,
    /// Another request with the same Idempotency-Key is under way.
    #[error("another request with the same Idempotency-Key is under way")]
    KeyHeld,
    /// The Idempotency-Key was used for another request.
    #[error("the Idempotency-Key was used for another request")]
    KeyReused,
    /// The image's links were revoked since this one was made.
    #[error("the link was revoked")]
    LinkRevoked,
    /// The catalog failed.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// The blob store failed, or a blob is damaged.
    #[error(transparent)]
    Blobs(#[from] BlobError),
}
