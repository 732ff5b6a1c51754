//! Why an upload is refused.

use super::ServiceError;
use crate::blobs::BlobError;
use crate::media::MediaError;
use crate::model::Kind;

/// Why a file, or a whole upload, was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// More bytes than are allowed.
    #[error("the file has more than {limit} bytes")]
    TooLarge {
        /// The most that is allowed, in bytes.
        limit: u64,
    },
    /// More files than are allowed.
    #[error("an upload may have at most {limit} files")]
    TooManyFiles {
        /// The most that are allowed.
        limit: usize,
    },
    /// No file at all.
    #[error("the upload has no file")]
    NoFile,
    /// The sender stopped before the end.
    #[error("the body ended before it was complete: {0}")]
    Interrupted(String),
    /// The declared type is not that of the bytes.
    #[error("the file was declared to be {}, but its bytes are {}", .declared.media_type(), .actual.media_type())]
    TypeMismatch {
        /// What was declared.
        declared: Kind,
        /// What the bytes are.
        actual: Kind,
    },
    /// The bytes are not those that the sender hashed.
    #[error("the content does not have the SHA-256 that was sent with it")]
    DigestMismatch,
    /// The bytes are no image that is taken.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// A store failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<BlobError> for UploadError {
    fn from(error: BlobError) -> Self {
        Self::Service(error.into())
    }
}
