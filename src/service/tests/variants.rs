//! Derived images: what becomes of them when time passes, clients go away and stores fail.

use std::sync::atomic::AtomicBool;

use darkroom_transform::{Presets, Request};
use futures_util::FutureExt as _;

use super::*;
use crate::platform::DeriveError;
use crate::platform::testing::FakeDeriver;

/// A bench that derives, with a blob store that fails while `is_down`.
struct Deriving {
    bench: Bench,
    deriver: Arc<FakeDeriver>,
    is_down: Arc<AtomicBool>,
}

impl Deriving {
    fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let (deriver, catalog) = (Arc::new(FakeDeriver::default()), Arc::default());
        let is_down = Arc::new(AtomicBool::new(false));
        let values = MemoryKeyValue::default();
        let fails = Arc::clone(&is_down);
        let store = FaultyKeyValue::new(values.clone(), move |_| fails.load(Ordering::Relaxed));
        let blobs = Arc::new(ChunkedBlobs::new(Arc::new(store), CHUNK));
        let bench = Bench::serving(values, &catalog, |settings, platform| {
            let mut settings = (*settings).clone();
            change(&mut settings);
            let (settings, deriver) = (Arc::new(settings), Arc::clone(&deriver));
            let catalog = Arc::clone(&catalog) as _;
            Service::new(catalog, blobs, settings, platform, Some(deriver))
        });
        Self {
            bench,
            deriver,
            is_down,
        }
    }

    fn new() -> Self {
        Self::with(|_| {})
    }

    async fn image(&self) -> Image {
        let uploaded = self.bench.upload("alice", &testing::png(7, 5)).await;
        self.bench.do_spawned().await;
        uploaded.expect("is uploaded")
    }

    async fn derive(&self, image: &Image, width: &str) -> Result<Content, DerivationError> {
        let request = Request::parse([("w", width)], &Presets::default());
        let wanted = Wanted {
            transform: request.expect("a transform").transform,
            accepts: vec![],
        };
        let everybody = Grant {
            owner: "root".into(),
            scopes: Scopes::parse("admin"),
            quota: QuotaClaim::default(),
            expires: u64::MAX,
        };
        let service = &self.bench.service;
        let found = service.find_readable(Some(&everybody), image.id, &wanted);
        service.content(&found.await?, &wanted).await
    }

    async fn variant_of(&self, image: &Image, width: u32) -> Option<crate::model::Variant> {
        let transforms = [format!("w={width}&format=png")];
        let catalog = self.bench.service.catalog();
        let found = catalog.find_with_variants(image.id, &transforms).await;
        found.expect("answers").expect("an image").1.pop()
    }
}

#[tokio::test]
async fn a_use_is_recorded_at_most_once_an_hour_and_not_before_the_response() {
    let test = Deriving::new();
    let image = test.image().await;
    test.derive(&image, "3").await.expect("is derived");
    test.bench.do_spawned().await;
    let made = test.variant_of(&image, 3).await.expect("is stored");
    for (seconds, recorded) in [(3599, false), (1, true), (3599, false)] {
        test.bench.advance(seconds);
        test.derive(&image, "3").await.expect("is stored");
        assert_eq!(test.bench.platform.spawned(), usize::from(recorded));
        test.bench.do_spawned().await;
    }
    let used = test.variant_of(&image, 3).await.expect("is stored").used_at;
    assert_eq!(used, made.used_at.plus_seconds(3600));
    assert_eq!(test.deriver.take_calls().len(), 1);
}

