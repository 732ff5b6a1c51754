//! Blobs: the bytes of images, and nothing else about them.
//!
//! [`BlobStore`] is what the service asks for: write a new blob as its bytes
//! come, read a range of it, delete it. [`ChunkedBlobs`] implements it over any
//! store of whole values ([`KeyValue`]: Spin's key-value store, memory, a map in
//! a test), by cutting blobs into chunks of one size; [`S3Blobs`] in a bucket;
//! [`MovingBlobs`] over two stores, while blobs are moved from one to the other.
//!
//! What every implementation promises, and [`conformance`] checks:
//! - A blob is written once, under an id that nobody else uses, and is complete
//!   only when [`BlobWriter::finish`] has returned; it is then durable.
//! - [`BlobStore::read_ranges`] gives exactly the bytes asked for or an error, never
//!   fewer and never others; it holds a few chunks, not the blob.
//! - What was damaged in the store since it was written is an error too, in every
//!   range that it touches ([`seal`]).
//! - [`BlobStore::delete`] of what is partly or wholly absent succeeds, so that
//!   a clean-up which was cut short can be repeated.

pub mod chunked;
pub mod conformance;
#[cfg(test)]
pub(crate) mod faulty;
mod fetch;
pub mod key;
pub mod memory;
mod moving;
pub mod s3;
pub mod seal;

use std::error::Error;
use std::ops::Range;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::stream::BoxStream;

use crate::cause::Cause;
use crate::model::{BlobId, BlobRef};

pub use chunked::ChunkedBlobs;
pub use memory::MemoryKeyValue;
pub use moving::{MoveError, Moved, MovingBlobs};
pub use s3::S3Blobs;

/// Why a store could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// A chunk that a complete blob must have is not there.
    #[error("chunk {index} of blob {id} is missing")]
    Missing {
        /// The blob.
        id: BlobId,
        /// Counted from 0.
        index: u64,
    },
    /// A chunk has another length than it was written with.
    #[error("chunk {index} of blob {id} has {actual} bytes instead of {expected}")]
    Damaged {
        /// The blob.
        id: BlobId,
        /// Counted from 0.
        index: u64,
        /// Its length as recorded, with its seal.
        expected: u64,
        /// Its length as read.
        actual: u64,
    },
    /// A chunk does not hold the bytes that it was written with.
    #[error("chunk {index} of blob {id} does not hold what was written")]
    Altered {
        /// The blob.
        id: BlobId,
        /// Counted from 0.
        index: u64,
    },
    /// A blob's bytes together are not those that it was stored with.
    #[error("blob {id} does not have its SHA-256")]
    OtherContent {
        /// The blob.
        id: BlobId,
    },
    /// A range that does not lie inside the blob: a caller's mistake.
    #[error("bytes {start}..{end} lie outside a blob of {size} bytes")]
    OutOfRange {
        /// First byte asked for.
        start: u64,
        /// One past the last byte asked for.
        end: u64,
        /// The blob's length.
        size: u64,
    },
    /// The store itself failed: unreachable, full, read-only. Worth a retry.
    #[error("the blob store failed: {0}")]
    Store(#[source] Cause),
}

impl BlobError {
    /// The store failed for this reason: an error, or a text.
    pub fn store(cause: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Store(Cause::new(cause))
    }
}

/// Refuses ranges that do not lie inside the blob.
fn check_ranges(blob: &BlobRef, ranges: &[Range<u64>]) -> Result<(), BlobError> {
    let size = blob.size;
    let is_outside = |range: &&Range<u64>| range.start > range.end || range.end > size;
    match ranges.iter().find(is_outside) {
        Some(&Range { start, end }) => Err(BlobError::OutOfRange { start, end, size }),
        None => Ok(()),
    }
}

/// A stream of a blob's bytes, in order.
pub type ByteStream = BoxStream<'static, Result<Bytes, BlobError>>;

/// A store of blobs.
#[async_trait]
pub trait BlobStore: Send + Sync {
    /// Starts a new blob. Nothing is written before bytes come; `size_hint` is
    /// how many are expected, where that is known.
    fn create(&self, id: BlobId, size_hint: Option<u64>) -> Box<dyn BlobWriter>;

    /// Starts writing a blob that lies elsewhere, or partly here already, in the
    /// chunks that `blob` records. Aborting it deletes nothing that may have been
    /// written by another who does the same.
    fn rewrite(&self, blob: &BlobRef) -> Box<dyn BlobWriter>;

    /// The bytes of all `ranges`, one after the other, in pieces that are not empty
    /// and of which none reaches from one range into the next. The first piece has
    /// been read when this returns, so that a blob which is not there is an error
    /// here, not a broken stream. Each further one is read when the one before it has been
    /// taken, and none any more once the stream is dropped.
    async fn read_ranges(
        &self,
        blob: &BlobRef,
        ranges: &[Range<u64>],
    ) -> Result<ByteStream, BlobError>;

    /// The bytes of one range.
    async fn read(&self, blob: &BlobRef, range: Range<u64>) -> Result<ByteStream, BlobError> {
        self.read_ranges(blob, std::slice::from_ref(&range)).await
    }

    /// Deletes whatever there is of `blob`.
    async fn delete(&self, blob: &BlobRef) -> Result<(), BlobError>;

    /// Deletes whatever an interrupted writer left under `id`, without knowing
    /// how far it came.
    async fn delete_remains(&self, id: &BlobId) -> Result<(), BlobError>;

    /// Whether the store answers.
    async fn check(&self) -> Result<(), BlobError>;
}

/// A blob that is being written. Dropping it writes no more and cleans nothing
/// up: call [`abort`](Self::abort), or leave it to the sweep.
#[async_trait]
pub trait BlobWriter: Send {
    /// Takes the next bytes. May wait for the store, and so holds the sender back.
    async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError>;

    /// Makes all that was written durable.
    async fn finish(self: Box<Self>) -> Result<BlobRef, BlobError>;

    /// Deletes what was written. Where the store has failed a write, and may carry it out
    /// yet, nothing is deleted, and what there may be is told instead: whoever records
    /// that first may delete it, and later once more.
    async fn abort(self: Box<Self>) -> Result<Option<BlobRef>, BlobError>;
}

/// A store of whole values under string keys: the least that a backend must
/// offer to hold blobs.
#[async_trait]
pub trait KeyValue: Send + Sync {
    /// The value, or `None` where there is none.
    async fn get(&self, key: String) -> Result<Option<Bytes>, BlobError>;

    /// Writes a value; durable on return.
    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), BlobError>;

    /// Deletes the values that exist among `keys`. On an error, any of them may
    /// be gone.
    async fn delete_many(&self, keys: Vec<String>) -> Result<(), BlobError>;
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn a_failure_keeps_its_source() {
        let error = BlobError::store(io::Error::other("the disk is full"));
        assert!(
            error
                .source()
                .is_some_and(|source| source.is::<io::Error>())
        );
        assert!(error.to_string().ends_with("the disk is full"), "{error}");
    }
}
