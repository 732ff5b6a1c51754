//! Keys: held while their request is in progress, answered once, never held forever.

use super::upload::keyed;
use super::*;
use crate::model::Image;
use crate::service::upload::idempotency::Hold;

async fn begin(bench: &Bench) -> Result<Upload, ServiceError> {
    bench.service.begin_upload(of("alice"), keyed("k")).await
}

async fn first(bench: &Bench) -> Upload {
    let upload = begin(bench).await.expect("nobody holds the key");
    assert!(!upload.is_repeat());
    upload
}

/// Sends a file of `size` bytes and commits.
async fn commit(mut upload: Upload, size: usize) -> Result<Vec<Image>, UploadError> {
    let file = body(&testing::png_of_size(size));
    upload.file(file, named("a.png")).await?;
    upload.commit(Attributes::default()).await
}

#[tokio::test]
async fn a_crashed_request_holds_its_key_for_minutes_and_then_commits_nothing() {
    let bench = Bench::new();
    let crashed = first(&bench).await;
    bench.advance(HOLD_SECONDS - 1);
    assert_eq!(begin(&bench).await.err(), Some(ServiceError::KeyHeld));
    bench.advance(1);
    let next = first(&bench).await;
    let late = commit(crashed, 300).await;
    assert_eq!(late, Err(ServiceError::KeyHeld.into()));
    bench.do_spawned().await;
    assert_eq!(bench.values.keys(), Vec::<String>::new());
    // The request that lost its key does not release it.
    assert_eq!(begin(&bench).await.err(), Some(ServiceError::KeyHeld));
    commit(next, 300).await.expect("commits");
    assert_eq!(bench.images().await.len(), 1);
}

#[tokio::test]
async fn a_slow_request_succeeds_if_no_other_has_claimed_its_key() {
    let bench = Bench::new();
    let slow = first(&bench).await;
    bench.advance(HOLD_SECONDS * 10);
    commit(slow, 300).await.expect("commits");
    assert!(begin(&bench).await.expect("is answered").is_repeat());
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day_and_then_swept() {
    let bench = Bench::new();
    let made = commit(first(&bench).await, 300).await.expect("commits");
    bench.advance(ANSWER_SECONDS - 1);
    bench.sweep_all().await;
    let repeat = begin(&bench).await.expect("is answered");
    assert!(repeat.is_repeat(), "the answer was deleted");
    let repeated = commit(repeat, 300).await.expect("is read");
    assert_eq!(repeated.len(), 1);
    // The id of its blob is not disclosed.
    let blob = repeated[0].blob.id.clone();
    let mut made = made[0].clone();
    made.blob.id = blob;
    assert_eq!(repeated[0], made);
    let mut twice = begin(&bench).await.expect("is answered");
    for _ in 0..2 {
        let file = body(&testing::png_of_size(300));
        twice.file(file, named("a.png")).await.expect("is accepted");
    }
    let refused = twice.commit(Attributes::default()).await;
    assert_eq!(refused, Err(ServiceError::KeyReused.into()));
    bench.do_spawned().await;
    assert_eq!(bench.values.keys().len(), 5, "the chunks of the image");
    bench.advance(1);
    crash(first(&bench).await);
    bench.advance(HOLD_SECONDS + LEASE.settle / 1000);
    bench.sweep_all().await;
    let records = bench.catalog.other_records();
    assert!(!records.contains(&"k".to_owned()), "{records:?}");
}

#[tokio::test]
async fn the_record_of_an_answer_is_short_whatever_its_images_are() {
    let bench = Bench::new();
    let mut upload = first(&bench).await;
    for _ in 0..MAX_FILES {
        let file = body(&testing::png_of_size(100));
        let accepted = upload.file(file, named(&"\"".repeat(255))).await;
        accepted.expect("is accepted");
    }
    let attributes = Attributes {
        tags: (0..32).map(|n| format!("{n}{}", "\"".repeat(60))).collect(),
        ..Attributes::default()
    };
    let service = &bench.service;
    for image in upload.commit(attributes).await.expect("commits") {
        assert_eq!(image.filename.map(|name| name.len()), Some(255));
        service
            .delete(&grant("alice"), image.id, None)
            .await
            .expect("is deleted");
    }
    let Ok(Hold::Repeat(answer)) = service.hold_key("owner:alice", "k").await else {
        panic!("the answer was deleted");
    };
    assert!(
        answer.answer.len() <= 12 + 32 * 75,
        "{}",
        answer.answer.len()
    );
    // It counts towards what its owner keeps, until it is deleted.
    let key = "owner:alice".len() + "k".len();
    let kept = (key + answer.fingerprint.len() + answer.answer.len()) as u64;
    let usage = |images, bytes| Ok(crate::model::Usage { images, bytes });
    assert_eq!(service.usage("alice").await, usage(0, kept));
    // The record lasts as long as a late claim may still be carried out.
    let settle = service.lease_term().settle / 1000;
    bench.advance(ANSWER_SECONDS + settle);
    bench.sweep_all().await;
    assert_eq!(service.usage("alice").await, usage(0, 0));
}

#[tokio::test]
async fn a_request_that_fails_releases_its_key() {
    let bench = Bench::new();
    first(&bench).await.abort().await;
    let mut refused = first(&bench).await;
    let file = body(b"no image");
    let error = refused.file(file, Declared::default()).await;
    let committed = refused.commit(Attributes::default()).await;
    assert_eq!(error.err(), committed.err());
    first(&bench).await.abort().await;
}
