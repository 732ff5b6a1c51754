//! Blobs in a store of whole values: cut into chunks of one size, each followed by its
//! [`seal`]. Chunks without a seal were written by early versions and are accepted as they
//! are.
//!
//! Writing: bytes are gathered in a buffer; a full buffer goes to the store while the next
//! one fills, with at most [`WRITES_IN_FLIGHT`] writes in flight. Reading: a chunk is read
//! when it is asked for. So a transfer of any length holds only a few chunks, and a reader
//! that stops has read at most one too many.

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::{BoxFuture, FutureExt as _};
use futures_util::stream::{self, FuturesUnordered, StreamExt as _, TryStreamExt as _};

use super::fetch::{Fetch, cut, fetches};
use super::seal::{self, SEAL_BYTES};
use super::{BlobError, BlobStore, BlobWriter, ByteStream, KeyValue, check_ranges, key};
use crate::model::{BlobId, BlobRef};

/// The maximum number of chunks of one blob that are written at once.
pub const WRITES_IN_FLIGHT: usize = 2;
/// The number of keys per deletion: the smallest maximum of all known stores (DynamoDB).
const DELETE_BATCH: usize = 25;

/// A [`BlobStore`] over a [`KeyValue`].
#[derive(Clone)]
pub struct ChunkedBlobs {
    values: Arc<dyn KeyValue>,
    chunk_size: u32,
}

impl ChunkedBlobs {
    /// Creates a store that cuts new blobs into chunks of `chunk_size` bytes (at least 1).
    /// Existing blobs keep the size that their [`BlobRef`] records.
    pub fn new(values: Arc<dyn KeyValue>, chunk_size: u32) -> Self {
        Self {
            values,
            chunk_size: chunk_size.max(1),
        }
    }

