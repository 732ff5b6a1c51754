mod erase;
mod idempotency;
#[cfg(not(target_family = "wasm"))]
mod late;
mod migrate;
mod quota;
mod upload;
mod variants;

use std::collections::BTreeMap;
use std::sync::Mutex;
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
        let clock_read = Arc::clone(&clock);
        let now = move || Timestamp::from_millis(clock_read.load(Ordering::Relaxed));
        let platform = Arc::new(TestPlatform::new(now));
        Self {
            service: service(Arc::new(settings()), Arc::clone(&platform) as _),
            values,
            catalog: Arc::clone(catalog),
            clock,
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
    }
}

#[tokio::test]
async fn an_uploaded_file_can_be_downloaded() {
    let bench = Bench::new();
    let file = testing::png_of_size(1000);
    let image = bench.upload("alice", &file).await.expect("is accepted");
    assert_eq!(
        (image.blob.size, image.filename.as_deref()),
        (1000, Some("a.png"))
    );
    assert_eq!(image.id.get_version_num(), 7);
    assert_eq!(bench.download(&image).await, file);
    assert_eq!(
        bench.service.find(&grant("alice"), image.id).await,
        Ok(image.clone())
    );
    let foreign = bench.service.find(&grant("bob"), image.id).await;
    assert_eq!(foreign, Err(ServiceError::NotFound));
}

