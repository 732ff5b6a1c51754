//! The catalog: what is known of images, and which blobs are in use.
//!
//! [`Catalog`] is what the service asks for. [`SqlCatalog`] implements it over
//! any SQL connection that speaks SQLite's dialect ([`Database`]: Spin's SQLite
//! interface, rusqlite in native tests); [`MemoryCatalog`] in a map.
//!
//! No call spans two statements, because statements of other requests may run in
//! between: every invariant is kept by one statement and its triggers.
//!
//! The life of a blob, as the catalog sees it:
//! 1. [`Catalog::lease`]: an instance may write under the ids of a [`Lease`].
//! 2. [`Catalog::commit`]: images refer to it; it is live. Content that the owner
//!    has already is not recorded again: the image refers to the blob that is
//!    there, and the new one stays uncommitted.
//! 3. The last image that refers to it is deleted: it is dead, for good.
//! 4. [`Catalog::dead_blobs`] names it, its bytes are deleted, and
//!    [`Catalog::forget_blob`] drops the record.
//! 5. [`Catalog::remains`] names it once more, when no write of it can come any more:
//!    its bytes are deleted again, and [`Catalog::forget_remains`] drops the last record.
//!
//! What was written and never committed is found from leases that have expired
//! ([`Catalog::expired_leases`]): nothing can be committed under those any more.

mod audit;
pub mod conformance;
mod idempotency;
mod memory;
pub mod migrations;
#[cfg(all(test, not(target_family = "wasm")))]
pub(crate) mod native;
mod record;
mod sql;
mod statistics;

use async_trait::async_trait;
use uuid::Uuid;

use crate::model::{
    BlobId, BlobRef, Image, ListQuery, Page, Quota, QuotaExceeded, Timestamp, Usage,
};

pub use audit::{BlobCheck, BlobRecord, ImageCheck, ImageFault, Miscount};
pub use idempotency::{KeyAnswer, KeyClaim, KeyState, NewAnswer};
pub use memory::MemoryCatalog;
pub use record::{Lease, NewImage, RecordedBlob};
pub use sql::{Database, Row, SqlCatalog, Value};
pub use statistics::{BlobCount, OwnerUsage, Statistics};

/// Why the catalog could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// A blob's lease has expired before the commit: its bytes may be gone.
    #[error("the upload took longer than its lease")]
    LeaseExpired,
    /// Another request has the key that this one would be answered under.
    #[error("another request with the same key is under way")]
    ClaimLost,
    /// The upload ticket was used before.
    #[error("the upload ticket was used before")]
    TicketSpent,
    /// The owner would keep more than the quota allows.
    #[error(transparent)]
    QuotaExceeded(#[from] QuotaExceeded),
    /// A row does not hold what this version writes.
    #[error("a catalog row is damaged: column {column} of {table}")]
    Damaged {
        /// The table.
        table: &'static str,
        /// Counted from 0, in the order of the statement.
        column: usize,
    },
    /// The database itself failed: unreachable, locked, full. Worth a retry.
    #[error("the catalog's database failed: {0}")]
    Database(String),
}

/// What the service needs of a catalog. Every method is atomic and durable on
/// return. Times come from the caller, so that tests can choose them.
#[async_trait]
pub trait Catalog: Send + Sync {
    /// Records a lease. Its id must be new.
    async fn lease(&self, lease: &Lease) -> Result<(), CatalogError>;

    /// Adds images of one owner, all or none, and gives for each the blob that it
    /// refers to now, in the same order: its own, or an older one of the same owner
    /// with the same SHA-256. Images in one call with equal content must name equal
    /// blobs. Fails with [`CatalogError::LeaseExpired`] if a lease is not in
    /// force at `now`, with [`CatalogError::TicketSpent`] if a ticket was used
    /// before, also by another image of the same call, with
    /// [`CatalogError::ClaimLost`] if an answer comes without its key, and with
    /// [`CatalogError::QuotaExceeded`] if the owner would then keep more than `quota`.
    async fn commit(
        &self,
        images: &[NewImage],
        quota: Quota,
        now: Timestamp,
    ) -> Result<Vec<BlobRef>, CatalogError>;

    /// The image, whoever owns it.
    async fn find(&self, id: Uuid) -> Result<Option<Image>, CatalogError>;

    /// A page of images. Walking from page to page meets every image once that is
    /// there, matches and stays where it is in the order all the while.
    async fn list(&self, query: &ListQuery) -> Result<Page, CatalogError>;

    /// Writes the image's file name, visibility, tags, metadata and time of
    /// change, if its time of change is still `unchanged_since`. Whether it did. Fails
    /// with [`CatalogError::QuotaExceeded`] if it makes what the owner keeps larger, and
    /// more than `quota` has bytes.
    async fn update(
        &self,
        image: &Image,
        unchanged_since: Timestamp,
        quota: Quota,
    ) -> Result<bool, CatalogError>;

    /// Raises the image's link epoch, if it is there and `owner` (where given)
    /// has it. Whether it did.
    async fn revoke_links(&self, id: Uuid, owner: Option<&str>) -> Result<bool, CatalogError>;

    /// Whether an upload ticket was used.
    async fn is_ticket_spent(&self, id: &str) -> Result<bool, CatalogError>;

