//! Why an upload is refused.

use super::ServiceError;
use crate::blobs::BlobError;
use crate::media::MediaError;
use crate::model::Kind;

/// Why a file, or a whole upload, was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// The file has more bytes than allowed.
    #[error("the file has more than {limit} bytes")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The upload has more files than allowed.
    #[error("an upload may have at most {limit} files")]
    TooManyFiles {
        /// The limit.
        limit: usize,
    },
    /// The upload has no file.
    #[error("the upload has no file")]
    NoFile,
    /// The sender stopped before the end of the body.
    #[error("the body ended before it was complete: {0}")]
    Interrupted(String),
    /// The declared type is not the type of the bytes.
    #[error("the file was declared to be {declared:?}, but its bytes are {}", .actual.media_type())]
    TypeMismatch {
        /// The declared media type.
        declared: String,
        /// The type of the bytes.
        actual: Kind,
        /// The types that are accepted.
        accepted: Vec<Kind>,
    },
    /// The bytes do not have the SHA-256 that the sender declared.
    #[error("the content does not have the declared SHA-256")]
    DigestMismatch,
    /// The bytes are not an acceptable image.
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
