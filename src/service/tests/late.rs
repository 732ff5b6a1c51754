//! Stores that report a failure and carry out the request all the same, at once or later.

use std::sync::Mutex;

use async_trait::async_trait;

use super::upload::keyed;
use super::*;
use crate::blobs::{BlobError, key};
use crate::catalog::CatalogError;
use crate::catalog::testing::native::Native;
use crate::catalog::{Database, Dialect, Row, SqlCatalog, Value};
use crate::model::Image;

/// The fate of a statement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It is run and answered.
    Good,
    /// It is run, and the answer is lost.
    AnswerLost,
    /// It fails, and is run when the test says so.
    Late,
    /// It fails.
    Lost,
}

/// Work for when the test says so: statements and their parameters, or keys and values.
type Late<T> = Arc<Mutex<Vec<(String, Vec<T>)>>>;

/// A database in which some statements are late.
#[derive(Clone)]
struct LateDatabase {
    inner: Native,
    /// The fate of the statements with this beginning, from now on.
    fate: Arc<Mutex<(&'static str, Fate)>>,
    late: Late<Value>,
}

impl LateDatabase {
    fn new() -> Self {
        Self {
            inner: Native::new(),
            fate: Arc::new(Mutex::new(("", Fate::Good))),
            late: Arc::default(),
        }
    }

    fn set(&self, beginning: &'static str, fate: Fate) {
        *self.fate.lock().expect("not poisoned") = (beginning, fate);
    }

    /// Runs the late statements. Returns how many there were and the failures.
    fn land(&self) -> (usize, Vec<String>) {
        let late = std::mem::take(&mut *self.late.lock().expect("not poisoned"));
        let count = late.len();
        let run = |(sql, parameters): (String, _)| self.inner.run(&sql, parameters).err();
        let failures = late.into_iter().filter_map(run);
        (count, failures.map(|error| error.to_string()).collect())
    }
}

#[async_trait]
impl Database for LateDatabase {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError> {
        let (beginning, fate) = *self.fate.lock().expect("not poisoned");
        let lost = Err(CatalogError::database("injected"));
        match fate {
            _ if !sql.starts_with(beginning) => self.inner.query(sql, parameters).await,
            Fate::Good => self.inner.query(sql, parameters).await,
            Fate::AnswerLost => {
                self.inner.query(sql, parameters).await?;
                lost
            }
            Fate::Late => {
                let mut late = self.late.lock().expect("not poisoned");
                late.push((sql.to_owned(), parameters));
                lost
            }
            Fate::Lost => lost,
        }
    }
}

/// Writes that fail, by the index of their chunk, and are made when the test says so.
#[derive(Clone, Default)]
struct LateValues {
    inner: MemoryKeyValue,
    failing: Vec<u64>,
    late: Late<u8>,
}

impl LateValues {
    async fn land(&self) {
        let late = std::mem::take(&mut *self.late.lock().expect("not poisoned"));
        for (key, value) in late {
            self.inner.set(key, value).await.expect("is made");
        }
    }
}

#[async_trait]
impl KeyValue for LateValues {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BlobError> {
        self.inner.get(key).await
    }

    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), BlobError> {
        let (_, index) = key::parse_chunk(&key).expect("a chunk");
        if self.failing.contains(&index) {
            self.late.lock().expect("not poisoned").push((key, value));
            return Err(BlobError::store("injected"));
        }
        self.inner.set(key, value).await
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), BlobError> {
        self.inner.delete_many(keys).await
    }
}

/// A service on a catalog that may be late.
struct LateBench {
    /// The service, its blobs and its clock; the catalog in memory is not used.
    bench: Bench,
    database: LateDatabase,
}

const COMMIT: &str = "INSERT INTO images";
const CLAIM: &str = "INSERT INTO idempotency_keys";

impl LateBench {
    async fn new() -> Self {
        let database = LateDatabase::new();
        let catalog = SqlCatalog::open(database.clone()).await.expect("opens");
        let values = MemoryKeyValue::default();
        let blobs = Arc::new(ChunkedBlobs::new(Arc::new(values.clone()), CHUNK));
        let bench = Bench::serving(values, &Arc::default(), |settings, platform| {
            Service::new(Arc::new(catalog), blobs, settings, platform, None)
        });
        Self { bench, database }
    }

    /// How many images and chunks exist.
    fn found(&self) -> (usize, usize) {
        let images = self.database.inner.run("SELECT id FROM images", vec![]);
        (
            images.expect("is read").len(),
            self.bench.values.keys().len(),
        )
    }

