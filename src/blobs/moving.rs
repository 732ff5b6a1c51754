//! Two stores as one, while blobs are moved from one to the other.
//!
//! New blobs are written to the current store. Older ones are read from wherever they are:
//! a blob that is not in one store is in the other, and if a read breaks off because the
//! blob has been moved meanwhile, it continues in the other store. Deletions apply to both.
//! [`MovingBlobs::move_over`] moves one blob; when every blob in the catalog has been moved,
//! the previous store is empty.
//!
//! Moving a blob twice at the same time is safe: both moves write the same bytes, and
//! neither takes back what it wrote.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use sha2::Digest as _;

use super::{BlobError, BlobStore, BlobWriter, ByteStream};
use crate::model::{BlobId, BlobRef, Sha256};

/// A [`BlobStore`] that combines two. Clones share both.
#[derive(Clone)]
pub struct MovingBlobs {
    current: Arc<dyn BlobStore>,
    previous: Arc<dyn BlobStore>,
}

/// The outcome of moving a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moved {
    /// The blob was in the previous store, and no longer is.
    Now,
    /// It was not in the previous store.
    Before,
}

/// Why a blob was not moved. It stays where it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MoveError {
    /// The SHA-256 of the blob's bytes is not the one that they were stored with.
    #[error("the content of blob {0} does not match its SHA-256")]
    Altered(BlobId),
    /// A store failed, or the blob is damaged.
    #[error(transparent)]
    Blobs(#[from] BlobError),
}

/// Whether there is still time to write.
type MayWrite<'a> = dyn Fn() -> bool + Send + Sync + 'a;

impl MovingBlobs {
    /// Creates a store that writes to `current` and reads from `previous` too.
    pub fn new(current: Arc<dyn BlobStore>, previous: Arc<dyn BlobStore>) -> Self {
        Self { current, previous }
    }

    /// Moves a blob whose content has this SHA-256. Its bytes remain readable throughout:
    /// they are deleted in the previous store only when they are safe in the current one.
    /// Nothing more is written once `may_write` returns false.
    pub async fn move_over(
        &self,
        blob: &BlobRef,
        sha256: &Sha256,
        may_write: &MayWrite<'_>,
    ) -> Result<Moved, MoveError> {
        if blob.size == 0 || is_missing(&self.previous.read(blob, 0..1).await) {
            return Ok(Moved::Before);
        }
        // An earlier move may have been stopped before it deleted everything.
        if !matches_content(&*self.current, blob, sha256).await? {
            match self.copy(blob, sha256, may_write).await {
                // A concurrent move was faster.
                Err(MoveError::Blobs(BlobError::Missing { .. }))
                    if matches_content(&*self.current, blob, sha256).await? => {}
                copied => copied?,
            }
        }
        self.previous.delete(blob).await?;
        Ok(Moved::Now)
    }

    async fn copy(
        &self,
        blob: &BlobRef,
        sha256: &Sha256,
        may_write: &MayWrite<'_>,
    ) -> Result<(), MoveError> {
        let refuse_late = || {
            let late = || BlobError::store(format!("the move of blob {} took too long", blob.id));
            may_write().then_some(()).ok_or_else(late)
        };
        let mut bytes = self.previous.read(blob, 0..blob.size).await?;
        let mut writer = self.current.rewrite(blob);
        let mut hasher = sha2::Sha256::new();
        let mut copy = async || {
            while let Some(piece) = bytes.try_next().await? {
                hasher.update(&piece);
                refuse_late()?;
                writer.write(piece).await?;
            }
            refuse_late()
        };
        let copied = copy().await.map_err(MoveError::from);
        let altered = || MoveError::Altered(blob.id.clone());
        let judged = copied.and_then(|()| {
            let found = Sha256::from(hasher.finalize());
            (found == *sha256).then_some(()).ok_or_else(altered)
        });
        match judged {
            Ok(()) => Ok(writer.finish().await.map(drop)?),
            Err(error) => {
                writer.abort().await?;
                Err(error)
            }
        }
    }

    /// Opens a stream from the current store, else from the previous one, else from the
    /// current one again, where the blob may have arrived meanwhile.
    async fn open(&self, blob: &BlobRef, ranges: &[Range<u64>]) -> Result<ByteStream, BlobError> {
        for store in [&self.current, &self.previous] {
            let opened = store.read_ranges(blob, ranges).await;
            if !is_missing(&opened) {
                return opened;
            }
        }
        self.current.read_ranges(blob, ranges).await
    }
}

fn is_missing<T>(result: &Result<T, BlobError>) -> bool {
    matches!(result, Err(BlobError::Missing { .. }))
}

/// Whether the whole blob is in `store`, with this content.
async fn matches_content(
    store: &dyn BlobStore,
    blob: &BlobRef,
    sha256: &Sha256,
) -> Result<bool, BlobError> {
    let mut hasher = sha2::Sha256::new();
    let read = async {
        let mut bytes = store.read(blob, 0..blob.size).await?;
        while let Some(piece) = bytes.try_next().await? {
            hasher.update(&piece);
        }
        Ok(())
    };
    match read.await {
        Ok(()) => {
            let found = Sha256::from(hasher.finalize());
            Ok(found == *sha256)
        }
        Err(BlobError::Missing { .. } | BlobError::Damaged { .. } | BlobError::Altered { .. }) => {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// The rest of `ranges` after their first `done` bytes.
fn rest(ranges: &[Range<u64>], mut done: u64) -> Vec<Range<u64>> {
    let left = ranges.iter().map(|range| {
        let skipped = done.min(range.end.saturating_sub(range.start));
        done -= skipped;
        range.start + skipped..range.end
    });
    left.filter(|range| range.start < range.end).collect()
}

struct Reading {
    store: MovingBlobs,
    blob: BlobRef,
    ranges: Vec<Range<u64>>,
    done: u64,
    stream: ByteStream,
}

#[async_trait]
impl BlobStore for MovingBlobs {
    fn create(&self, id: BlobId, size_hint: Option<u64>) -> Box<dyn BlobWriter> {
        self.current.create(id, size_hint)
    }

    fn rewrite(&self, blob: &BlobRef) -> Box<dyn BlobWriter> {
        self.current.rewrite(blob)
    }

    async fn read_ranges(
        &self,
        blob: &BlobRef,
        ranges: &[Range<u64>],
    ) -> Result<ByteStream, BlobError> {
        let reading = Reading {
            stream: self.open(blob, ranges).await?,
            store: self.clone(),
            blob: blob.clone(),
            ranges: ranges.to_vec(),
            done: 0,
        };
        let pieces = stream::try_unfold(reading, |mut reading| async move {
            let mut next = reading.stream.try_next().await;
            if is_missing(&next) {
                // The blob was moved meanwhile, or a move was interrupted.
                let rest = rest(&reading.ranges, reading.done);
                reading.stream = reading.store.open(&reading.blob, &rest).await?;
                next = reading.stream.try_next().await;
            }
            Ok(next?.map(|piece| {
                reading.done += piece.len() as u64;
                (piece, reading)
            }))
        });
        Ok(pieces.boxed())
    }

    async fn delete(&self, blob: &BlobRef) -> Result<(), BlobError> {
        self.previous.delete(blob).await?;
        self.current.delete(blob).await
    }

    async fn delete_remains(&self, id: &BlobId) -> Result<(), BlobError> {
        self.previous.delete_remains(id).await?;
        self.current.delete_remains(id).await
    }

    async fn check(&self) -> Result<(), BlobError> {
        self.current.check().await?;
        self.previous.check().await
    }
}

#[cfg(test)]
mod tests;
