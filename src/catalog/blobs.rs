//! Records of blobs: where bytes are, and how many images and variants refer to them.

use async_trait::async_trait;

use super::CatalogError;
use crate::model::{BlobId, BlobRef, Sha256, Timestamp};

/// The record of a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRecord {
    /// Where its bytes are.
    pub blob: BlobRef,
    /// The SHA-256 of its bytes.
    pub sha256: Sha256,
    /// How many images and variants refer to it, as counted by the record.
    pub refs: u64,
    /// When the last of them was deleted.
    pub died_at: Option<Timestamp>,
}

impl BlobRecord {
    /// Whether the record is what it must be if `uses` images and variants refer to the blob.
    pub fn agrees_with(&self, uses: u64) -> bool {
        self.refs == uses && self.died_at.is_some() == (uses == 0)
    }
}

/// A blob's record, and the actual number of references to it at the same moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobEntry {
    /// The blob's id, as text: a damaged record may have any id.
    pub id: String,
    /// The record, or [`CatalogError::Damaged`].
    pub record: Result<BlobRecord, CatalogError>,
    /// How many images and variants refer to the blob.
    pub uses: u64,
}

/// The records of blobs. A commit creates them.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// Returns at most `limit` blobs that have a record, dead or alive, whose ids follow
    /// `after`, in the order of their ids.
    async fn blobs_after(&self, after: &str, limit: u32) -> Result<Vec<BlobEntry>, CatalogError>;

    /// Whether the blob has a record, dead or alive.
    async fn is_recorded(&self, id: &BlobId) -> Result<bool, CatalogError>;

    /// Returns at most `limit` ids of images that refer to the blob, themselves or by a
    /// variant, in order.
    async fn images_of(&self, blob: &str, limit: u32) -> Result<Vec<String>, CatalogError>;

    /// Returns at most `limit` blobs that died before `before`, longest dead first. A blob
    /// that an image or a variant refers to is not among them, whatever its record says.
    async fn dead_blobs(&self, before: Timestamp, limit: u32)
    -> Result<Vec<BlobRef>, CatalogError>;

    /// Deletes the record of a dead blob, once its bytes have been deleted. The blob is
    /// among the [`remains`](super::Remains::remains) from then on.
    async fn forget_blob(&self, id: &BlobId) -> Result<(), CatalogError>;
}
