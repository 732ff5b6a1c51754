//! Why a resumable upload cannot be begun or continued.

use super::{ServiceError, UploadError};
use crate::catalog::CatalogError;

/// Why a resumable upload cannot be begun or continued.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ResumableError {
    /// There is no upload with this id.
    #[error("no such upload")]
    NotFound,
    /// The upload has expired.
    #[error("the upload has expired")]
    Expired,
    /// The upload has received another number of bytes.
    #[error("the upload has received {expected} bytes, not {provided}")]
    Mismatch {
        /// The bytes that it has received.
        expected: u64,
        /// The bytes that the request continues from.
        provided: u64,
    },
    /// The declared lengths, or the bytes that were sent, do not agree.
    #[error("the upload has a length of {expected} bytes, not of {actual}")]
    Length {
        /// The length of the upload.
        expected: u64,
        /// The length according to the request.
        actual: u64,
    },
    /// The piece does not have the declared checksum.
    #[error("the piece does not have the declared checksum")]
    Checksum,
    /// The owner has as many open uploads as it may have.
    #[error("an owner may have at most {limit} open uploads")]
    TooMany {
        /// The limit.
        limit: u32,
    },
    /// An upload cannot be concatenated from these.
    #[error("the uploads cannot be concatenated: {0}")]
    Parts(&'static str),
    /// The file is refused, or a store failed.
    #[error(transparent)]
    Upload(#[from] UploadError),
}

impl From<ServiceError> for ResumableError {
    fn from(error: ServiceError) -> Self {
        Self::Upload(error.into())
    }
}

impl From<CatalogError> for ResumableError {
    fn from(error: CatalogError) -> Self {
        ServiceError::from(error).into()
    }
}
