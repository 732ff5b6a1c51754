//! Blobs in a bucket, against a fake of S3.

mod fake;
mod reads;
mod writes;

use bytes::Bytes;
use futures_util::TryStreamExt as _;

use self::fake::{FakeS3, Fault};
use super::*;
use crate::blobs::conformance;

const CHUNK: u32 = 1000;
const PART: usize = 5 << 20;

fn store(chunk_size: u32) -> (FakeS3, S3Blobs) {
    store_at("http://127.0.0.1:9000", chunk_size)
}

fn store_at(endpoint: &str, chunk_size: u32) -> (FakeS3, S3Blobs) {
    let fake = FakeS3::default();
    let config = S3Config {
        endpoint: Endpoint::parse(endpoint).expect("good"),
        bucket: "bucket".to_owned(),
        region: "us-east-1".to_owned(),
        access_key_id: "id".to_owned(),
        secret_access_key: Secret::new("secret"),
        prefix: "images/".to_owned(),
        path_style: true,
    };
    let blobs = S3Blobs::new(config, Arc::new(fake.clone()), chunk_size);
    (fake, blobs)
}

fn id() -> BlobId {
    BlobId::new("b").expect("valid")
}

/// Bytes of which no two stretches are alike.
fn content(length: usize) -> Bytes {
    (0..length)
        .map(|at| (at.wrapping_mul(at) >> 3) as u8)
        .collect()
}

async fn write(blobs: &S3Blobs, content: &Bytes, hint: bool) -> Result<BlobRef, BlobError> {
    let mut writer = blobs.create(id(), hint.then_some(content.len() as u64));
    for piece in content.chunks(70_000) {
        writer.write(Bytes::copy_from_slice(piece)).await?;
    }
    writer.finish().await
}

async fn read(blobs: &S3Blobs, blob: &BlobRef, range: Range<u64>) -> Result<Bytes, BlobError> {
    let pieces: Vec<Bytes> = blobs.read(blob, range).await?.try_collect().await?;
    Ok(pieces.concat().into())
}

#[tokio::test]
async fn blobs_in_a_bucket_conform() {
    for chunk_size in [2, 1000, 300_000] {
        let (fake, blobs) = store(chunk_size);
        conformance::run(&blobs, "run").await.expect("conforms");
        assert_eq!(fake.state().objects.len(), 0, "nothing is left over");
        assert_eq!(fake.state().uploads.len(), 0, "nothing is left over");
    }
}

#[tokio::test]
async fn a_small_blob_is_one_request_each_way() {
    let (fake, blobs) = store(CHUNK);
    let content = content(2500);
    let blob = write(&blobs, &content, false).await.expect("written");
    assert_eq!(read(&blobs, &blob, 0..2500).await, Ok(content));
    blobs.delete(&blob).await.expect("deleted");
    let url = "http://127.0.0.1:9000/bucket/images/b";
    let expected = ["PUT", "GET", "DELETE"].map(|method| format!("{method} {url}"));
    assert_eq!(fake.state().calls, expected);
}

#[tokio::test]
async fn a_body_is_hashed_for_its_signature_unless_it_is_encrypted() {
    for (endpoint, is_hashed) in [
        ("http://127.0.0.1:9000", true),
        ("https://s3.example", false),
    ] {
        let (fake, blobs) = store_at(endpoint, CHUNK);
        write(&blobs, &content(2500), false).await.expect("written");
        let state = fake.state();
        let stored = state.objects.values().next().expect("an object");
        let hash = match is_hashed {
            true => sign::sha256_hex(stored),
            false => "UNSIGNED-PAYLOAD".to_owned(),
        };
        assert_eq!(state.hashes, [hash], "{endpoint}");
    }
}

#[tokio::test]
async fn a_large_blob_goes_in_parts_and_comes_back() {
    for hint in [false, true] {
        let (fake, blobs) = store(384 << 10);
        let content = content(2 * PART + 12_345);
        let blob = write(&blobs, &content, hint).await.expect("written");
        assert_eq!(fake.state().calls.len(), 5, "begin, three parts, complete");
        let size = content.len() as u64;
        assert!(read(&blobs, &blob, 0..size).await == Ok(content.clone()));
        for range in [0..1, size - 1..size, 400_000..400_001, 300_000..9_000_000] {
            let expected = content.slice(range.start as usize..range.end as usize);
            assert!(read(&blobs, &blob, range).await == Ok(expected));
        }
    }
}

#[tokio::test]
async fn a_broken_transfer_resumes_after_the_last_good_chunk() {
    let (fake, blobs) = store(CHUNK);
    let content = content(10_000);
    let blob = write(&blobs, &content, true).await.expect("written");
    for fault in [Fault::Cut, Fault::Ended] {
        fake.state().calls.clear();
        fake.fail([1, 1700, 0, 5000].map(|at| Some(fault(at))));
        assert_eq!(read(&blobs, &blob, 0..10_000).await, Ok(content.clone()));
        assert_eq!(fake.state().calls.len(), 5, "one more GET for each fault");
    }
    // But not for ever.
    fake.fail([Some(Fault::Cut(1500)); 9]);
    assert!(read(&blobs, &blob, 9000..10_000).await.is_ok());
    fake.fail([Some(Fault::Cut(10)); 9]);
    assert!(matches!(
        read(&blobs, &blob, 0..10_000).await,
        Err(BlobError::Store(_))
    ));
}