    /// Performs an upload without a key.
    async fn upload(&self) -> Result<Vec<Image>, UploadError> {
        self.commit(self.bench.begin(of("alice")).await).await
    }

    /// Sends a file and commits.
    async fn commit(&self, mut upload: Upload) -> Result<Vec<Image>, UploadError> {
        let file = body(&testing::png_of_size(300));
        let accepted = upload.file(file, Declared::default()).await;
        accepted.expect("is accepted");
        upload.commit(Attributes::default()).await
    }

    /// Begins the upload of a request whose key nobody holds.
    async fn first(&self) -> Upload {
        let upload = self.begin().await.expect("the key is free");
        assert!(!upload.is_repeat());
        upload
    }

    async fn begin(&self) -> Result<Upload, ServiceError> {
        let service = &self.bench.service;
        service.begin_upload(of("alice"), keyed("k")).await
    }

    /// Lets all terms pass, sweeps everything, and returns what remains.
    async fn end(&self) -> (usize, usize) {
        for _ in 0..2 {
            self.bench.advance(2 * TERM_SECONDS);
            self.bench.sweep_all().await;
        }
        self.found()
    }
}

#[tokio::test]
async fn a_commit_of_unknown_outcome_keeps_its_bytes_until_its_lease_ends() {
    // 300 bytes are 5 chunks.
    for (fate, at_first, in_the_end) in [
        (Fate::AnswerLost, (1, 5), (1, 5)),
        (Fate::Late, (0, 5), (1, 5)),
        (Fate::Lost, (0, 5), (0, 0)),
    ] {
        let server = LateBench::new().await;
        server.database.set(COMMIT, fate);
        let unknown = server.upload().await;
        assert!(
            matches!(
                unknown,
                Err(UploadError::Service(ServiceError::Unavailable(
                    StoreError::Catalog(_)
                )))
            ),
            "{unknown:?}"
        );
        server.bench.do_spawned().await;
        assert_eq!(server.found(), at_first, "{fate:?}");
        server.database.set("", Fate::Good);
        let late = usize::from(fate == Fate::Late);
        assert_eq!(server.database.land(), (late, vec![]), "{fate:?}");
        assert_eq!(server.end().await, in_the_end, "{fate:?}");
    }
}

#[tokio::test]
async fn a_commit_that_arrives_after_its_lease_was_swept_has_no_effect() {
    let server = LateBench::new().await;
    server.database.set(COMMIT, Fate::Late);
    server.upload().await.expect_err("is late");
    server.database.set("", Fate::Good);
    assert_eq!(server.end().await, (0, 0));
    assert_eq!(server.database.land(), (1, vec![]));
    assert_eq!(server.end().await, (0, 0), "an image without its bytes");
}

#[tokio::test]
async fn a_repeat_of_a_commit_of_unknown_outcome_is_answered_or_done() {
    for fate in [Fate::AnswerLost, Fate::Lost] {
        let server = LateBench::new().await;
        let upload = server.first().await;
        server.database.set(COMMIT, fate);
        server.commit(upload).await.expect_err("is unknown");
        server.database.set("", Fate::Good);
        let again = server.begin().await.expect("nobody holds it");
        assert_eq!(again.is_repeat(), fate == Fate::AnswerLost);
    }
}

#[tokio::test]
async fn a_commit_that_arrives_after_its_key_was_released_has_no_effect() {
    let server = LateBench::new().await;
    let upload = server.first().await;
    server.database.set(COMMIT, Fate::Late);
    server.commit(upload).await.expect_err("is late");
    server.database.set("", Fate::Good);
    let next = server.first().await;
    server.commit(next).await.expect("commits");
    let (count, failures) = server.database.land();
    assert_eq!((count, failures.len()), (1, 1), "{failures:?}");
    assert_eq!(server.end().await, (1, 5), "one image and its bytes");
}

#[tokio::test]
async fn a_key_whose_claim_failed_is_free_for_the_repeat() {
    for fate in [Fate::AnswerLost, Fate::Late, Fate::Lost] {
        for lands_before_it_is_abandoned in [true, false] {
            let server = LateBench::new().await;
            server.database.set(CLAIM, fate);
            let unknown = server.begin().await.err();
            assert!(
                matches!(
                    unknown,
                    Some(ServiceError::Unavailable(StoreError::Catalog(_)))
                ),
                "{unknown:?}"
            );
            server.database.set("", Fate::Good);
            if lands_before_it_is_abandoned {
                server.database.land();
            }
            server.bench.do_spawned().await;
            server.database.land();
            server.bench.advance(1);
            server.first().await.abort().await;
        }
    }
}

