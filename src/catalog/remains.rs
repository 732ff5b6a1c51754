//! Blobs that nothing refers to, whose bytes are deleted once more after a while.

use async_trait::async_trait;

use super::CatalogError;
use crate::model::{BlobId, BlobRef, Timestamp};

/// The records of blobs that nothing refers to, and of which a late write may still
/// leave something.
#[async_trait]
pub trait Remains: Send + Sync {
    /// Records that chunks of `blob`, which will never be committed, may be there or
    /// come yet.
    async fn record_remains(&self, blob: &BlobRef) -> Result<(), CatalogError>;

    /// At most `limit` blobs that were recorded as remains, or forgotten, before `before`,
    /// longest ago first. One that has a record or an image is not among them.
    async fn remains(&self, before: Timestamp, limit: u32) -> Result<Vec<BlobRef>, CatalogError>;

    /// Drops the records of remains, once they are gone for good.
    async fn forget_remains(&self, ids: &[BlobId]) -> Result<(), CatalogError>;
}
