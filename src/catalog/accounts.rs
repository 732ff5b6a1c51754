//! Accounts: how much each owner keeps, and all owners together.

use async_trait::async_trait;

use super::CatalogError;
use crate::model::{Timestamp, Usage};

/// Everything that is kept, of all owners.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// All images.
    pub images: Usage,
    /// The blobs that images refer to.
    pub live: BlobCount,
    /// The blobs whose bytes are to be deleted.
    pub dead: BlobCount,
    /// When the longest dead of them died.
    pub oldest_death: Option<Timestamp>,
    /// How many leases have a record: those in force, and those that were not swept
    /// since.
    pub leases: u64,
    /// When the first of them expires, or has expired.
    pub oldest_expiry: Option<Timestamp>,
    /// The owners who keep the most bytes, most first.
    pub owners: Vec<OwnerUsage>,
}

/// Some blobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlobCount {
    /// How many.
    pub blobs: u64,
    /// The sum of their lengths.
    pub bytes: u64,
}

/// What an owner keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerUsage {
    /// Who.
    pub owner: String,
    /// How much.
    pub usage: Usage,
}

/// A count that is kept beside the records, where it is not what they come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miscount {
    /// Whose images are counted; `None` for everything together.
    pub owner: Option<String>,
    /// As it is kept.
    pub kept: Usage,
    /// What the records come to at the same moment.
    pub found: Usage,
}

/// How much each owner keeps, and all owners together. The bytes are those of
/// [`Image::charge`](crate::model::Image::charge) and
/// [`AnswerRecord::charge`](super::AnswerRecord::charge).
#[async_trait]
pub trait Accounts: Send + Sync {
    /// How much the owner keeps: exactly, and without reading the images.
    async fn usage(&self, owner: &str) -> Result<Usage, CatalogError>;

    /// What all owners keep, and the `owners` of them who keep the most bytes.
    async fn statistics(&self, owners: u32) -> Result<Statistics, CatalogError>;

    /// At most `limit` owners whose usage is not what their images come to, and the
    /// totals, if they are not those of all records.
    async fn miscounts(&self, limit: u32) -> Result<Vec<Miscount>, CatalogError>;

    /// Counts anew what every owner keeps, and all together.
    async fn recount_usage(&self) -> Result<(), CatalogError>;
}