#[tokio::test]
async fn a_repeat_abandons_the_claim_that_could_not_be_abandoned_before() {
    let server = LateBench::new().await;
    server.database.set(CLAIM, Fate::AnswerLost);
    assert!(server.begin().await.is_err(), "is unknown");
    server.database.set(CLAIM, Fate::Lost);
    server.bench.do_spawned().await;
    assert!(server.begin().await.is_err(), "is gone");
    server.bench.do_spawned().await;
    server.database.set("", Fate::Good);
    server.bench.advance(1);
    server.first().await.abort().await;
}

#[tokio::test]
async fn a_key_that_could_not_be_released_is_free_for_the_repeat() {
    let server = LateBench::new().await;
    let upload = server.first().await;
    server
        .database
        .set("DELETE FROM idempotency_keys", Fate::Lost);
    upload.abort().await;
    server.database.set("", Fate::Good);
    server.bench.advance(1);
    server.first().await.abort().await;
}

/// Whichever chunks are late, and whenever they are written, all of them are found.
#[tokio::test]
async fn chunks_that_land_after_their_upload_was_cleaned_up_are_swept() {
    const CHUNKS: u64 = 16;
    let file = testing::png_of_size(1000);
    let pairs = (0..CHUNKS).flat_map(|first| [vec![first], vec![first, first + 1]]);
    for failing in pairs {
        let values = LateValues {
            failing: failing.clone(),
            ..LateValues::default()
        };
        let catalog = Arc::default();
        let bench = Bench::over(values.inner.clone(), Arc::new(values.clone()), catalog);
        let failed = bench.upload("alice", &file).await;
        assert!(failed.is_err(), "{failing:?}");
        bench.do_spawned().await;
        values.land().await;
        let landed = bench.values.keys().len();
        assert!(landed > 0, "{failing:?}");
        bench.advance(TERM_SECONDS);
        bench.sweep_all().await;
        bench.assert_empty(&format!("{failing:?}")).await;
    }
}

#[tokio::test]
async fn a_failed_upload_does_not_occupy_space_until_its_lease_ends() {
    let values = LateValues {
        failing: vec![9],
        ..LateValues::default()
    };
    let bench = Bench::over(values.inner.clone(), Arc::new(values), Arc::default());
    let failed = bench.upload("alice", &testing::png_of_size(1000)).await;
    assert!(failed.is_err());
    bench.do_spawned().await;
    assert_eq!(bench.values.keys(), Vec::<String>::new());
}

#[tokio::test]
async fn a_duplicate_is_answered_before_its_chunks_are_deleted() {
    let bench = Bench::new();
    let file = testing::png_of_size(1000);
    bench.upload("alice", &file).await.expect("is accepted");
    bench.do_spawned().await;
    let chunks = bench.values.keys().len();
    bench.upload("alice", &file).await.expect("is accepted");
    assert_eq!(
        bench.values.keys().len(),
        2 * chunks,
        "they have not been deleted yet"
    );
    // After a crash they are left to the sweep.
    let after = bench.restarted();
    after.advance(TERM_SECONDS);
    after.sweep_all().await;
    assert_eq!(after.values.keys().len(), chunks);
    bench.do_spawned().await;
    assert_eq!(bench.values.keys().len(), chunks);
}

/// A sweep between the lookup of a blob and its copy, and between its two deletions.
#[tokio::test]
async fn a_copy_that_lands_after_its_blob_was_swept_is_swept_once_more() {
    let bench = Bench::new();
    let image = bench.upload("alice", &testing::png_of_size(300)).await;
    let image = image.expect("is accepted");
    let copies: Vec<_> = {
        let mut all = Vec::new();
        bench.values.tamper(|values| {
            all.extend(
                values
                    .iter()
                    .map(|(key, value)| (key.clone(), value.clone())),
            );
        });
        all
    };
    let grant = grant("alice");
    bench
        .service
        .delete(&grant, image.id, None)
        .await
        .expect("is deleted");
    bench.advance(GRACE_SECONDS + 60);
    bench.sweep_all().await;
    assert_eq!(bench.values.keys(), Vec::<String>::new());
    bench.values.tamper(|values| values.extend(copies));
    bench.advance(TERM_SECONDS);
    bench.sweep_all().await;
    bench.assert_empty("landed").await;
}
