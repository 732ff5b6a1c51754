mod edit;
mod erase;
mod idempotency;
mod intake;
#[cfg(not(target_family = "wasm"))]
mod late;
mod lease;
mod links;
#[cfg(not(target_family = "wasm"))]
mod lost;
mod migrate;
mod quota;
mod resumable;
mod sweep;
mod tickets;
mod upload;
mod variants;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, Ordering};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use sha2::Digest as _;

use super::*;
use crate::auth::{Grant, Scopes};
use crate::blobs::faulty::FaultyKeyValue;
use crate::blobs::{ChunkedBlobs, KeyValue, MemoryKeyValue};
use crate::catalog::testing::MemoryCatalog;
use crate::media::{MediaError, testing};
use crate::model::{Kind, Quota, QuotaClaim};
use crate::platform::testing::TestPlatform;

/// A service in memory with a clock that the test sets.
struct Bench {
    service: Service,
    values: MemoryKeyValue,
    catalog: Arc<MemoryCatalog>,
    clock: Arc<AtomicI64>,
    /// By how many milliseconds the clock advances each time it is read.
    tick: Arc<AtomicI64>,
    platform: Arc<TestPlatform>,
}

const CHUNK: u32 = 64;
const GRACE_SECONDS: i64 = 15 * 60;
const UPLOAD_SECONDS: u64 = 18_000;
const LATE_WRITE_SECONDS: u64 = 3100;
const LEASE: Term = Term::new(UPLOAD_SECONDS, LATE_WRITE_SECONDS);
/// How long a lease lasts.
const TERM_SECONDS: i64 = 21_600;

impl Bench {
    fn new() -> Self {
        Self::failing(|_| false)
    }

    /// Creates a bench whose calls to the blob store fail where `fails` says so, counted
    /// from 0.
    fn failing(fails: impl Fn(u64) -> bool + Send + Sync + 'static) -> Self {
        let values = MemoryKeyValue::default();
        let store = FaultyKeyValue::new(values.clone(), fails);
        Self::over(values, Arc::new(store), Arc::default())
    }

    /// The same stores without faults, as after a restart.
    fn restarted(&self) -> Self {
        let bench = Self::over(
            self.values.clone(),
            Arc::new(self.values.clone()),
            Arc::clone(&self.catalog),
        );
        bench
            .clock
            .store(self.clock.load(Ordering::Relaxed), Ordering::Relaxed);
        bench
    }

    fn over(values: MemoryKeyValue, store: Arc<dyn KeyValue>, catalog: Arc<MemoryCatalog>) -> Self {
        let blobs = Arc::new(ChunkedBlobs::new(store, CHUNK));
        Self::serving(values, &catalog, |settings, platform| {
            Service::new(Arc::clone(&catalog) as _, blobs, settings, platform, None)
        })
    }

    fn serving(
        values: MemoryKeyValue,
        catalog: &Arc<MemoryCatalog>,
        service: impl FnOnce(Arc<Settings>, Arc<dyn Platform>) -> Service,
    ) -> Self {
        let wall = std::time::SystemTime::UNIX_EPOCH
            .elapsed()
            .expect("after 1970")
            .as_millis();
        let clock = Arc::new(AtomicI64::new(
            i64::try_from(wall).expect("before 292 million"),
        ));
        let tick = Arc::<AtomicI64>::default();
        let (clock_read, tick_read) = (Arc::clone(&clock), Arc::clone(&tick));
        let now = move || {
            let tick = tick_read.load(Ordering::Relaxed);
            Timestamp::from_millis(clock_read.fetch_add(tick, Ordering::Relaxed))
        };
        let platform = Arc::new(TestPlatform::new(now));
        Self {
            service: service(Arc::new(settings()), Arc::clone(&platform) as _),
            values,
            catalog: Arc::clone(catalog),
            clock,
            tick,
            platform,
        }
    }

    fn advance(&self, seconds: i64) {
        self.clock.fetch_add(seconds * 1000, Ordering::Relaxed);
    }

