//! Chunks in a store of values: what is read, damaged chunks, and interrupted deletions.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use super::*;
use crate::blobs::{MemoryKeyValue, conformance};

/// A store that records which chunks were requested, in order.
#[derive(Clone, Default)]
struct Watched {
    values: MemoryKeyValue,
    asked: Arc<Mutex<Vec<u64>>>,
}

impl Watched {
    fn asked(&self) -> Vec<u64> {
        std::mem::take(&mut self.asked.lock().expect("no panics"))
    }
}

#[async_trait]
impl KeyValue for Watched {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BlobError> {
        let (_, index) = key::parse_chunk(&key).expect("a chunk");
        self.asked.lock().expect("no panics").push(index);
        self.values.get(key).await
    }

    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), BlobError> {
        self.values.set(key, value).await
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), BlobError> {
        self.values.delete_many(keys).await
    }
}

fn store(chunk_size: u32) -> (MemoryKeyValue, ChunkedBlobs) {
    let values = MemoryKeyValue::default();
    let blobs = ChunkedBlobs::new(Arc::new(values.clone()), chunk_size);
    (values, blobs)
}

async fn stored(blobs: &ChunkedBlobs, content: &'static [u8]) -> BlobRef {
    let id = BlobId::new("b").expect("valid");
    let mut writer = blobs.create(id, None);
    writer.write(content.into()).await.expect("writes");
    writer.finish().await.expect("finishes")
}

async fn read(blobs: &ChunkedBlobs, blob: &BlobRef, range: Range<u64>) -> Result<Bytes, BlobError> {
    let pieces: Vec<Bytes> = blobs.read(blob, range).await?.try_collect().await?;
    Ok(pieces.concat().into())
}

#[tokio::test]
async fn chunks_over_memory_conform_at_every_chunk_size() {
    for chunk_size in [2, 3, 16, 1000, 65_536] {
        let (values, blobs) = store(chunk_size);
        conformance::run(&blobs, "run").await.expect("conforms");
        assert_eq!(values.keys(), Vec::<String>::new(), "nothing is left over");
    }
}

#[tokio::test]
async fn a_small_blob_is_one_value() {
    let (values, blobs) = store(10);
    stored(&blobs, b"0123456789").await;
    assert_eq!(values.keys(), ["darkroom:blob:b:0"]);
}

#[tokio::test]
async fn only_the_chunks_that_ranges_need_are_read() {
    let watched = Watched::default();
    let blobs = ChunkedBlobs::new(Arc::new(watched.clone()), 4);
    let blob = stored(&blobs, b"0123456789abcdefgh").await;
    let check = async |ranges: &[(u64, u64)], bytes: &'static str, chunks: &[u64]| {
        let ranges: Vec<_> = ranges.iter().map(|(start, end)| *start..*end).collect();
        let read = blobs.read_ranges(&blob, &ranges).await.expect("is there");
        let read: Vec<Bytes> = read.try_collect().await.expect("is whole");
        assert_eq!(read.concat(), bytes.as_bytes(), "{ranges:?}");
        assert_eq!(watched.asked(), chunks, "{ranges:?}");
        assert_eq!(blob.fetches(&ranges), chunks.len() as u64, "{ranges:?}");
    };
    check(&[], "", &[]).await;
    check(&[(3, 3)], "", &[]).await;
    check(&[(8, 12)], "89ab", &[2]).await;
    check(&[(9, 11)], "9a", &[2]).await;
    check(&[(3, 5)], "34", &[0, 1]).await;
    check(&[(16, 18)], "gh", &[4]).await;
    check(&[(0, 18)], "0123456789abcdefgh", &[0, 1, 2, 3, 4]).await;
    // Neighbours in one chunk are one read, even across an empty range.
    check(&[(0, 1), (2, 3), (3, 3), (3, 5)], "0234", &[0, 1]).await;
    check(&[(6, 7), (4, 5)], "64", &[1]).await;
    check(&[(0, 1), (16, 18), (1, 2)], "0gh1", &[0, 4, 0]).await;
}

#[tokio::test]
async fn a_chunk_is_read_only_when_it_is_asked_for() {
    let watched = Watched::default();
    let blobs = ChunkedBlobs::new(Arc::new(watched.clone()), 4);
    let blob = stored(&blobs, b"0123456789abcdefgh").await;
    let mut read = blobs.read(&blob, 0..18).await.expect("is there");
    assert_eq!(
        watched.asked(),
        [0],
        "the first shows whether the blob exists"
    );
    assert_eq!(read.next().await, Some(Ok("0123".into())));
    assert_eq!(watched.asked(), [0; 0]);
    assert_eq!(read.next().await, Some(Ok("4567".into())));
    assert_eq!(watched.asked(), [1]);
}

