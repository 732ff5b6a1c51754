//! The sweep: when bytes are deleted, and how much a call deletes.

use super::*;

#[tokio::test]
async fn an_interrupted_sweep_is_finished_by_the_next() {
    let file = testing::png_of_size(1000);
    for n in 0..4 {
        let bench = Bench::failing(move |call| call == 16 + n);
        let image = bench.upload("alice", &file).await.expect("is accepted");
        if let Ok(upload) = bench.receive(of("alice"), &file).await {
            crash(upload);
        }
        bench
            .service
            .delete(&grant("alice"), image.id, None)
            .await
            .expect("is deleted");
        bench.advance(TERM_SECONDS);
        let _ = bench.service.sweep(100).await;
        bench.sweep_all().await;
        bench.assert_empty(&format!("call {n}")).await;
    }
}

#[tokio::test]
async fn equal_content_is_stored_once_and_outlives_its_first_image() {
    let bench = Bench::new();
    let file = testing::png_of_size(300);
    let first = bench.upload("alice", &file).await.expect("is accepted");
    let keys = bench.values.keys();
    let second = bench.upload("alice", &file).await.expect("is accepted");
    bench.do_spawned().await;
    assert_eq!((&second.blob, bench.values.keys()), (&first.blob, keys));
    let foreign = bench.upload("bob", &file).await.expect("is accepted");
    assert_ne!(foreign.blob, first.blob);

    bench
        .service
        .delete(&grant("alice"), first.id, None)
        .await
        .expect("is deleted");
    bench.advance(TERM_SECONDS);
    bench.sweep_all().await;
    assert_eq!(bench.download(&second).await, file);
    bench
        .service
        .delete(&grant("alice"), second.id, None)
        .await
        .expect("is deleted");
    bench
        .service
        .delete(&grant("bob"), foreign.id, None)
        .await
        .expect("is deleted");
    bench.advance(TERM_SECONDS);
    bench.sweep_all().await;
    bench.assert_empty("the end").await;
}

#[tokio::test]
async fn readers_have_a_grace_period_before_bytes_are_deleted() {
    let bench = Bench::new();
    let file = testing::png_of_size(1000);
    let image = bench.upload("alice", &file).await.expect("is accepted");
    let stream = bench
        .service
        .read(&Content::of(&image), &[0..64, 64..1000])
        .await
        .expect("exists");
    bench
        .service
        .delete(&grant("alice"), image.id, None)
        .await
        .expect("is deleted");
    bench.advance(GRACE_SECONDS - 60);
    bench.sweep_all().await;
    let read: Vec<Bytes> = stream.try_collect().await.expect("is whole");
    assert_eq!(read.concat(), file);
    bench.advance(120);
    bench.sweep_all().await;
    assert_eq!(bench.values.keys(), Vec::<String>::new());
}

#[tokio::test]
async fn a_call_sweeps_no_more_than_its_limit() {
    let bench = Bench::new();
    for size in 100..150 {
        let image = bench.upload("alice", &testing::png_of_size(size)).await;
        let id = image.expect("is accepted").id;
        bench
            .service
            .delete(&grant("alice"), id, None)
            .await
            .expect("is deleted");
    }
    bench.advance(GRACE_SECONDS + 60);
    let mut swept = Vec::new();
    for limit in [1, 30, 100] {
        let report = bench.service.sweep(limit).await.expect("sweeps");
        swept.push((report.blobs, report.leases, report.more));
    }
    assert_eq!(swept, [(1, 0, true), (30, 0, true), (19, 0, false)]);
}

#[tokio::test]
async fn deletions_sweep_in_the_background_but_not_every_time() {
    let bench = Bench::new();
    for _ in 0..3 {
        let image = bench
            .upload("alice", &testing::png_of_size(100))
            .await
            .expect("is accepted");
        bench
            .service
            .delete(&grant("alice"), image.id, None)
            .await
            .expect("is deleted");
    }
    assert_eq!(bench.platform.spawned(), 1);
    bench.advance(GRACE_SECONDS + 60);
    bench
        .upload("alice", &testing::png_of_size(100))
        .await
        .expect("is accepted");
    assert_eq!(bench.platform.spawned(), 2);
    bench.do_spawned().await;
    // The dead blobs are deleted, except for their remains; the live blob and two leases
    // remain.
    assert_eq!(bench.catalog.other_records().len(), 3 + 3);
    bench.advance(LEASE.settle / 1000 + 60);
    bench.sweep_all().await;
    assert_eq!(bench.catalog.other_records().len(), 3);
}

#[tokio::test]
async fn a_call_begins_no_step_after_ten_seconds() {
    let bench = Bench::new();
    for size in 100..150 {
        let image = bench.upload("alice", &testing::png_of_size(size)).await;
        let id = image.expect("is accepted").id;
        let deleted = bench.service.delete(&grant("alice"), id, None).await;
        deleted.expect("is deleted");
    }
    bench.advance(GRACE_SECONDS + 60);
    bench.tick.store(6000, Ordering::Relaxed);
    let swept = bench.service.sweep(1000).await.expect("sweeps");
    assert_eq!((swept.blobs, swept.more), (16, true));
}
