//! Keys: held while their request is under way, answered once, never for good.

use super::*;
use crate::catalog::KeyClaim;
use crate::model::Image;

async fn begin(bench: &Bench) -> Result<Begun, ServiceError> {
    bench.service.begin("owner:alice", "k").await
}

async fn first(bench: &Bench) -> KeyClaim {
    match begin(bench).await {
        Ok(Begun::First(claim)) => claim,
        other => panic!("{other:?}"),
    }
}

async fn commit(bench: &Bench, claim: KeyClaim, size: usize) -> Result<Vec<Image>, ServiceError> {
    let file = bench.receive(&testing::png_of_size(size)).await;
    let answering = Answering {
        claim,
        fingerprint: "f".to_owned(),
    };
    let (files, attributes) = (vec![file.expect("is taken")], Attributes::default());
    let service = &bench.service;
    service
        .commit_answering("alice", files, &attributes, Some(&answering))
        .await
}

#[tokio::test]
async fn a_request_that_crashed_holds_its_key_for_minutes_and_then_commits_nothing() {
    let bench = Bench::new();
    let crashed = first(&bench).await;
    bench.advance(HOLD_SECONDS - 1);
    assert_eq!(begin(&bench).await, Err(ServiceError::KeyHeld));
    bench.advance(1);
    let next = first(&bench).await;
    let late = commit(&bench, crashed.clone(), 300).await;
    assert_eq!(late, Err(ServiceError::KeyHeld));
    bench.do_spawned().await;
    assert_eq!(bench.values.keys(), Vec::<String>::new());
    bench.service.release(&crashed).await;
    assert_eq!(begin(&bench).await, Err(ServiceError::KeyHeld));
    commit(&bench, next, 300).await.expect("commits");
    assert_eq!(bench.images().await.len(), 1);
}

#[tokio::test]
async fn a_slow_request_is_answered_if_nobody_took_its_key() {
    let bench = Bench::new();
    let slow = first(&bench).await;
    bench.advance(HOLD_SECONDS * 10);
    commit(&bench, slow, 300).await.expect("commits");
    assert!(matches!(begin(&bench).await, Ok(Begun::Repeat(_))));
}

#[tokio::test]
async fn an_answer_is_kept_for_a_day_and_then_swept() {
    let bench = Bench::new();
    let claim = first(&bench).await;
    let made = commit(&bench, claim, 300).await.expect("commits");
    bench.advance(ANSWER_SECONDS - 1);
    bench.sweep_all().await;
    let Ok(Begun::Repeat(answer)) = begin(&bench).await else {
        panic!("the answer is gone");
    };
    assert_eq!(answer.fingerprint, "f");
    let file = bench.receive(&testing::png_of_size(300)).await;
    let files = vec![file.expect("is taken")];
    let attributes = Attributes::default();
    let service = &bench.service;
    let told = service.images_of(&answer, "alice", files.clone(), &attributes);
    let told = told.expect("is read");
    assert_eq!(told.len(), 1);
    // What it is stored under is told to nobody.
    let blob = told[0].blob.id.clone();
    let mut made = made[0].clone();
    made.blob.id = blob;
    assert_eq!(told[0], made);
    let twice = [files.clone(), files.clone()].concat();
    assert_eq!(
        service.images_of(&answer, "alice", twice, &attributes),
        None
    );
    service.discard(files);
    bench.advance(1);
    first(&bench).await;
    bench.advance(HOLD_SECONDS + LEASE.settle / 1000);
    bench.sweep_all().await;
    let records = bench.catalog.other_records();
    assert!(!records.contains(&"k".to_owned()), "{records:?}");
}

#[tokio::test]
async fn what_is_kept_of_an_answer_is_short_whatever_its_images_are() {
    let bench = Bench::new();
    let claim = first(&bench).await;
    let mut files = Vec::new();
    for _ in 0..32 {
        let file = bench.receive(&testing::png_of_size(100)).await;
        let mut file = file.expect("is taken");
        file.filename = Some("\"".repeat(255));
        files.push(file);
    }
    let attributes = Attributes {
        tags: (0..32).map(|n| format!("{n}{}", "\"".repeat(60))).collect(),
        ..Attributes::default()
    };
    let answering = Answering {
        claim,
        fingerprint: "f".to_owned(),
    };
    let service = &bench.service;
    let committed = service
        .commit_answering("alice", files, &attributes, Some(&answering))
        .await;
    for image in committed.expect("commits") {
        service
            .delete(&grant("alice"), image.id, None)
            .await
            .expect("is deleted");
    }
    let Ok(Begun::Repeat(answer)) = begin(&bench).await else {
        panic!("the answer is gone");
    };
    assert!(
        answer.answer.len() <= 12 + 32 * 75,
        "{}",
        answer.answer.len()
    );
    // It counts as what its owner keeps, until it is gone.
    let kept = ("owner:alice".len() + "k".len() + "f".len() + answer.answer.len()) as u64;
    let usage = |images, bytes| Ok(crate::model::Usage { images, bytes });
    assert_eq!(service.usage("alice").await, usage(0, kept));
    // And as long as a claim that is late may be carried out yet.
    let settle = service.lease_term().settle / 1000;
    bench.advance(ANSWER_SECONDS + settle);
    bench.sweep_all().await;
    assert_eq!(service.usage("alice").await, usage(0, 0));
}

#[tokio::test]
async fn a_request_that_fails_lets_its_key_go() {
    let bench = Bench::new();
    let claim = first(&bench).await;
    bench.service.release(&claim).await;
    first(&bench).await;
}
