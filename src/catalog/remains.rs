//! Blobs that nothing refers to, whose bytes are deleted once more after a while.

use async_trait::async_trait;

use super::CatalogError;
use crate::model::{BlobId, BlobRef, Timestamp};

/// The records of blobs that nothing refers to, and of which a late write may still
/// leave something behind.
#[async_trait]
pub trait Remains: Send + Sync {
    /// Records that chunks of `blob`, which will never be committed, may exist or may still
    /// be written.
    async fn record_remains(&self, blob: &BlobRef) -> Result<(), CatalogError>;

    /// Returns at most `limit` blobs that were recorded as remains, or forgotten, before
    /// `before`, longest ago first. A blob with a record, an image or a variant is not among
    /// them.
    async fn remains(&self, before: Timestamp, limit: u32) -> Result<Vec<BlobRef>, CatalogError>;

    /// Deletes the records of remains, once they have been deleted for good.
    async fn forget_remains(&self, ids: &[BlobId]) -> Result<(), CatalogError>;
}
