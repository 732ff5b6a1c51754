//! Records of blobs: where bytes are, and how many images refer to them.

use async_trait::async_trait;

use super::CatalogError;
use crate::model::{BlobId, BlobRef, Sha256, Timestamp};

/// What a blob's record says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRecord {
    /// Where its bytes are.
    pub blob: BlobRef,
    /// Of its bytes.
    pub sha256: Sha256,
    /// How many images refer to it, as counted so far.
    pub refs: u64,
    /// When the last image was gone.
    pub died_at: Option<Timestamp>,
}

impl BlobRecord {
    /// Whether the record is as it has to be where there are so many images.
    pub fn agrees_with(&self, images: u64) -> bool {
        self.refs == images && self.died_at.is_some() == (images == 0)
    }
}

/// A blob's record, and how many images there are for it at the same moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobEntry {
    /// Its id, as text: a damaged record may have any.
    pub id: String,
    /// What the record says, or [`CatalogError::Damaged`].
    pub record: Result<BlobRecord, CatalogError>,
    /// How many images refer to it.
    pub images: u64,
}

/// The records of blobs. A commit makes them.
#[async_trait]
pub trait Blobs: Send + Sync {
    /// At most `limit` blobs that have a record, dead or alive, whose ids come after
    /// `after`, in the order of their ids.
    async fn blobs_after(&self, after: &str, limit: u32) -> Result<Vec<BlobEntry>, CatalogError>;

    /// Whether the blob has a record, dead or alive.
    async fn is_recorded(&self, id: &BlobId) -> Result<bool, CatalogError>;

    /// At most `limit` ids of images that refer to the blob, in order.
    async fn images_of(&self, blob: &str, limit: u32) -> Result<Vec<String>, CatalogError>;

    /// At most `limit` blobs that died before `before`, longest dead first. One that
    /// an image refers to is not among them, whatever its record says.
    async fn dead_blobs(&self, before: Timestamp, limit: u32)
    -> Result<Vec<BlobRef>, CatalogError>;

    /// Drops the record of a dead blob, once its bytes are gone. It is among the
    /// [`remains`](super::Remains::remains) from then on.
    async fn forget_blob(&self, id: &BlobId) -> Result<(), CatalogError>;
}
