//! Accounts: how much each owner keeps, and how much all owners keep together.
//!
//! Triggers maintain the totals of each owner (`usage`, and `answer_usage` for answers that are
//! kept for repeated requests) and of all owners (`totals`). So a commit, or an edit that makes
//! tags or metadata longer, can enforce a quota, and usage and metrics can be reported, without
//! reading the rows behind the totals. A quota is a condition of the committing statement: if a
//! commit changes nothing, the reason is queried afterwards, and the commit is repeated if there
//! is no longer a reason.

use async_trait::async_trait;

use super::CatalogError;
use crate::model::{Timestamp, Usage};

/// Everything that is kept, by all owners.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Statistics {
    /// All images.
    pub images: Usage,
    /// The blobs that images and variants refer to.
    pub live: BlobCount,
    /// The blobs whose bytes are to be deleted.
    pub dead: BlobCount,
    /// All variants, which do not count towards what owners keep.
    pub variants: VariantCount,
    /// When the first of the dead blobs died.
    pub oldest_death: Option<Timestamp>,
    /// How many leases have a record: those in force, and those that expired and have not
    /// been swept yet.
    pub leases: u64,
    /// When the first of the leases expires or expired.
    pub oldest_expiry: Option<Timestamp>,
    /// The owners who keep the most bytes, most first.
    pub owners: Vec<OwnerUsage>,
}

/// Some blobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BlobCount {
    /// The number of blobs.
    pub blobs: u64,
    /// The sum of their lengths.
    pub bytes: u64,
}

/// All variants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct VariantCount {
    /// The number of variants.
    pub variants: u64,
    /// The sum of their lengths.
    pub bytes: u64,
}

/// The usage of one owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OwnerUsage {
    /// The owner.
    pub owner: String,
    /// How much the owner keeps.
    pub usage: Usage,
}

/// A stored count that differs from what the records add up to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Miscount {
    /// The owner whose images are counted; `None` for the totals.
    pub owner: Option<String>,
    /// The stored count.
    pub kept: Usage,
    /// What the records added up to at the same moment.
    pub found: Usage,
}

/// How much each owner keeps, and how much all owners keep together. The bytes are those of
/// [`Image::charge`](crate::model::Image::charge) and
/// [`AnswerRecord::charge`](super::AnswerRecord::charge).
#[async_trait]
pub trait Accounts: Send + Sync {
    /// Returns how much the owner keeps: exactly, and without reading the images.
    async fn usage(&self, owner: &str) -> Result<Usage, CatalogError>;

    /// Returns what all owners keep, and the `owners` of them who keep the most bytes.
    async fn statistics(&self, owners: u32) -> Result<Statistics, CatalogError>;

    /// Returns at most `limit` owners whose usage is not what their images add up to, and
    /// the totals, if they are not those of all records.
    async fn miscounts(&self, limit: u32) -> Result<Vec<Miscount>, CatalogError>;

    /// Recounts what every owner keeps, and what all keep together.
    async fn recount_usage(&self) -> Result<(), CatalogError>;
}
