//! Erasing all that is kept for an owner.

use super::upload::keyed;
use super::*;

/// A bench with `count` images of alice and one of bob.
async fn bench(count: usize) -> Bench {
    let bench = Bench::new();
    for number in 0..count {
        let size = 100 + number;
        let image = bench.upload("alice", &testing::png_of_size(size)).await;
        image.expect("uploads");
    }
    let image = bench.upload("bob", &testing::png_of_size(100)).await;
    image.expect("uploads");
    bench
}

/// The images of an owner that are left.
async fn left(bench: &Bench, owner: &str) -> u64 {
    bench.service.usage(owner).await.expect("counts").images
}

#[tokio::test]
async fn an_erasure_is_repeated_until_nothing_is_left() {
    let bench = bench(5).await;
    let mut counts = Vec::new();
    loop {
        let erased = bench.service.erase_owner("alice", 2).await.expect("erases");
        assert_eq!(erased.remaining, left(&bench, "alice").await);
        counts.push((erased.deleted, erased.remaining));
        if !erased.more {
            break;
        }
    }
    assert_eq!(counts, [(2, 3), (2, 1), (1, 0)]);
    assert_eq!(left(&bench, "bob").await, 1);
    let again = bench.service.erase_owner("alice", 2).await;
    assert_eq!(again, Ok(Erased::default()));
}

#[tokio::test]
async fn a_call_deletes_more_than_one_statement_does() {
    let bench = bench(150).await;
    for (limit, deleted, more) in [(149, 149, true), (149, 1, false)] {
        let erased = bench.service.erase_owner("alice", limit).await;
        let erased = erased.expect("erases");
        assert_eq!((erased.deleted, erased.more), (deleted, more));
    }
}

#[tokio::test]
async fn the_bytes_of_an_erased_owner_are_swept() {
    let bench = bench(3).await;
    let erased = bench.service.erase_owner("alice", 10).await;
    assert!(!erased.expect("erases").more);
    bench.advance(2 * TERM_SECONDS);
    bench.service.sweep(1000).await.expect("sweeps");
    let bobs = bench.images().await.remove(0);
    assert_eq!(bench.download(&bobs).await, testing::png_of_size(100));
    let of_bob = |key: &String| key.contains(bobs.blob.id.as_str());
    let keys = bench.values.keys();
    assert!(!keys.is_empty() && keys.iter().all(of_bob), "{keys:?}");
    let records = bench.catalog.other_records();
    assert!(records.contains(&bobs.blob.id.to_string()), "{records:?}");
}

#[tokio::test]
async fn the_answers_of_an_erased_owner_are_forgotten() {
    let bench = Bench::new();
    let begin = async || {
        let begun = bench.service.begin_upload(of("alice"), keyed("k")).await;
        begun.expect("nobody holds the key")
    };
    let mut upload = begin().await;
    let file = body(&testing::png_of_size(100));
    upload.file(file, named("a.png")).await.expect("accepted");
    upload.commit(Attributes::default()).await.expect("commits");
    assert!(begin().await.is_repeat());
    let erased = bench.service.erase_owner("alice", 10).await;
    assert!(!erased.expect("erases").more);
    let usage = bench.service.usage("alice").await.expect("counts");
    assert_eq!((usage.images, usage.bytes), (0, 0));
    assert!(!begin().await.is_repeat());
}

#[tokio::test]
async fn a_call_begins_no_step_after_ten_seconds() {
    let bench = Bench::new();
    for size in 100..300 {
        let uploaded = bench.upload("alice", &testing::png_of_size(size)).await;
        uploaded.expect("is accepted");
    }
    bench.tick.store(6000, Ordering::Relaxed);
    let erased = bench.service.erase_owner("alice", 1000).await;
    let erased = erased.expect("erases");
    assert_eq!(
        (erased.deleted, erased.remaining, erased.more),
        (64, 136, true)
    );
}
