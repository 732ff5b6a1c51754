//! Named links.

use std::sync::atomic::AtomicUsize;

use futures_util::FutureExt as _;
use uuid::Uuid;

use super::*;
use crate::auth::link::VerifiedLink;
use crate::catalog::testing::Moment;

fn new_link(image: &Image, name: &str) -> NewLink {
    NewLink {
        image: image.clone(),
        name: name.to_owned(),
        terms: String::new(),
        expires_at: Timestamp::from_millis(i64::MAX),
    }
}

fn verified(id: Option<Uuid>) -> VerifiedLink {
    VerifiedLink {
        epoch: 0,
        expires: u64::MAX,
        id,
    }
}

#[tokio::test]
async fn a_link_is_checked_in_the_read_that_finds_the_image() {
    let reads = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&reads);
    let catalog = MemoryCatalog::default().intercepted_by(Box::new(move |moment| {
        counted.fetch_add(usize::from(moment == Moment::Read), Ordering::Relaxed);
        std::future::ready(Ok(())).boxed()
    }));
    let values = MemoryKeyValue::default();
    let bench = Bench::over(values.clone(), Arc::new(values), Arc::new(catalog));
    let image = bench.upload("alice", &testing::png(3, 1)).await;
    let image = image.expect("is accepted");
    let created = bench
        .service
        .create_links(vec![new_link(&image, "a")])
        .await;
    let created = created.expect("answers").pop().expect("one outcome");
    let (_, link) = created.expect("is created");
    let wide =
        darkroom_transform::Request::parse([("w", "2")], &darkroom_transform::Presets::default());
    let derived = Wanted {
        transform: wide.expect("a transform").transform,
        accepts: vec![],
    };
    for id in [None, Some(link.id)] {
        for wanted in [&Wanted::default(), &derived] {
            reads.store(0, Ordering::Relaxed);
            let found = bench.service.find_linked(image.id, verified(id), wanted);
            assert_eq!(found.await.expect("is found").image, image);
            assert_eq!(reads.load(Ordering::Relaxed), 1, "{id:?}");
        }
    }
    let alice = grant("alice");
    let revoked = bench.service.revoke_link(&alice, image.id, link.id);
    assert_eq!(revoked.await, Ok(()));
    let wanted = Wanted::default();
    let found = bench
        .service
        .find_linked(image.id, verified(Some(link.id)), &wanted);
    assert_eq!(found.await.err(), Some(ServiceError::LinkRevoked));
    let found = bench.service.find_linked(image.id, verified(None), &wanted);
    assert!(found.await.is_ok());
}

#[tokio::test]
async fn a_link_that_meets_a_revocation_of_all_links_is_made_anew() {
    let bench = Bench::new();
    let image = bench.upload("alice", &testing::png(1, 1)).await;
    let image = image.expect("is accepted");
    let gone = bench.upload("alice", &testing::png(2, 1)).await;
    let gone = gone.expect("is accepted");
    let alice = grant("alice");
    assert_eq!(bench.service.revoke_links(&alice, image.id).await, Ok(()));
    assert_eq!(bench.service.delete(&alice, gone.id, None).await, Ok(()));
    // Both images were read before.
    let new = vec![new_link(&gone, "a"), new_link(&image, "b")];
    let outcomes = bench.service.create_links(new).await.expect("answers");
    let [Err(ServiceError::NotFound), Ok((now, link))] = &outcomes[..] else {
        panic!("{outcomes:?}");
    };
    assert_eq!((now.link_epoch, link.name.as_str()), (1, "b"));
    let (_, links) = bench
        .service
        .links(&alice, image.id)
        .await
        .expect("answers");
    assert_eq!(links, std::slice::from_ref(link));
}

#[tokio::test]
async fn an_image_has_a_hundred_named_links_until_they_expire_and_are_swept() {
    let bench = Bench::new();
    let image = bench.upload("alice", &testing::png(1, 1)).await;
    let image = image.expect("is accepted");
    let expires_at = bench.service.now().plus_seconds(60);
    let new = NewLink {
        expires_at,
        ..new_link(&image, "a")
    };
    let most = usize::try_from(MAX_NAMED_LINKS).expect("is small");
    let outcomes = bench.service.create_links(vec![new.clone(); most + 1]);
    let mut outcomes = outcomes.await.expect("answers");
    let last = outcomes.pop().expect("one more");
    let limit = MAX_NAMED_LINKS;
    assert_eq!(last, Err(ServiceError::TooManyLinks { limit }));
    assert!(outcomes.iter().all(Result::is_ok));
    bench.advance(60);
    bench.service.sweep(1).await.expect("sweeps");
    let alice = grant("alice");
    assert_eq!(
        bench
            .service
            .links(&alice, image.id)
            .await
            .expect("answers")
            .1,
        []
    );
    let again = bench
        .service
        .create_links(vec![new_link(&image, "b")])
        .await;
    assert!(again.expect("answers")[0].is_ok());
}
