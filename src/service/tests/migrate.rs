use super::*;
use crate::blobs::MovingBlobs;
use crate::catalog::Images as _;
use crate::settings::BlobStoreSetting;

/// The catalog and blobs of `bench`, in migration to a new store.
fn migrating(bench: &Bench) -> (Bench, Migration) {
    let current = MemoryKeyValue::default();
    let store = |values: &MemoryKeyValue| Arc::new(ChunkedBlobs::new(Arc::new(values.clone()), 50));
    let blobs = MovingBlobs::new(store(&current), store(&bench.values));
    let store = Arc::new(blobs.clone());
    let bench = Bench::serving(current, &bench.catalog, |settings, platform| {
        let mut settings = Settings::clone(&settings);
        settings.stores.previous_blobs = Some(BlobStoreSetting::KeyValue);
        let catalog = Arc::clone(&bench.catalog);
        Service::new(catalog, store, Arc::new(settings), platform, None)
    });
    let migration = Migration::new(bench.service.clone(), blobs);
    (bench, migration)
}

/// Moves everything in steps of `limit` blobs; returns how many were moved.
async fn migrate_all(migration: &Migration, limit: u32) -> u64 {
    let (mut moved, mut after) = (0, String::new());
    loop {
        let step = migration.step(&after, limit).await.expect("moves");
        assert_eq!(step.damaged, vec![]);
        moved += step.moved;
        match step.next {
            Some(next) => after = next.to_string(),
            None => return moved,
        }
    }
}

#[tokio::test]
async fn every_blob_is_moved_step_by_step() {
    for limit in [1, 2, 3, 100] {
        let before = Bench::new();
        let mut images = Vec::new();
        for size in 0..6 {
            let file = testing::png(10 + size, 10);
            images.push((
                before.upload("alice", &file).await.expect("is accepted"),
                file,
            ));
        }
        let (bench, migration) = migrating(&before);
        for (image, file) in &images {
            assert_eq!(bench.download(image).await, *file);
        }
        assert_eq!(migrate_all(&migration, limit).await, 6);
        assert_eq!(migrate_all(&migration, limit).await, 0);
        assert_eq!(before.values.keys(), Vec::<String>::new());
        for (image, file) in &images {
            assert_eq!(bench.download(image).await, *file);
        }
    }
}

#[tokio::test]
async fn a_damaged_blob_is_reported_and_stays() {
    let before = Bench::new();
    let file = testing::png(10, 10);
    let image = before.upload("alice", &file).await.expect("is accepted");
    before.values.tamper(|map| {
        for value in map.values_mut() {
            let mut bytes = value.to_vec();
            bytes[0] ^= 1;
            *value = bytes.into();
        }
    });
    let keys = before.values.keys();
    let (_, migration) = migrating(&before);
    let step = migration.step("", 10).await.expect("continues");
    assert_eq!((step.moved, step.damaged.len()), (0, 1));
    assert_eq!(step.damaged[0].0, image.blob.id);
    assert_eq!(before.values.keys(), keys);
}

#[tokio::test]
async fn deleted_images_are_moved_and_then_swept() {
    let before = Bench::new();
    let image = before.upload("alice", &testing::png(10, 10)).await;
    let image = image.expect("is accepted");
    let deleted = before.catalog.delete(image.id, None, None).await;
    assert_eq!(deleted, Ok(true));
    let (bench, migration) = migrating(&before);
    assert_eq!(migrate_all(&migration, 10).await, 1);
    assert_eq!(before.values.keys(), Vec::<String>::new());
    bench.advance(2 * GRACE_SECONDS + TERM_SECONDS);
    bench.sweep_all().await;
    bench.assert_empty("swept").await;
}
