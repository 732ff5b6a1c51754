//! Variants: derived images that are stored.
//!
//! Once per deployment: a request that misses a variant claims it for a while
//! ([`Variants::claim_variant`]), makes it, and commits it. Others find the claim
//! ([`Variants::variant_state`]) and wait. A claim that expires may be taken over; what its
//! former holder makes is then not stored.

use async_trait::async_trait;
use uuid::Uuid;

use super::CatalogError;
use crate::model::{BlobRef, Image, Timestamp, Variant};

/// After this many failures, nothing is derived from a source until its record expires.
pub(super) const MOST_FAILURES: u32 = 2;

/// A request's hold on a variant that it makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariantClaim {
    /// The image that the variant is made of.
    pub image: Uuid,
    /// The transform in canonical form.
    pub transform: String,
    /// Distinguishes the request from all others.
    pub id: String,
}

/// What is known of a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariantState {
    /// It is stored.
    Stored(Box<Variant>),
    /// A request is making it.
    InProgress,
    /// Deriving anything from the same content has failed too often lately.
    SourceFailed,
    /// Nobody has made it, and nobody is making it.
    Absent,
    /// There is no such image.
    NoImage,
}

/// A variant to be committed, and the lease under which its blob was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewVariant {
    /// The claim under which it was made.
    pub claim: VariantClaim,
    /// The variant.
    pub variant: Variant,
    /// The lease's id.
    pub lease: String,
}

/// The outcome of a commit of a variant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VariantCommit {
    /// It is stored, in this blob: its own, or an older one of the same owner with the same
    /// content.
    Stored(BlobRef),
    /// All variants together would exceed the budget.
    OverBudget,
    /// The image is gone, or the claim or the lease is not in force any more.
    Refused,
}

/// Variants: derived images that are stored. They are deleted with their images.
#[async_trait]
pub trait Variants: Send + Sync {
    /// Finds the image, whatever its owner, and those of its variants that have one of these
    /// transforms, in no particular order.
    async fn find_with_variants(
        &self,
        id: Uuid,
        transforms: &[String],
    ) -> Result<Option<(Image, Vec<Variant>)>, CatalogError>;

    /// Returns what is known of a variant at `now`.
    async fn variant_state(
        &self,
        image: Uuid,
        transform: &str,
        now: Timestamp,
    ) -> Result<VariantState, CatalogError>;

    /// Claims a variant until `until`, if it is [`VariantState::Absent`] at `now`. Returns
    /// whether it did.
    async fn claim_variant(
        &self,
        claim: &VariantClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, CatalogError>;

    /// Releases a claim, because its variant was not made.
    async fn release_variant(&self, claim: &VariantClaim) -> Result<(), CatalogError>;

    /// Stores a variant and ends its claim, unless all variants together would then have more
    /// than `budget` bytes.
    async fn commit_variant(
        &self,
        new: &NewVariant,
        budget: u64,
        now: Timestamp,
    ) -> Result<VariantCommit, CatalogError>;

    /// Records that deriving from an image's content failed. The record expires at `until`.
    async fn count_failure(
        &self,
        image: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), CatalogError>;

    /// Records that a variant was requested at `at`.
    async fn touch_variant(
        &self,
        image: Uuid,
        transform: &str,
        at: Timestamp,
    ) -> Result<(), CatalogError>;

    /// Deletes the variants of an image, if it belongs to `owner` (if given), and ends their
    /// claims. Returns whether there is such an image.
    async fn delete_variants(&self, image: Uuid, owner: Option<&str>)
    -> Result<bool, CatalogError>;

    /// Deletes the least recently used variants, at most `limit`, until all together have at
    /// most `keep` bytes. Returns how many it deleted.
    async fn evict_variants(&self, keep: u64, limit: u32) -> Result<u32, CatalogError>;

    /// Deletes the claims and the records of failures that had expired at `at`.
    async fn forget_variant_records(&self, at: Timestamp) -> Result<(), CatalogError>;
}
