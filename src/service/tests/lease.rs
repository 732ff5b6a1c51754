//! Leases: how many uploads they serve, and uploads that outlast them.

use super::*;

#[tokio::test]
async fn an_upload_that_outlasts_its_lease_is_refused() {
    let bench = Bench::new();
    let file = testing::png_of_size(1000);
    let upload = bench
        .receive(of("alice"), &file)
        .await
        .expect("is accepted");
    bench.advance(TERM_SECONDS);
    bench.sweep_all().await;
    let late = upload.commit(Attributes::default()).await;
    assert_eq!(late, Err(ServiceError::TooLate.into()));
    bench.do_spawned().await;
    bench.assert_empty("late").await;
}

#[tokio::test]
async fn an_upload_stops_before_its_lease_ends() {
    let bench = Bench::new();
    let file = testing::png_of_size(1000);
    let clock = Arc::clone(&bench.clock);
    let mut pieces = 0;
    // The sender pauses after ten pieces.
    let slow = body(&file).inspect(move |_| {
        pieces += 1;
        if pieces == 11 {
            clock.fetch_add(LEASE.issue + LEASE.write, Ordering::Relaxed);
        }
    });
    let mut upload = bench.begin(of("alice")).await;
    let answer = upload.file(slow, Declared::default()).await;
    let late = ServiceError::TooLate;
    assert_eq!(answer.err(), Some(UploadError::Service(late)));
    bench.do_spawned().await;
    assert_eq!(bench.values.keys(), Vec::<String>::new());
}

#[tokio::test]
async fn one_lease_serves_many_uploads() {
    let bench = Bench::new();
    for n in 0..84 {
        bench
            .upload("alice", &testing::png_of_size(100 + n))
            .await
            .expect("is accepted");
    }
    // Leases of 4, 16 and 64 ids; the other records are the blobs.
    assert_eq!(bench.catalog.other_records().len(), 84 + 3);
    bench.advance(LEASE.issue / 1000);
    bench
        .upload("alice", &testing::png_of_size(999))
        .await
        .expect("is accepted");
    assert_eq!(
        bench.catalog.other_records().len(),
        85 + 4,
        "an old lease issues no more ids"
    );
}
