//! Keys: held while their request is under way, answered once, never for good.

use super::*;
use crate::catalog::{Image, KeyClaim};

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
        answer: &|images| format!("{} of {}", images.len(), images[0].blob.size),
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
    assert_eq!(late, Err(ServiceError::Catalog(CatalogError::ClaimLost)));
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
    commit(&bench, claim, 300).await.expect("commits");
    bench.advance(ANSWER_SECONDS - 1);
    bench.sweep_all().await;
    let Ok(Begun::Repeat(answer)) = begin(&bench).await else {
        panic!("the answer is gone");
    };
    assert_eq!(
        (answer.fingerprint.as_str(), answer.answer.as_str()),
        ("f", "1 of 300")
    );
    bench.advance(1);
    first(&bench).await;
    bench.advance(HOLD_SECONDS + LEASE.settle / 1000);
    bench.sweep_all().await;
    let records = bench.catalog.other_records();
    assert!(!records.contains(&"k".to_owned()), "{records:?}");
}

#[tokio::test]
async fn a_request_that_fails_lets_its_key_go() {
    let bench = Bench::new();
    let claim = first(&bench).await;
    bench.service.release(&claim).await;
    first(&bench).await;
}
