use super::*;
use crate::blobs::{MemoryKeyValue, conformance};

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
async fn a_range_reads_only_the_chunks_it_needs() {
    let (values, blobs) = store(4);
    let blob = stored(&blobs, b"0123456789abcdef").await;
    values.tamper(|map| map.retain(|key, _| key.ends_with(":2")));
    let read: Vec<_> = blobs
        .read(&blob, 8..12)
        .await
        .expect("is there")
        .collect()
        .await;
    assert_eq!(read, [Ok(Bytes::from_static(b"89ab"))]);
}

#[tokio::test]
async fn damage_breaks_the_stream_and_never_ends_it_well() {
    let (values, blobs) = store(4);
    let blob = stored(&blobs, b"0123456789").await;
    for (index, expected) in [(1, 4), (2, 2)] {
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