    /// Begins an upload without a key.
    async fn begin(&self, terms: UploadTerms) -> Upload {
        let begun = self.service.begin_upload(terms, None).await;
        begun.expect("begins")
    }

    /// Begins an upload and sends one file.
    async fn receive(&self, terms: UploadTerms, bytes: &[u8]) -> Result<Upload, UploadError> {
        let mut upload = self.begin(terms).await;
        upload.file(body(bytes), named("a.png")).await?;
        Ok(upload)
    }

    async fn upload(&self, owner: &str, bytes: &[u8]) -> Result<crate::model::Image, UploadError> {
        let upload = self.receive(of(owner), bytes).await?;
        let images = upload.commit(Attributes::default()).await?;
        Ok(images.into_iter().next().expect("one image"))
    }

    async fn download(&self, image: &crate::model::Image) -> Vec<u8> {
        let whole = 0..image.blob.size;
        let stream = self
            .service
            .read(&Content::of(image), std::slice::from_ref(&whole))
            .await;
        let stream = stream.expect("exists");
        let pieces: Vec<Bytes> = stream.try_collect().await.expect("is whole");
        pieces.concat()
    }

    async fn images(&self) -> Vec<crate::model::Image> {
        let everybody = Grant {
            owner: "root".into(),
            scopes: Scopes::parse("admin"),
            quota: QuotaClaim::default(),
            expires: u64::MAX,
        };
        let request = ListRequest {
            limit: 100,
            ..ListRequest::default()
        };
        self.service
            .list(&everybody, request)
            .await
            .expect("lists")
            .images
    }

    /// Runs the work that was spawned to run after responses.
    async fn do_spawned(&self) {
        self.platform.do_spawned().await;
    }

    /// Sweeps until there is nothing left to do.
    async fn sweep_all(&self) {
        self.do_spawned().await;
        while self.service.sweep(100).await.expect("sweeps").more {}
    }

    /// Checks that nothing is stored and nothing is recorded.
    async fn assert_empty(&self, case: &str) {
        assert_eq!(self.images().await, vec![], "{case}");
        assert_eq!(self.values.keys(), Vec::<String>::new(), "{case}");
        assert_eq!(self.catalog.other_records(), Vec::<String>::new(), "{case}");
    }
}

/// Small limits, and short times.
pub(super) fn settings() -> Settings {
    let mut settings = Settings::of_test(&[]).expect("valid settings");
    settings.uploads.max_bytes = 2000;
    settings.uploads.max_seconds = UPLOAD_SECONDS;
    settings.media.max_pixels = 10_000;
    settings.media.max_frames = 10;
    settings.media.max_metadata_bytes = 65_536;
    settings.stores.verify_downloads = true;
    settings.stores.chunk_bytes = CHUNK;
    settings.stores.late_write_seconds = LATE_WRITE_SECONDS;
    settings.stores.delete_grace_seconds = GRACE_SECONDS.unsigned_abs();
    settings
}

/// A body that arrives in pieces of 50 bytes.
fn body(bytes: &[u8]) -> impl futures_util::Stream<Item = Result<Bytes, std::io::Error>> + use<> {
    let pieces: Vec<_> = bytes
        .chunks(50)
        .map(|piece| Ok(Bytes::copy_from_slice(piece)))
        .collect();
    stream::iter(pieces)
}

/// The terms of an owner.
fn of(owner: &str) -> UploadTerms {
    UploadTerms {
        owner: owner.to_owned(),
        ..UploadTerms::default()
    }
}

/// The declaration of a file that has only a name.
fn named(filename: &str) -> Declared {
    Declared {
        filename: Some(filename.to_owned()),
        ..Declared::default()
    }
}

/// Ends a session as a crash would, without cleaning up.
fn crash(upload: Upload) {
    std::mem::forget(upload);
}

fn grant(owner: &str) -> Grant {
    Grant {
        owner: owner.to_owned(),
        scopes: Scopes::parse("images:read images:delete"),
        quota: QuotaClaim::default(),
        expires: u64::MAX,
    }
}