#[tokio::test]
async fn ranges_in_neighbouring_chunks_share_a_request() {
    let (fake, blobs) = store(CHUNK);
    let content = content(10_000);
    let blob = write(&blobs, &content, true).await.expect("written");
    for (ranges, requests) in [
        (vec![0..10, 20..30, 999..1001], 1),
        (vec![0..10, 2000..2010, 5..6], 3),
        (vec![5..5, 0..1000, 1000..2000, 0..0], 1),
        (vec![9000..10_000, 8000..9000], 2),
    ] {
        fake.state().calls.clear();
        let read = blobs.read_ranges(&blob, &ranges).await.expect("starts");
        let pieces: Vec<Bytes> = read.try_collect().await.expect("good");
        let expected = ranges
            .iter()
            .map(|range| &content[range.start as usize..range.end as usize]);
        assert_eq!(pieces.concat(), expected.collect::<Vec<_>>().concat());
        assert_eq!(fake.state().calls.len(), requests, "{ranges:?}");
    }
}

#[tokio::test]
async fn a_busy_or_silent_server_is_asked_again() {
    let (fake, blobs) = store(CHUNK);
    let content = content(10);
    for fault in [
        Fault::Lost,
        Fault::AnswerLost,
        Fault::Status(503),
        Fault::Status(500),
    ] {
        fake.fail([Some(fault), Some(fault)]);
        let blob = write(&blobs, &content, true).await.expect("written");
        fake.fail([Some(fault), Some(fault)]);
        assert_eq!(read(&blobs, &blob, 0..10).await, Ok(content.clone()));
        fake.fail([Some(fault), Some(fault)]);
        blobs.delete(&blob).await.expect("deleted");
        fake.fail([Some(fault); 3]);
        let error = write(&blobs, &content, true).await.expect_err("given up");
        assert!(matches!(error, BlobError::Store(_)), "{error}");
    }
    assert!(!fake.state().waited.is_zero());
    fake.fail([Some(Fault::Status(403))]);
    let error = blobs.check().await.expect_err("forbidden");
    assert_eq!(
        error.to_string(),
        "the blob store failed: S3 answered 403 Forbidden SlowDown: so"
    );
    assert_eq!(blobs.check().await, Ok(()));
}

/// Whichever request of a large upload fails, and however it fails: the blob is complete or
/// an error is returned, and clean-up leaves nothing.
#[tokio::test]
async fn a_fault_in_a_large_upload_loses_and_leaves_nothing() {
    let content = content(PART + 1000);
    let faults = [
        Fault::Lost,
        Fault::AnswerLost,
        Fault::Status(503),
        Fault::Status(500),
    ];
    for fault in faults {
        for (at, times) in (0..5).flat_map(|at| [(at, 1), (at, 3)]) {
            let (fake, blobs) = store(384 << 10);
            let before = std::iter::repeat_n(None, at);
            fake.fail(before.chain(std::iter::repeat_n(Some(fault), times)));
            let written = write(&blobs, &content, true).await;
            fake.fail([]);
            match written {
                Ok(blob) => {
                    let back = read(&blobs, &blob, 0..blob.size).await;
                    assert!(back == Ok(content.clone()), "{fault:?} at {at}");
                }
                Err(error) => assert!(matches!(error, BlobError::Store(_)), "{error}"),
            }
            blobs.delete_remains(&id()).await.expect("cleaned");
            let state = fake.state();
            assert!(
                state.objects.is_empty() && state.uploads.is_empty(),
                "{fault:?} at {at}"
            );
        }
    }
}

#[tokio::test]
async fn remains_of_other_uploads_are_left_alone() {
    let (fake, blobs) = store(384 << 10);
    for name in ["b", "bb"] {
        let mut writer = blobs.create(BlobId::new(name).expect("valid"), None);
        writer.write(content(PART)).await.expect("begun");
    }
    blobs.delete_remains(&id()).await.expect("cleaned");
    let keys: Vec<String> = fake
        .state()
        .uploads
        .values()
        .map(|(key, _)| key.clone())
        .collect();
    assert_eq!(keys, ["images/bb"]);
}

#[tokio::test]
async fn any_damage_is_detected_in_every_range() {
    let (fake, blobs) = store(CHUNK);
    let content = content(2500);
    let blob = write(&blobs, &content, true).await.expect("written");
    let key = "images/b".to_owned();
    let good = fake.state().objects[&key].clone();
    let mut flipped = good.to_vec();
    flipped[1500] ^= 1;
    fake.state().objects.insert(key.clone(), flipped.into());
    let altered = BlobError::Altered { id: id(), index: 1 };
    for range in [0..2500, 1000..1001, 1999..2500] {
        assert_eq!(read(&blobs, &blob, range).await, Err(altered.clone()));
    }
    assert_eq!(
        read(&blobs, &blob, 0..1000).await,
        Ok(content.slice(..1000))
    );
    fake.state().objects.insert(key.clone(), good.slice(..2100));
    for range in [0..2500, 2400..2500] {
        let damaged = read(&blobs, &blob, range).await;
        assert!(
            matches!(damaged, Err(BlobError::Damaged { index: 2, .. })),
            "{damaged:?}"
        );
    }
    fake.state().objects.insert(key, good.slice(..1000));
    let damaged = read(&blobs, &blob, 2400..2500).await;
    assert!(
        matches!(damaged, Err(BlobError::Damaged { index: 2, .. })),
        "{damaged:?}"
    );
}