    /// Drops the records of tickets that were used before `before`: they must
    /// have expired by now.
    async fn forget_tickets(&self, before: Timestamp) -> Result<(), CatalogError>;

    /// Takes a key for a request, until `until` if it is not answered by then: one that
    /// nobody has, or not any more at `now`. Otherwise tells who has it.
    async fn claim_key(
        &self,
        claim: &KeyClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyState, CatalogError>;

    /// Lets a key go that the claim still holds, because its request was not answered.
    async fn release_key(&self, claim: &KeyClaim) -> Result<(), CatalogError>;

    /// Lets a key go that was claimed at `at`, if it was: also where the claim itself is
    /// carried out only after this.
    async fn abandon_key(&self, claim: &KeyClaim, at: Timestamp) -> Result<(), CatalogError>;

    /// Drops what is known of keys that had expired at `at`.
    async fn forget_keys(&self, at: Timestamp) -> Result<(), CatalogError>;

    /// Deletes an image, if it is there, `owner` (where given) has it, and its time of
    /// change is still `unchanged_since` (where given). Whether it did.
    async fn delete(
        &self,
        id: Uuid,
        owner: Option<&str>,
        unchanged_since: Option<Timestamp>,
    ) -> Result<bool, CatalogError>;

    /// At most `limit` blobs that died before `before`, longest dead first. One that
    /// an image refers to is not among them, whatever its record says.
    async fn dead_blobs(&self, before: Timestamp, limit: u32)
    -> Result<Vec<BlobRef>, CatalogError>;

    /// Drops the record of a dead blob, once its bytes are gone. It is among the
    /// [`remains`](Self::remains) from then on.
    async fn forget_blob(&self, id: &BlobId) -> Result<(), CatalogError>;

    /// Records that chunks of `blob`, which will never be committed, may be there or
    /// come yet.
    async fn record_remains(&self, blob: &BlobRef) -> Result<(), CatalogError>;

    /// At most `limit` blobs that were recorded as remains, or forgotten, before `before`,
    /// longest ago first. One that has a record or an image is not among them.
    async fn remains(&self, before: Timestamp, limit: u32) -> Result<Vec<BlobRef>, CatalogError>;

    /// Drops the records of remains, once they are gone for good.
    async fn forget_remains(&self, ids: &[BlobId]) -> Result<(), CatalogError>;

    /// At most `limit` leases that had expired at `at`, oldest first.
    async fn expired_leases(&self, at: Timestamp, limit: u32) -> Result<Vec<Lease>, CatalogError>;

    /// Ends a lease: nothing is committed under it from here on, at whatever time.
    async fn close_lease(&self, id: &str) -> Result<(), CatalogError>;

    /// Which of the lease's blobs have a record, dead or alive, or an image.
    async fn recorded_blobs(&self, lease: &Lease) -> Result<Vec<BlobId>, CatalogError>;

    /// Drops the record of an expired lease, once its remains are gone.
    async fn forget_lease(&self, id: &str) -> Result<(), CatalogError>;

    /// At most `limit` blobs that have a record, dead or alive, whose ids come after
    /// `after`, in the order of their ids.
    async fn blobs_after(&self, after: &str, limit: u32)
    -> Result<Vec<RecordedBlob>, CatalogError>;

    /// Whether the blob has a record, dead or alive.
    async fn is_recorded(&self, id: &BlobId) -> Result<bool, CatalogError>;

    /// How much the owner keeps: exactly, and without reading the images. The bytes are
    /// those of [`Image::charge`] and [`NewAnswer::charge`].
    async fn usage(&self, owner: &str) -> Result<Usage, CatalogError>;

    /// What all owners keep, and the `owners` of them who keep the most bytes.
    async fn statistics(&self, owners: u32) -> Result<Statistics, CatalogError>;

    /// Checks the records of at most `limit` images after the id `after`, in the
    /// order of ids.
    async fn check_images(&self, after: &str, limit: u32) -> Result<Vec<ImageCheck>, CatalogError>;

    /// Tells the records of at most `limit` blobs after the id `after`, dead or
    /// alive, in the order of ids.
    async fn check_blobs(&self, after: &str, limit: u32) -> Result<Vec<BlobCheck>, CatalogError>;

    /// At most `limit` ids of images that refer to the blob, in order.
    async fn images_of(&self, blob: &str, limit: u32) -> Result<Vec<String>, CatalogError>;

    /// Makes a record of the blob that an image refers to, from what the image's own
    /// says, if there is none.
    async fn record_blob(&self, image: &str) -> Result<(), CatalogError>;

    /// Counts a blob's images anew. Where it counts as dead and the same content has
    /// come to its owner again, its images refer to that blob from here on.
    async fn recount_blob(&self, id: &str) -> Result<(), CatalogError>;

    /// At most `limit` owners whose usage is not what their images come to, and the
    /// totals, if they are not those of all records.
    async fn miscounts(&self, limit: u32) -> Result<Vec<Miscount>, CatalogError>;

    /// Counts anew what every owner keeps, and all together.
    async fn recount_usage(&self) -> Result<(), CatalogError>;

    /// Deletes every image that refers to the blob.
    async fn delete_images_of(&self, blob: &str) -> Result<(), CatalogError>;

    /// Whether the database answers.
    async fn check(&self) -> Result<(), CatalogError>;
}