#[tokio::test]
async fn a_refused_file_leaves_nothing_behind() {
    let file = testing::png_of_size(1000);
    let cut: Vec<u8> = file[..990].to_vec();
    let sha256 = Some([0; 32].into());
    type Case = (&'static str, Vec<u8>, Declared, fn(&UploadError) -> bool);
    let cases: Vec<Case> = vec![
        ("empty", vec![], Declared::default(), |error| {
            matches!(error, UploadError::Media(MediaError::Empty))
        }),
        (
            "text",
            b"<svg xmlns='http://www.w3.org/2000/svg'/>".repeat(9),
            Declared::default(),
            |error| matches!(error, UploadError::Media(MediaError::NotAccepted { .. })),
        ),
        ("cut off", cut, Declared::default(), |error| {
            matches!(
                error,
                UploadError::Media(MediaError::Truncated { kind: Kind::Png })
            )
        }),
        (
            "too long",
            testing::png_of_size(2001),
            Declared::default(),
            |error| matches!(error, UploadError::TooLarge { limit: 2000 }),
        ),
        (
            "short of its length",
            file.clone(),
            Declared {
                length: Some(1001),
                ..Declared::default()
            },
            |error| matches!(error, UploadError::Interrupted(_)),
        ),
        (
            "another kind",
            file.clone(),
            Declared {
                media_type: Some("image/jpeg".to_owned()),
                ..Declared::default()
            },
            |error| {
                matches!(
                    error,
                    UploadError::TypeMismatch {
                        actual: Kind::Png,
                        ..
                    }
                )
            },
        ),
        (
            "another hash",
            file.clone(),
            Declared {
                sha256,
                ..Declared::default()
            },
            |error| *error == UploadError::DigestMismatch,
        ),
        (
            "too many pixels",
            testing::png(101, 100),
            Declared::default(),
            |error| matches!(error, UploadError::Media(MediaError::TooManyPixels { .. })),
        ),
    ];
    for (case, bytes, declared, is_right) in cases {
        let bench = Bench::new();
        let mut upload = bench.begin(of("alice")).await;
        let error = upload.file(body(&bytes), declared).await.expect_err(case);
        assert!(is_right(&error), "{case}: {error:?}");
        assert_eq!(bench.values.keys(), Vec::<String>::new(), "{case}");
        bench.advance(TERM_SECONDS);
        bench.sweep_all().await;
        bench.assert_empty(case).await;
    }
}

/// Uploads a file that is stored as `whole`.
async fn check_completed(sent: &[u8], whole: &[u8]) {
    let bench = Bench::new();
    let mut upload = bench.begin(of("alice")).await;
    let declared = Declared {
        length: Some(sent.len() as u64),
        sha256: Some(sha2::Sha256::digest(sent).into()),
        ..Declared::default()
    };
    let file = upload.file(body(sent), declared).await;
    file.expect("is accepted");
    let images = upload.commit(Attributes::default()).await;
    let images = images.expect("is committed");
    let [image] = &images[..] else {
        panic!("{images:?}")
    };
    assert_eq!(image.blob.size, whole.len() as u64);
    assert_eq!(image.sha256, sha2::Sha256::digest(whole).into());
    assert_eq!(image.original_sha256, sha2::Sha256::digest(sent).into());
    assert_eq!(bench.download(image).await, whole);
    // It was stored twice if only its codes could tell that it is complete.
    bench.platform.do_spawned().await;
    let stored = bench.values.keys().len() as u64;
    assert_eq!(stored, image.blob.size.div_ceil(CHUNK.into()));
}

#[tokio::test]
async fn a_file_that_lacks_nothing_but_the_mark_of_its_end_is_stored_with_it() {
    let gif = testing::gif(8, 4, 3);
    check_completed(&gif[..gif.len() - 1], &gif).await;
    let jpeg = include_bytes!("../../tests/fixtures/grey.jpg");
    let open = &jpeg[..jpeg.len() - 2];
    check_completed(open, jpeg).await;
    check_completed(
        &[open, b"\0\0\xd0\x0a\x1d\0\0\0Panorama_Shot_Info"].concat(),
        jpeg,
    )
    .await;
}

#[tokio::test]
async fn a_jpeg_that_is_cut_short_leaves_nothing() {
    let jpeg = include_bytes!("../../tests/fixtures/grey.jpg");
    for cut in [jpeg.len() - 3, jpeg.len() - 20] {
        let bench = Bench::new();
        let mut upload = bench.begin(of("alice")).await;
        let file = upload.file(body(&jpeg[..cut]), Declared::default()).await;
        let kind = Kind::Jpeg;
        let truncated = UploadError::Media(MediaError::Truncated { kind });
        assert_eq!(file, Err(truncated), "{cut}");
        bench.platform.do_spawned().await;
        assert_eq!(bench.values.keys(), Vec::<String>::new(), "{cut}");
    }
}

#[tokio::test]
async fn a_client_that_disconnects_leaves_nothing_behind() {
    let bench = Bench::new();
    let file = testing::png_of_size(1000);
    let gone = stream::once(async { Err(std::io::Error::other("connection reset")) });
    let cut = body(&file[..700]).chain(gone);
    let mut upload = bench.begin(of("alice")).await;
    let answer = upload.file(cut, Declared::default()).await;
    assert!(matches!(answer, Err(UploadError::Interrupted(_))));
    assert_eq!(bench.values.keys(), Vec::<String>::new());
}

#[tokio::test]
async fn a_file_declared_too_long_is_refused_before_a_byte_is_read() {
    let bench = Bench::new();
    let unread = stream::poll_fn(
        |_| -> std::task::Poll<Option<Result<Bytes, std::io::Error>>> {
            panic!("the body was read")
        },
    );
    let declared = Declared {
        length: Some(2001),
        ..Declared::default()
    };
    let mut upload = bench.begin(of("alice")).await;
    let answer = upload.file(unread, declared).await;
    assert!(matches!(answer, Err(UploadError::TooLarge { limit: 2000 })));
}

/// The blob store fails at its n-th call, for every n: once, or from that call on.
#[tokio::test]
async fn when_any_call_fails_nothing_is_half_stored_and_everything_is_swept() {
    let file = testing::png_of_size(1000);
    for outage in [false, true] {
        let mut failures = 0;
        for n in 0.. {
            let bench = Bench::failing(move |call| call == n || (outage && call > n));
            let case = format!("call {n}, outage {outage}");
            let uploaded = bench.upload("alice", &file).await;
            let after = bench.restarted();
            if let Ok(image) = &uploaded {
                assert_eq!(after.download(image).await, file, "{case}");
                break;
            }
            failures += 1;
            assert_eq!(after.images().await, vec![], "{case}");
            after.advance(TERM_SECONDS);
            after.sweep_all().await;
            after.assert_empty(&case).await;
        }
        assert_eq!(
            failures,
            1000_u32.div_ceil(CHUNK),
            "the write of every chunk failed once"
        );
    }
}

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
async fn files_of_one_request_are_committed_together() {
    let bench = Bench::new();
    let (a, b) = (testing::png_of_size(300), testing::png_of_size(301));
    let mut upload = bench.begin(of("alice")).await;
    for file in [&a, &b, &a] {
        let accepted = upload.file(body(file), Declared::default()).await;
        accepted.expect("is accepted");
    }
    let attributes = Attributes {
        tags: vec!["t".to_owned()],
        ..Attributes::default()
    };
    let images = upload.commit(attributes).await.expect("commits");
    let sizes: Vec<u64> = images.iter().map(|image| image.blob.size).collect();
    assert_eq!(sizes, [300, 301, 300]);
    assert_eq!(images[0].blob, images[2].blob);
    assert!(images.iter().all(|image| image.tags == ["t"]));
    bench.do_spawned().await;
    // The third file's chunks are deleted: 5 of each of the others remain.
    assert_eq!(bench.values.keys().len(), 10);
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
async fn concurrent_edits_are_all_kept() {
    let bench = Bench::new();
    let image = bench
        .upload("alice", &testing::png_of_size(100))
        .await
        .expect("is accepted");
    let edits = (0..20).map(|n| {
        let member = BTreeMap::from([(format!("k{n}"), Some("v".to_owned()))]);
        let patch = Patch {
            metadata: Some(Some(member)),
            ..Patch::default()
        };
        let service = bench.service.clone();
        async move {
            service
                .edit(&grant("alice"), image.id, &patch, Quota::default(), None)
                .await
        }
    });
    for edited in futures_util::future::join_all(edits).await {
        assert!(edited.expect("is edited").updated_at > image.updated_at);
    }
    let edited = bench
        .service
        .find(&grant("alice"), image.id)
        .await
        .expect("exists");
    assert_eq!(edited.metadata.len(), 20);
    let foreign = bench
        .service
        .edit(
            &grant("bob"),
            image.id,
            &Patch::default(),
            Quota::default(),
            None,
        )
        .await;
    assert_eq!(foreign, Err(EditError::Service(ServiceError::NotFound)));
}

#[tokio::test]
async fn a_patch_sets_keeps_and_resets_fields() {
    let bench = Bench::new();
    let image = bench
        .upload("alice", &testing::png_of_size(100))
        .await
        .expect("is accepted");
    let edit = async |patch: Patch| {
        bench
            .service
            .edit(&grant("alice"), image.id, &patch, Quota::default(), None)
            .await
    };
    let members = |value: Option<&str>| {
        Some(Some(BTreeMap::from([(
            "k".to_owned(),
            value.map(str::to_owned),
        )])))
    };
    let set = edit(Patch {
        filename: Some(Some("b.png".into())),
        tags: Some(Some(vec!["t".into(), "t".into()])),
        visibility: Some(Some(crate::model::Visibility::Public)),
        metadata: members(Some("v")),
    });
    let set = set.await.expect("is edited");
    assert_eq!(
        (set.filename.as_deref(), set.tags.len()),
        (Some("b.png"), 1)
    );
    assert_eq!(set.metadata.get("k").map(String::as_str), Some("v"));
    let kept = edit(Patch::default()).await.expect("is edited");
    assert_eq!(
        (kept.filename, kept.tags, kept.metadata),
        (set.filename, set.tags, set.metadata)
    );
    let back = edit(Patch {
        filename: Some(None),
        tags: Some(None),
        visibility: Some(None),
        metadata: members(None),
    });
    let back = back.await.expect("is edited");
    assert_eq!(
        back,
        crate::model::Image {
            filename: None,
            updated_at: back.updated_at,
            ..image.clone()
        }
    );
    let long = edit(Patch {
        metadata: members(Some(&"v".repeat(5000))),
        ..Patch::default()
    })
    .await;
    assert!(matches!(long, Err(EditError::Field(_))));
}

#[tokio::test]
async fn only_one_of_many_uploads_with_one_ticket_succeeds_and_the_others_leave_nothing() {
    let bench = Bench::new();
    let ticket = UploadTerms {
        ticket: Some(UploadTicket {
            id: "t1".to_owned(),
            ..UploadTicket::default()
        }),
        ..of("alice")
    };
    let mut uploads = Vec::new();
    for size in 100..108 {
        let file = testing::png_of_size(size);
        let upload = bench.receive(ticket.clone(), &file).await;
        uploads.push(upload.expect("is accepted"));
    }
    let commits = uploads
        .into_iter()
        .map(|upload| upload.commit(Attributes::default()));
    let answers = futures_util::future::join_all(commits).await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let spent = Err(UploadError::Service(ServiceError::TicketSpent));
    assert_eq!(answers.iter().filter(|answer| **answer == spent).count(), 7);
    bench.do_spawned().await;
    assert_eq!(
        (bench.images().await.len(), bench.values.keys().len()),
        (1, 2)
    );
    let begun = bench.service.begin_upload(ticket.clone(), None).await;
    assert_eq!(begun.err(), Some(ServiceError::TicketSpent));
    bench.advance(TICKET_RECORD_SECONDS + 60);
    bench.sweep_all().await;
    bench.begin(ticket).await.abort().await;
}