#[tokio::test]
async fn a_client_that_goes_away_holds_nothing() {
    let test = Deriving::new();
    let image = test.image().await;
    // At every step of the derivation.
    for steps in 0.. {
        let mut derivation = Box::pin(test.derive(&image, "3"));
        let mut is_done = false;
        for _ in 0..steps {
            is_done = (&mut derivation).now_or_never().is_some();
            if is_done {
                break;
            }
        }
        drop(derivation);
        test.bench.do_spawned().await;
        if is_done {
            break;
        }
    }
    test.derive(&image, "4").await.expect("is derived");
    let deleted = test.bench.service.catalog().delete(image.id, None, None);
    assert_eq!(deleted.await, Ok(true));
    test.bench.advance(TERM_SECONDS + GRACE_SECONDS);
    test.bench.sweep_all().await;
    test.bench.advance(TERM_SECONDS + GRACE_SECONDS);
    test.bench.sweep_all().await;
    test.bench.assert_empty("clients that went away").await;
}

#[tokio::test]
async fn a_store_that_fails_is_not_blamed_on_the_image() {
    let test = Deriving::new();
    let image = test.image().await;
    for _ in 0..3 {
        test.is_down.store(true, Ordering::Relaxed);
        let failed = test.derive(&image, "3").await;
        assert!(
            matches!(&failed, Err(DerivationError::Service(error)) if error.is_of_blobs()),
            "{failed:?}"
        );
        test.is_down.store(false, Ordering::Relaxed);
        test.bench.do_spawned().await;
    }
    test.derive(&image, "3").await.expect("is derived");
}

#[tokio::test]
async fn failures_of_an_image_are_forgotten_after_a_day() {
    let test = Deriving::new();
    let image = test.image().await;
    test.deriver
        .fail([DeriveError::Trapped, DeriveError::Trapped]);
    for expected in [
        DerivationError::Failed,
        DerivationError::Failed,
        DerivationError::SourceFailed,
    ] {
        assert_eq!(test.derive(&image, "3").await, Err(expected));
        test.bench.do_spawned().await;
    }
    test.bench.advance(86_400);
    test.derive(&image, "3").await.expect("is derived");
}

#[tokio::test]
async fn a_claim_of_an_instance_that_crashed_expires() {
    let test = Deriving::new();
    let image = test.image().await;
    let mut crashed = Box::pin(test.derive(&image, "3"));
    assert!((&mut crashed).now_or_never().is_none());
    let waiting = test.derive(&image, "3").await;
    assert_eq!(waiting, Err(DerivationError::Busy));
    test.bench.advance(90);
    test.derive(&image, "3").await.expect("is derived");
    // What the other makes is not stored, but it gets what is.
    let late = crashed.await.expect("is stored");
    assert_eq!(
        Some(late.blob),
        test.variant_of(&image, 3).await.map(|variant| variant.blob)
    );
    test.bench.do_spawned().await;
    let transforms = test.deriver.take_calls();
    assert_eq!(transforms.len(), 2);
    test.bench.sweep_all().await;
    // One chunk each of the image and the variant, and the lease.
    let expected = [
        &image.blob,
        &test.variant_of(&image, 3).await.expect("is stored").blob,
    ];
    let chunks: u64 = expected.iter().map(|blob| blob.chunks()).sum();
    assert_eq!(test.bench.values.keys().len() as u64, chunks);
}

#[tokio::test]
async fn the_sweep_makes_room_in_the_order_of_use() {
    let test = Deriving::with(|settings| settings.derived.max_bytes = Some(84));
    let image = test.image().await;
    let sizes = |content: &Content| content.blob.size;
    let size = sizes(&test.derive(&image, "1").await.expect("is derived"));
    assert!(size * 3 <= 84 && size * 3 > 79, "{size}");
    for width in ["2", "3"] {
        test.bench.advance(4000);
        test.derive(&image, width).await.expect("is derived");
        // Without the sweep that follows a derivation.
        drop(test.bench.platform.take_spawned());
        test.derive(&image, "1").await.expect("is stored");
        let used = test.bench.platform.take_spawned();
        futures_util::future::join_all(used).await;
    }
    test.bench.advance(60);
    let swept = test.bench.service.sweep(100).await.expect("sweeps");
    assert_eq!(swept.variants, 1);
    assert_eq!(test.variant_of(&image, 2).await, None);
    for width in [1, 3] {
        assert!(test.variant_of(&image, width).await.is_some(), "{width}");
    }
}