#[tokio::test]
async fn damage_breaks_the_stream_and_never_ends_it_well() {
    let (values, blobs) = store(4);
    let blob = stored(&blobs, b"0123456789").await;
    for (index, expected) in [(1, 12), (2, 10)] {
        values.tamper(|map| {
            map.insert(
                format!("darkroom:blob:b:{index}"),
                Bytes::from_static(b"abc"),
            );
        });
        let read: Result<Vec<_>, _> = blobs
            .read(&blob, 0..10)
            .await
            .expect("starts")
            .try_collect()
            .await;
        let damaged = BlobError::Damaged {
            id: blob.id.clone(),
            index,
            expected,
            actual: 3,
        };
        assert_eq!(read, Err(damaged));
        values.tamper(|map| {
            map.insert("darkroom:blob:b:1".into(), Bytes::from_static(b"4567"));
        });
    }
}

#[tokio::test]
async fn a_changed_bit_breaks_every_range_that_needs_its_chunk() {
    let (values, blobs) = store(4);
    let blob = stored(&blobs, b"0123456789").await;
    values.tamper(|map| {
        map.insert("darkroom:blob:b:1".into(), {
            let mut chunk = map["darkroom:blob:b:1"].to_vec();
            chunk[0] ^= 1;
            chunk.into()
        });
    });
    let altered = Err(BlobError::Altered {
        id: blob.id.clone(),
        index: 1,
    });
    assert_eq!(read(&blobs, &blob, 0..10).await, altered);
    assert_eq!(read(&blobs, &blob, 7..8).await, altered);
    assert_eq!(read(&blobs, &blob, 0..4).await, Ok("0123".into()));
}

#[tokio::test]
async fn chunks_without_seals_are_read() {
    let (values, blobs) = store(4);
    let blob = stored(&blobs, b"0123456789").await;
    values.tamper(|map| {
        for chunk in map.values_mut() {
            chunk.truncate(chunk.len() - SEAL_BYTES);
        }
    });
    assert_eq!(read(&blobs, &blob, 2..10).await, Ok("23456789".into()));
}

/// Deletes one key at a time, and no more than `left` in all.
struct Tiring {
    values: MemoryKeyValue,
    left: AtomicU64,
    /// Whether a batch is deleted from its end.
    from_the_back: bool,
}

#[async_trait]
impl KeyValue for Tiring {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BlobError> {
        self.values.get(key).await
    }

    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), BlobError> {
        self.values.set(key, value).await
    }

    async fn delete_many(&self, mut keys: Vec<String>) -> Result<(), BlobError> {
        if self.from_the_back {
            keys.reverse();
        }
        for key in keys {
            let left = self.left.load(Ordering::Relaxed);
            let left = left.checked_sub(1);
            let left = left.ok_or_else(|| BlobError::store("tired"))?;
            self.left.store(left, Ordering::Relaxed);
            self.values.delete_many(vec![key]).await?;
        }
        Ok(())
    }
}

#[tokio::test]
async fn remains_are_found_wherever_their_deletion_was_cut_short() {
    const CHUNKS: u64 = 3 * DELETE_BATCH as u64 + 1;
    for from_the_back in [false, true] {
        for left in 0..CHUNKS {
            let values = MemoryKeyValue::default();
            let store = Tiring {
                values: values.clone(),
                left: AtomicU64::new(left),
                from_the_back,
            };
            let content = &[7; 2 * CHUNKS as usize];
            let tiring = ChunkedBlobs::new(Arc::new(store), 2);
            let mut writer = tiring.create(BlobId::new("b").expect("valid"), None);
            writer
                .write(Bytes::from_static(content))
                .await
                .expect("writes");
            let blob = writer.finish().await.expect("finishes");
            assert!(tiring.delete(&blob).await.is_err(), "{left}");
            assert_eq!(values.keys().len() as u64, CHUNKS - left);
            let rested = ChunkedBlobs::new(Arc::new(values.clone()), 2);
            rested.delete_remains(&blob.id).await.expect("deletes");
            assert_eq!(values.keys(), Vec::<String>::new(), "{left}");
        }
    }
}
