//! Resumable uploads: what has arrived of files that are not images yet.
//!
//! An upload has received its bytes up to an offset. The first of them are in segments, each a
//! blob of its own, and the others in the tail, which the catalog keeps itself until there are
//! enough of them for another segment. Every change names the offset that its caller saw, so that
//! of several changes at once only one takes effect, and nothing is ever locked.

use async_trait::async_trait;
use uuid::Uuid;

use super::CatalogError;
use crate::model::{BlobRef, Quota, Timestamp};

/// The record of a resumable upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resumable {
    /// Identifies the upload. Whoever knows it may continue the upload.
    pub id: String,
    /// The owner of the image.
    pub owner: String,
    /// Whether the upload is a part of another one, and no image by itself.
    pub is_partial: bool,
    /// The id of the image that it becomes.
    pub image: Uuid,
    /// The ticket or the key that it was begun with. No other upload is begun with it.
    pub begun_by: Option<String>,
    /// What its client declared, in a form that is opaque to the catalog.
    pub terms: String,
    /// The number of bytes received.
    pub received: u64,
    /// The length of the file in bytes, once it is known.
    pub length: Option<u64>,
    /// How often somebody has asked for the offset, to continue from there. Whoever received
    /// bytes before that receives no more.
    pub epoch: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it expires at the latest.
    pub deadline: Timestamp,
    /// When it expires, unless bytes arrive before.
    pub expires_at: Timestamp,
    /// When it became an image.
    pub completed_at: Option<Timestamp>,
}

impl Resumable {
    /// The bytes that it counts for in its owner's usage while it is not complete.
    pub fn reserved(&self) -> u64 {
        self.length.unwrap_or(self.received)
    }
}

/// The result of beginning an upload.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Begun {
    /// It has begun.
    Now,
    /// It had been begun with the same ticket or key.
    Before(Box<Resumable>),
    /// The owner has as many open uploads as it may have.
    TooMany,
}

/// The point from which an upload is continued.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The upload's id.
    pub id: String,
    /// The bytes received.
    pub received: u64,
    /// The epoch in which they were.
    pub epoch: u64,
}

/// A part of an upload that is stored as a blob.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// Where it begins in the file.
    pub start: u64,
    /// Its bytes.
    pub blob: BlobRef,
}

impl Segment {
    /// Where it ends in the file.
    pub fn end(&self) -> u64 {
        self.start.saturating_add(self.blob.size)
    }
}

/// A segment that is added, and the lease under which its blob was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSegment {
    /// The segment. It begins at the end of the last one and replaces the tail.
    pub segment: Segment,
    /// The lease's id.
    pub lease: String,
}

/// The terms of adding bytes to an upload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Growth {
    /// When the upload then expires, unless its deadline is earlier.
    pub expires_at: Timestamp,
    /// The most that the owner may keep. It applies to uploads of unknown length; the others
    /// have reserved their length.
    pub quota: Quota,
}

/// The completion of an upload by the image that is committed with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The point from which the last bytes were received.
    pub at: Position,
    /// The length of the whole file in bytes.
    pub length: u64,
    /// The uploads whose bytes the image consists of. They end, except for the upload itself.
    pub parts: Vec<String>,
    /// What is kept of what the client declared.
    pub terms: String,
    /// Until when the upload's record is kept.
    pub expires_at: Timestamp,
}

/// Why an upload ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Its client wants it to.
    Wanted,
    /// Its file is refused. A complete upload does not end.
    Refused,
    /// It had expired at this time. Any other upload does not end.
    Expired(Timestamp),
}

/// Resumable uploads.
#[async_trait]
pub trait Resumables: Send + Sync {
    /// Begins an upload, unless its owner already has `most` open ones. Fails with
    /// [`CatalogError::QuotaExceeded`] if the owner would then keep more than `quota`.
    async fn begin_resumable(
        &self,
        new: &Resumable,
        quota: Quota,
        most: u32,
    ) -> Result<Begun, CatalogError>;

    /// Returns the upload with this id.
    async fn find_resumable(&self, id: &str) -> Result<Option<Resumable>, CatalogError>;

    /// Returns the upload that was begun with this ticket or key.
    async fn resumable_begun_by(&self, begun_by: &str) -> Result<Option<Resumable>, CatalogError>;

    /// Begins a new epoch of an upload that is not complete, and returns the upload.
    async fn resume(&self, id: &str) -> Result<Option<Resumable>, CatalogError>;

    /// Returns an upload's segments, in order.
    async fn segments(&self, id: &str) -> Result<Vec<Segment>, CatalogError>;

    /// Returns an upload's tail.
    async fn tail(&self, id: &str) -> Result<Vec<u8>, CatalogError>;

    /// Adds a segment, which replaces the tail. Returns whether the upload was at this
    /// position. Fails with [`CatalogError::LeaseExpired`] if the lease is not in force at
    /// `now`, and with [`CatalogError::QuotaExceeded`].
    async fn append_segment(
        &self,
        at: &Position,
        new: &NewSegment,
        growth: Growth,
        now: Timestamp,
    ) -> Result<bool, CatalogError>;

    /// Adds bytes to the tail. Returns whether the upload was at this position. Fails with
    /// [`CatalogError::QuotaExceeded`].
    async fn append_tail(
        &self,
        at: &Position,
        bytes: &[u8],
        growth: Growth,
    ) -> Result<bool, CatalogError>;

    /// Sets the length of an upload that has none and has not received more bytes. Returns
    /// whether the upload has this length now. Fails with [`CatalogError::QuotaExceeded`].
    async fn set_length(&self, id: &str, length: u64, quota: Quota) -> Result<bool, CatalogError>;

    /// Deletes the record of an upload, and of its segments, whose blobs become remains.
    /// Returns whether it did.
    async fn end_resumable(&self, id: &str, ending: Ending) -> Result<bool, CatalogError>;

    /// Returns the ids of at most `limit` uploads that had expired at `at`, longest ago first.
    async fn expired_resumables(
        &self,
        at: Timestamp,
        limit: u32,
    ) -> Result<Vec<String>, CatalogError>;

    /// Returns at most `limit` uploads of `owner` that are open at `now`, newest first.
    async fn open_resumables(
        &self,
        owner: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Resumable>, CatalogError>;

    /// Returns at most `limit` uploads after the id `after`, in the order of ids.
    async fn resumables_after(
        &self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Resumable>, CatalogError>;

    /// Deletes at most `limit` uploads of `owner`, open or complete, as
    /// [`end_resumable`](Self::end_resumable) does. Returns how many there were.
    async fn end_resumables_of(&self, owner: &str, limit: u32) -> Result<u32, CatalogError>;
}
