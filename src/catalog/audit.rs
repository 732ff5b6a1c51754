//! Audits: find records that contradict each other, and reconcile them.
//!
//! Ids are text here: a damaged record may have any id.

use async_trait::async_trait;

use super::CatalogError;

/// The result of checking an image's record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageCheck {
    /// The image's id.
    pub id: String,
    /// The fault in the record, if any.
    pub fault: Option<ImageFault>,
}

/// A fault in an image's record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ImageFault {
    /// A column has a value that this version does not write.
    Unreadable,
    /// Its blob has no record.
    Unrecorded,
    /// Its blob's record names another owner, content or length.
    Contradicted,
    /// A variant's blob has no record, or one that names another owner, content or length.
    Variant,
}

/// What an audit checks and repairs besides what [`Blobs`](super::Blobs) and
/// [`Accounts`](super::Accounts) offer. Every repair is correct at any moment.
#[async_trait]
pub trait Audit: Send + Sync {
    /// Checks the records of at most `limit` images after the id `after`, in the
    /// order of ids.
    async fn check_images(&self, after: &str, limit: u32) -> Result<Vec<ImageCheck>, CatalogError>;

    /// Creates the record of the blob that an image refers to from the image's own record,
    /// if there is none.
    async fn record_blob(&self, image: &str) -> Result<(), CatalogError>;

    /// Recounts the references to a blob. If the blob counts as dead and its owner has the same
    /// content in another blob, its images refer to that one from then on, and its variants
    /// are dropped.
    async fn recount_blob(&self, id: &str) -> Result<(), CatalogError>;

    /// Deletes every image and every variant that refers to the blob.
    async fn delete_images_of(&self, blob: &str) -> Result<(), CatalogError>;

    /// Deletes every variant that refers to the blob. They can be made again.
    async fn delete_variants_of(&self, blob: &str) -> Result<(), CatalogError>;
}
