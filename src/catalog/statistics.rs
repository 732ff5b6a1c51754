//! What the catalog knows of everything that is kept.

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
