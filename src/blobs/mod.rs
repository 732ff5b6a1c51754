//! Blobs: the bytes of images, and nothing else about them.
//!
//! [`BlobStore`] is the interface that the service uses: write a new blob as its bytes
//! arrive, read a range of it, delete it. [`ChunkedBlobs`] implements it over any store of
//! whole values ([`KeyValue`]: Spin's key-value store, memory, a map in a test), by cutting
//! blobs into chunks of one size; [`S3Blobs`] in a bucket; [`MovingBlobs`] over two stores,
//! while blobs are moved from one to the other.
//!
//! Every implementation guarantees the following, which [`conformance`] checks:
//! - A blob is written once, under an id that nobody else uses, and is complete only when
//!   [`BlobWriter::finish`] has returned; it is then durable.
//! - [`BlobStore::read_ranges`] returns exactly the requested bytes or an error, never fewer
//!   and never others; it holds a few chunks, not the blob.
//! - Damage done in the store since a chunk was written is an error too, in every range
//!   that touches the chunk ([`seal`]).
//! - [`BlobStore::delete`] succeeds if the blob is partly or wholly absent, so that an
//!   interrupted clean-up can be repeated.

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

/// Why a call to a store failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BlobError {
    /// A chunk of a complete blob is missing.
    #[error("chunk {index} of blob {id} is missing")]
    Missing {
        /// The blob.
        id: BlobId,
        /// The chunk's index, counted from 0.
        index: u64,
    },
    /// The length of a chunk is not the one that was written.
    #[error("chunk {index} of blob {id} has {actual} bytes instead of {expected}")]
    Damaged {
        /// The blob.
        id: BlobId,
        /// The chunk's index, counted from 0.
        index: u64,
        /// The expected length, including the seal.
        expected: u64,
        /// The actual length.
        actual: u64,
    },
    /// The bytes of a chunk are not those that were written.
    #[error("chunk {index} of blob {id} does not contain the bytes that were written")]
    Altered {
        /// The blob.
        id: BlobId,
        /// The chunk's index, counted from 0.
        index: u64,
    },
    /// The SHA-256 of a blob is not the one that it was stored with.
    #[error("the content of blob {id} does not match its SHA-256")]
    OtherContent {
        /// The blob.
        id: BlobId,
    },
    /// A range does not lie inside the blob: a caller's mistake.
    #[error("bytes {start}..{end} lie outside a blob of {size} bytes")]
    OutOfRange {
        /// The first byte requested.
        start: u64,
        /// One past the last byte requested.
        end: u64,
        /// The blob's length.
        size: u64,
    },
    /// The store itself failed: unreachable, full, read-only. A retry may help.
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
    /// Starts a new blob. Nothing is written before there are bytes; `size_hint` is the
    /// expected length in bytes, if known.
    fn create(&self, id: BlobId, size_hint: Option<u64>) -> Box<dyn BlobWriter>;

    /// Starts writing a blob that exists elsewhere, or partly in this store, in chunks of
    /// the size that `blob` records. Aborting deletes nothing, because another writer may
    /// be writing the same blob.
    fn rewrite(&self, blob: &BlobRef) -> Box<dyn BlobWriter>;

    /// Returns the bytes of all `ranges`, one after the other, in pieces that are not empty
    /// and do not span two ranges. The first piece has been read when this returns, so a
    /// missing blob is an error here rather than a broken stream. Each further piece is
    /// read when the one before it has been taken, and none after the stream is dropped.
    async fn read_ranges(
        &self,
        blob: &BlobRef,
        ranges: &[Range<u64>],
    ) -> Result<ByteStream, BlobError>;

    /// Returns the bytes of one range.
    async fn read(&self, blob: &BlobRef, range: Range<u64>) -> Result<ByteStream, BlobError> {
        self.read_ranges(blob, std::slice::from_ref(&range)).await
    }

    /// Deletes whatever exists of `blob`.
    async fn delete(&self, blob: &BlobRef) -> Result<(), BlobError>;

    /// Deletes whatever an interrupted writer left under `id`, however far it got.
    async fn delete_remains(&self, id: &BlobId) -> Result<(), BlobError>;

    /// Checks that the store answers.
    async fn check(&self) -> Result<(), BlobError>;
}

/// A blob that is being written. Dropping the writer stops it without cleaning up: call
/// [`abort`](Self::abort), or leave the remains to the sweep.
#[async_trait]
pub trait BlobWriter: Send {
    /// Takes the next bytes. May wait for the store, which slows the sender down.
    async fn write(&mut self, bytes: Bytes) -> Result<(), BlobError>;

    /// Completes the blob and makes it durable.
    async fn finish(self: Box<Self>) -> Result<BlobRef, BlobError>;

    /// Deletes everything that was written. If a write has failed, the store may still
    /// carry it out; then nothing is deleted, and the result is what may exist. The caller
    /// records it first, then deletes it, and later once more.
    async fn abort(self: Box<Self>) -> Result<Option<BlobRef>, BlobError>;
}

/// A store of whole values under string keys: the minimum that a backend must offer to
/// hold blobs.
#[async_trait]
pub trait KeyValue: Send + Sync {
    /// Returns the value, or `None` if there is none.
    async fn get(&self, key: String) -> Result<Option<Bytes>, BlobError>;

    /// Writes a value; it is durable on return.
    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), BlobError>;

    /// Deletes those values among `keys` that exist. After an error, any of them may be
    /// gone.
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