    /// Deletes the first `count` chunks, from the last to the first. The first one has a
    /// call of its own: as long as it exists, an interrupted deletion can be found again.
    async fn delete_chunks(&self, id: &BlobId, count: u64) -> Result<(), BlobError> {
        let keys: Vec<String> = (0..count).map(|index| key::chunk(id, index)).collect();
        let (first, rest) = keys.split_at(keys.len().min(1));
        for batch in rest.rchunks(DELETE_BATCH).chain(first.chunks(1)) {
            self.values.delete_many(batch.to_vec()).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl BlobStore for ChunkedBlobs {
    fn create(&self, id: BlobId, size_hint: Option<u64>) -> Box<dyn BlobWriter> {
        Box::new(ChunkWriter::new(self.clone(), id, size_hint))
    }

    fn rewrite(&self, blob: &BlobRef) -> Box<dyn BlobWriter> {
        let store = Self::new(Arc::clone(&self.values), blob.chunk_size);
        let mut writer = ChunkWriter::new(store, blob.id.clone(), Some(blob.size));
        writer.is_shared = true;
        Box::new(writer)
    }

    async fn read_ranges(
        &self,
        blob: &BlobRef,
        ranges: &[Range<u64>],
    ) -> Result<ByteStream, BlobError> {
        check_ranges(blob, ranges)?;
        let values = Arc::clone(&self.values);
        let mut fetches = fetches(blob, ranges.to_vec());
        let Some(first) = fetches.next() else {
            return Ok(stream::empty().boxed());
        };
        let first = read(Arc::clone(&values), first).await?;
        let rest = stream::iter(fetches).then(move |fetch| read(Arc::clone(&values), fetch));
        let chunks = stream::once(async { Ok(first) }).chain(rest);
        let parts = |parts: Vec<Bytes>| stream::iter(parts.into_iter().map(Ok));
        Ok(chunks.map_ok(parts).try_flatten().boxed())
    }

    async fn delete(&self, blob: &BlobRef) -> Result<(), BlobError> {
        self.delete_chunks(&blob.id, blob.chunks()).await
    }

    async fn delete_remains(&self, id: &BlobId) -> Result<(), BlobError> {
        // Chunks are written in order with few in flight, and deleted in reverse order: if
        // the first ones are absent, so are all. The chunks that exist may have a gap, which
        // a batch leaves when a store deletes only a part of it.
        let mut window = WRITES_IN_FLIGHT;
        let (mut index, mut absent) = (0, 0);
        let mut count = 0;
        while absent < window {
            if self.values.get(key::chunk(id, index)).await?.is_some() {
                (absent, window) = (0, WRITES_IN_FLIGHT + DELETE_BATCH);
                count = index + 1;
            } else {
                absent += 1;
            }
            index += 1;
        }
        self.delete_chunks(id, count).await
    }

    async fn check(&self) -> Result<(), BlobError> {
        self.values.get(key::PROBE.to_owned()).await.map(|_| ())
    }
}

/// Reads the wanted parts of a chunk, each a view into it.
async fn read(values: Arc<dyn KeyValue>, fetch: Fetch) -> Result<Vec<Bytes>, BlobError> {
    let Fetch {
        id,
        index,
        length,
        parts,
    } = fetch;
    let Some(chunk) = values.get(key::chunk(&id, index)).await? else {
        return Err(BlobError::Missing { id, index });
    };
    let content = if chunk.len() as u64 == length {
        chunk
    } else {
        seal::open(&id, index, chunk, length)?
    };
    Ok(cut(&content, &parts))
}

struct ChunkWriter {
    store: ChunkedBlobs,
    id: BlobId,
    buffer: Vec<u8>,
    size_hint: Option<u64>,
    size: u64,
    /// The index of the chunk that `buffer` will become.
    next: u64,
    in_flight: FuturesUnordered<BoxFuture<'static, Result<(), BlobError>>>,
    /// Whether a write failed: the store may still carry it out.
    has_failed: bool,
    /// Whether another writer may be writing the same blob.
    is_shared: bool,
}

impl ChunkWriter {
    fn new(store: ChunkedBlobs, id: BlobId, size_hint: Option<u64>) -> Self {
        Self {
            store,
            id,
            buffer: Vec::new(),
            size_hint,
            size: 0,
            next: 0,
            in_flight: FuturesUnordered::new(),
            has_failed: false,
            is_shared: false,
        }
    }

    fn chunk_size(&self) -> usize {
        self.store.chunk_size as usize
    }

    /// The length that the buffer should have room for: the rest of the blob, at most a chunk.
    fn capacity(&self) -> usize {
        let rest = self.size_hint.map(|hint| hint.saturating_sub(self.size));
        rest.and_then(|rest| usize::try_from(rest).ok())
            .unwrap_or(usize::MAX)
            .min(self.chunk_size())
    }

    /// Waits for one write in flight. Returns whether there was one.
    async fn arrive(&mut self) -> Result<bool, BlobError> {
        let Some(written) = self.in_flight.next().await else {
            return Ok(false);
        };
        self.has_failed |= written.is_err();
        written.map(|()| true)
    }

    async fn send_buffer(&mut self) -> Result<(), BlobError> {
        while self.in_flight.len() >= WRITES_IN_FLIGHT {
            self.arrive().await?;
        }
        let mut chunk = std::mem::take(&mut self.buffer);
        let seal = seal::seal(&self.id, self.next, &chunk);
        chunk.extend_from_slice(&seal);
        let key = key::chunk(&self.id, self.next);
        self.next += 1;
        let values = Arc::clone(&self.store.values);
        self.in_flight
            .push(Box::pin(async move { values.set(key, chunk).await }));
        Ok(())
    }
}

#[async_trait]
impl BlobWriter for ChunkWriter {
    async fn write(&mut self, mut bytes: Bytes) -> Result<(), BlobError> {
        while !bytes.is_empty() {
            if self.buffer.capacity() == 0 {
                self.buffer.reserve_exact(self.capacity() + SEAL_BYTES);
            }
            let room = self.chunk_size() - self.buffer.len();
            let taken = bytes.split_to(room.min(bytes.len()));
            self.buffer.extend_from_slice(&taken);
            self.size += taken.len() as u64;
            if self.buffer.len() == self.chunk_size() {
                self.send_buffer().await?;
            }
        }
        // Lets writes in flight proceed while more bytes are awaited.
        while !self.in_flight.is_empty()
            && let Some(arrived) = self.arrive().now_or_never()
        {
            arrived?;
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<BlobRef, BlobError> {
        if !self.buffer.is_empty() {
            self.send_buffer().await?;
        }
        while self.arrive().await? {}
        Ok(BlobRef {
            id: self.id,
            size: self.size,
            chunk_size: self.store.chunk_size,
        })
    }

    async fn abort(mut self: Box<Self>) -> Result<Option<BlobRef>, BlobError> {
        // A chunk must not arrive after its deletion, so wait for all first.
        while !self.in_flight.is_empty() {
            // `has_failed` remembers an error.
            let _ = self.arrive().await;
        }
        if self.is_shared {
            return Ok(None);
        }
        if self.has_failed {
            return Ok(Some(BlobRef {
                size: self.next * u64::from(self.store.chunk_size),
                chunk_size: self.store.chunk_size,
                id: self.id,
            }));
        }
        self.store.delete_chunks(&self.id, self.next).await?;
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
