//! Audits: records that contradict each other are found, and brought together again.
//!
//! Ids are text here: a record that is damaged may have any.

use async_trait::async_trait;

use super::CatalogError;

/// An image's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageCheck {
    /// Its id.
    pub id: String,
    /// What is wrong with it.
    pub fault: Option<ImageFault>,
}

/// What can be wrong with an image's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFault {
    /// A column does not hold what this version writes.
    Unreadable,
    /// Its blob has no record.
    Unrecorded,
    /// Its blob's record names another owner, content or length.
    Contradicted,
}

/// What an audit checks and repairs beside what [`Blobs`](super::Blobs) and
/// [`Accounts`](super::Accounts) have. Every repair is right at any moment.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Checks the records of at most `limit` images after the id `after`, in the
    /// order of ids.
    async fn check_images(&self, after: &str, limit: u32) -> Result<Vec<ImageCheck>, CatalogError>;

    /// Makes a record of the blob that an image refers to, from what the image's own
    /// says, if there is none.
    async fn record_blob(&self, image: &str) -> Result<(), CatalogError>;

    /// Counts a blob's images anew. Where it counts as dead and the same content has
    /// come to its owner again, its images refer to that blob from here on.
    async fn recount_blob(&self, id: &str) -> Result<(), CatalogError>;

    /// Deletes every image that refers to the blob.
    async fn delete_images_of(&self, blob: &str) -> Result<(), CatalogError>;
}
