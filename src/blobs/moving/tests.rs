//! Blobs that are read, written and deleted while they are moved.

use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;

use super::*;
use crate::blobs::faulty::FaultyKeyValue;
use crate::blobs::{ChunkedBlobs, KeyValue, MemoryKeyValue, conformance};

const CHUNK: u32 = 4;

struct Bench {
    current: MemoryKeyValue,
    previous: MemoryKeyValue,
    old: ChunkedBlobs,
    moving: MovingBlobs,
}

impl Bench {
    fn new() -> Self {
        Self::over(|values| Arc::new(values))
    }

    fn over(wrap: impl Fn(MemoryKeyValue) -> Arc<dyn KeyValue>) -> Self {
        let (current, previous) = (MemoryKeyValue::default(), MemoryKeyValue::default());
        // New blobs have longer chunks; blobs that are moved keep theirs.
        let new = Arc::new(ChunkedBlobs::new(wrap(current.clone()), 7));
        let old = ChunkedBlobs::new(wrap(previous.clone()), CHUNK);
        let moving = MovingBlobs::new(new, Arc::new(old.clone()));
        Self {
            current,
            previous,
            old,
            moving,
        }
    }

    async fn stored(&self, name: &str, content: &Bytes) -> BlobRef {
        let mut writer = self.old.create(BlobId::new(name).expect("valid"), None);
        writer.write(content.clone()).await.expect("written");
        writer.finish().await.expect("written")
    }

    async fn read(&self, blob: &BlobRef, range: Range<u64>) -> Result<Bytes, BlobError> {
        let pieces: Vec<Bytes> = self.moving.read(blob, range).await?.try_collect().await?;
        Ok(pieces.concat().into())
    }
}

fn content(length: u8) -> Bytes {
    (0..length).collect()
}

fn digest(content: &Bytes) -> Sha256 {
    sha2::Sha256::digest(content).into()
}

#[tokio::test]
async fn two_stores_as_one_conform() {
    let bench = Bench::new();
    conformance::run(&bench.moving, "run")
        .await
        .expect("conforms");
    assert!(bench.current.keys().is_empty() && bench.previous.keys().is_empty());
}

#[tokio::test]
async fn a_moved_blob_is_in_the_current_store_alone() {
    let bench = Bench::new();
    let content = content(30);
    let blob = bench.stored("b", &content).await;
    let keys = bench.previous.keys();
    assert_eq!(bench.read(&blob, 3..29).await, Ok(content.slice(3..29)));
    for expected in [Moved::Now, Moved::Before] {
        let moved = bench
            .moving
            .move_over(&blob, &digest(&content), &|| true)
            .await;
        assert_eq!(moved, Ok(expected));
        assert_eq!(bench.current.keys(), keys);
        assert_eq!(bench.previous.keys(), Vec::<String>::new());
        assert_eq!(bench.read(&blob, 3..29).await, Ok(content.slice(3..29)));
    }
    bench.moving.delete(&blob).await.expect("deleted");
    assert_eq!(bench.current.keys(), Vec::<String>::new());
}

#[tokio::test]
async fn a_read_continues_while_its_blob_is_moved() {
    for after in 0..8 {
        let bench = Bench::new();
        let content = content(30);
        let blob = bench.stored("b", &content).await;
        let ranges = [1..9, 20..30, 0..3];
        let mut stream = bench
            .moving
            .read_ranges(&blob, &ranges)
            .await
            .expect("starts");
        let mut read = Vec::new();
        for _ in 0..after {
            read.extend(stream.try_next().await.expect("continues"));
        }
        let moved = bench
            .moving
            .move_over(&blob, &digest(&content), &|| true)
            .await;
        assert_eq!(moved, Ok(Moved::Now));
        read.extend(stream.try_collect::<Vec<_>>().await.expect("continues"));
        let expected = [&content[1..9], &content[20..30], &content[0..3]].concat();
        assert_eq!(read.concat(), expected);
    }
}

#[tokio::test]
async fn damaged_or_different_content_is_not_moved() {
    let bench = Bench::new();
    let content = content(30);
    let blob = bench.stored("b", &content).await;
    let moved = bench
        .moving
        .move_over(&blob, &[0; 32].into(), &|| true)
        .await;
    assert_eq!(moved, Err(MoveError::Altered(blob.id.clone())));
    bench
        .previous
        .tamper(|map| drop(map.remove("darkroom:blob:b:3")));
    let moved = bench
        .moving
        .move_over(&blob, &digest(&content), &|| true)
        .await;
    assert!(matches!(
        moved,
        Err(MoveError::Blobs(BlobError::Missing { index: 3, .. }))
    ));
    assert_eq!(bench.previous.keys().len(), 7, "the rest stays");
}

#[tokio::test]
async fn an_interrupted_move_loses_nothing_and_is_finished_by_the_next() {
    let content: Bytes = (0..200).collect();
    let mut crashes = 0;
    for calls in 0.. {
        // Every call from a chosen one on fails, as after a crash.
        let left = Arc::new(AtomicI64::new(i64::MAX));
        let bench = Bench::over(|values| {
            let left = Arc::clone(&left);
            let fails = move |_| left.fetch_sub(1, Ordering::Relaxed) <= 0;
            Arc::new(FaultyKeyValue::new(values, fails))
        });
        let blob = bench.stored("b", &content).await;
        left.store(calls, Ordering::Relaxed);
        let moved = bench
            .moving
            .move_over(&blob, &digest(&content), &|| true)
            .await;
        left.store(i64::MAX, Ordering::Relaxed);
        assert_eq!(
            bench.read(&blob, 0..200).await,
            Ok(content.clone()),
            "{calls}"
        );
        if moved.is_ok() {
            break;
        }
        crashes += 1;
        let moved = bench
            .moving
            .move_over(&blob, &digest(&content), &|| true)
            .await;
        assert_eq!(moved, Ok(Moved::Now), "{calls}");
        assert_eq!(bench.previous.keys(), Vec::<String>::new());
        assert_eq!(bench.read(&blob, 0..200).await, Ok(content.clone()));
    }
    assert!(crashes > 100, "{crashes}");
}

#[tokio::test]
async fn concurrent_moves_of_a_blob_do_not_interfere() {
    let bench = Bench::new();
    let content: Bytes = (0..200).collect();
    let blob = bench.stored("b", &content).await;
    let sha256 = digest(&content);
    let moves = (0..4).map(|_| bench.moving.move_over(&blob, &sha256, &|| true));
    for moved in futures_util::future::join_all(moves).await {
        assert!(moved.is_ok(), "{moved:?}");
    }
    assert_eq!(bench.previous.keys(), Vec::<String>::new());
    assert_eq!(bench.read(&blob, 0..200).await, Ok(content));
}

#[test]
fn the_rest_of_ranges_is_everything_that_was_not_read() {
    let check = |done, expected: &[Range<u64>]| {
        assert_eq!(rest(&[1..4, 5..5, 10..12, 2..5], done), expected);
    };
    check(0, &[1..4, 10..12, 2..5]);
    check(2, &[3..4, 10..12, 2..5]);
    check(3, &[10..12, 2..5]);
    check(6, std::slice::from_ref(&(3..5)));
    check(8, &[]);
}
