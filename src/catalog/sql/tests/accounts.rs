//! Counts stay correct: after any changes, and in a database that existed before anything
//! was counted.

use std::sync::atomic::{AtomicU32, Ordering};

use async_trait::async_trait;
use futures_util::FutureExt as _;
use proptest::prelude::*;
use uuid::Uuid;

use super::super::accounts::{STATISTICS, TOTALS};
use super::*;
use crate::catalog::testing::MemoryCatalog;
use crate::catalog::{Accounts as _, Catalog, Commits as _, Lease, Leases as _, NewImage};
use crate::model::{BlobRef, Image, Kind, Quota, Timestamp, Usage, Visibility};

const OWNERS: [&str; 3] = ["alice", "bob", "zoë"];
const SIZES: [u64; 4] = [7, 10, 1000, 1 << 33];

#[derive(Clone, Debug)]
enum Change {
    /// The numbers of the contents, and the quota.
    Commit(usize, Vec<usize>, Quota),
    /// Deletes an image, chosen among all that were tried.
    Delete(usize),
    /// Gives such an image a tag of this many letters, within the quota.
    Describe(usize, usize, Quota),
    ForgetDead,
}

fn any_change() -> impl Strategy<Value = Change> {
    let images = prop::option::of(0u64..6);
    let bytes = prop::option::of(prop_oneof![0u64..60, Just(1 << 33), Just((1 << 33) + 17)]);
    let quota = (images, bytes).prop_map(|(images, bytes)| Quota { images, bytes });
    let contents = prop::collection::vec(0..SIZES.len(), 1..4);
    let described = quota.clone();
    prop_oneof![
        4 => (0..OWNERS.len(), contents, quota)
            .prop_map(|(owner, contents, quota)| Change::Commit(owner, contents, quota)),
        3 => any::<usize>().prop_map(Change::Delete),
        3 => (any::<usize>(), 0usize..20, described)
            .prop_map(|(image, letters, quota)| Change::Describe(image, letters, quota)),
        1 => Just(Change::ForgetDead),
    ]
}

fn lease() -> Lease {
    Lease {
        id: "lease".to_owned(),
        capacity: 1000,
        expires_at: Timestamp::from_millis(1000),
    }
}

/// Image number `number`.
fn new_image(owner: &str, number: u32, content: usize) -> NewImage {
    let blob = BlobRef {
        id: lease().blob_id(number).expect("within the capacity"),
        size: SIZES[content],
        chunk_size: 1 << 20,
    };
    NewImage {
        lease: lease().id,
        answer: None,
        completes: None,
        image: Image {
            id: Uuid::from_u128(u128::from(number)),
            owner: owner.to_owned(),
            blob,
            sha256: [content as u8; 32].into(),
            original_sha256: [content as u8; 32].into(),
            kind: Kind::Png,
            width: 1,
            height: 1,
            frames: 1,
            traits: None,
            placeholder: None,
            filename: None,
            visibility: Visibility::Private,
            tags: vec!["é".repeat(content); content],
            metadata: (0..content)
                .map(|n| (n.to_string(), "\"".to_owned()))
                .collect(),
            ticket: None,
            link_epoch: 0,
            created_at: Timestamp::from_millis(1),
            updated_at: Timestamp::from_millis(1),
        },
    }
}

/// Images with `contents`, numbered from `first`. Equal content has one blob.
fn new_images(owner: &str, first: u32, contents: &[usize]) -> Vec<NewImage> {
    let mut images: Vec<NewImage> = (first..)
        .zip(contents)
        .map(|(number, content)| new_image(owner, number, *content))
        .collect();
    for at in 1..images.len() {
        let equal = |image: &&NewImage| image.image.sha256 == images[at].image.sha256;
        let blob = images[..at].iter().find(equal);
        if let Some(blob) = blob.map(|image| image.image.blob.clone()) {
            images[at].image.blob = blob;
        }
    }
    images
}

/// The id of an image, chosen among all that were tried.
fn pick(which: usize, tried: u32) -> Uuid {
    let number = which.checked_rem(tried as usize).unwrap_or(0);
    Uuid::from_u128(number as u128)
}

/// Makes a change and returns its outcome.
async fn make(catalog: &dyn Catalog, change: &Change, tried: u32) -> Result<bool, CatalogError> {
    match change {
        Change::Commit(owner, contents, quota) => {
            let images = new_images(OWNERS[*owner], tried, contents);
            let now = Timestamp::from_millis(1);
            catalog.commit(&images, *quota, now).await.map(|_| true)
        }
        Change::Delete(which) => catalog.delete(pick(*which, tried), None, None).await,
        Change::Describe(which, letters, quota) => {
            let Some(mut image) = catalog.find(pick(*which, tried)).await? else {
                return Ok(false);
            };
            let seen = image.updated_at;
            image.tags = vec!["ü".repeat(*letters)];
            image.updated_at = seen.plus_millis(1);
            catalog.update(&image, seen, *quota).await
        }
        Change::ForgetDead => {
            let end = Timestamp::from_millis(i64::MAX);
            for blob in catalog.dead_blobs(end, 1000).await? {
                catalog.forget_blob(&blob.id).await?;
            }
            Ok(true)
        }
    }
}

/// All counts. The times of deaths are the database's own.
async fn counted(catalog: &dyn Catalog) -> (Vec<Usage>, crate::catalog::Statistics) {
    let mut usage = vec![];
    for owner in OWNERS {
        usage.push(catalog.usage(owner).await.expect("reads"));
    }
    let mut statistics = catalog.statistics(2).await.expect("reads");
    statistics.oldest_death = None;
    (usage, statistics)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn counts_stay_exact_after_any_changes(changes in prop::collection::vec(any_change(), 1..60)) {
        let run = async {
            let sql = SqlCatalog::open(Native::new()).await.expect("opens");
            let memory = MemoryCatalog::default();
            for catalog in [&sql as &dyn Catalog, &memory] {
                catalog.lease(&lease()).await.expect("leases");
            }
            let mut tried = 0;
            for change in &changes {
                let expected = make(&memory, change, tried).await;
                prop_assert_eq!(make(&sql, change, tried).await, expected, "{:?}", change);
                prop_assert_eq!(counted(&sql).await, counted(&memory).await, "{:?}", change);
                prop_assert_eq!(sql.miscounts(10).await, Ok(vec![]));
                if let Change::Commit(_, contents, _) = change {
                    tried += u32::try_from(contents.len()).expect("few");
                }
            }
            Ok(())
        };
        run.now_or_never().expect("nothing waits")?;
    }
}

const FIRST: &str = include_str!("../../migrations/0001_images.sql");

/// A database in which others write before each statement: an upload, and the deletion of
/// the oldest image.
struct Busy {
    database: Native,
    calls: AtomicU32,
}

impl Busy {
    fn meddle(&self) {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        let owner = format!("owner {}", call % 3);
        upload(&self.database, &owner, 100 + call, call.into());
        let oldest = "DELETE FROM images WHERE id = (SELECT min(id) FROM images)";
        self.database.run(oldest, vec![]).expect("deletes");
    }
}

#[async_trait]
impl Database for Busy {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError> {
        self.meddle();
        self.database.query(sql, parameters).await
    }
}

fn upload(database: &Native, owner: &str, number: u32, size: i64) {
    let sql = "INSERT INTO images (id, owner, blob_id, chunk_size, size, sha256, content_type, \
        width, height, frames, visibility, tags, metadata, created_at, updated_at) \
        VALUES (?1, ?2, ?1, 9, ?3, ?1, 'image/png', 1, 1, 1, 'private', '[]', '{}', 1, 1)";
    let id = format!("{number:09}");
    let parameters = vec![id.into(), owner.into(), size.into()];
    database.run(sql, parameters).expect("inserts");
}

/// A database with the schema from before anything was counted, with images of five owners
/// and a lease.
fn old_database() -> Native {
    let database = Native::new();
    let connection = database.0.lock().expect("not poisoned");
    connection.execute_batch(FIRST).expect("applies");
    let record = "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL,
            applied_at INTEGER NOT NULL) STRICT;
        INSERT INTO schema_migrations VALUES (1, 'images', 0);
        INSERT INTO leases VALUES ('l', 1, 1);";
    connection.execute_batch(record).expect("applies");
    drop(connection);
    for number in 0..10 {
        let owner = format!("owner {}", number % 5);
        upload(&database, &owner, number, i64::from(number) * 10);
    }
    database
}

/// Checks that the counts are those of the existing records.
fn assert_counted(database: &Native) {
    let same = |counted: &str, there: &str| {
        let counted_rows = database.run(counted, vec![]).expect("reads");
        assert_eq!(
            counted_rows,
            database.run(there, vec![]).expect("reads"),
            "{counted}"
        );
    };
    same(
        "SELECT owner, images, bytes FROM usage ORDER BY owner",
        "SELECT owner, count(*), sum(size) FROM images GROUP BY owner ORDER BY owner",
    );
    same(
        "SELECT images, bytes, leases FROM totals",
        "SELECT count(*), sum(size), (SELECT count(*) FROM leases) FROM images",
    );
    same(
        "SELECT live_blobs, live_bytes, dead_blobs, dead_bytes FROM totals",
        "SELECT count(*) FILTER (WHERE refs > 0), coalesce(sum(size * (refs > 0)), 0),
            count(*) FILTER (WHERE refs = 0), coalesce(sum(size * (refs = 0)), 0) FROM blobs",
    );
}

#[tokio::test]
async fn existing_records_are_counted() {
    let database = old_database();
    for _ in 0..2 {
        SqlCatalog::open(database.clone()).await.expect("opens");
        assert_counted(&database);
        // As if the migration had been interrupted before it was recorded.
        let forget = "DELETE FROM schema_migrations WHERE version > 1";
        database.run(forget, vec![]).expect("deletes");
    }
}

#[tokio::test]
async fn changes_during_the_count_are_counted() {
    let database = old_database();
    let busy = || Busy {
        database: database.clone(),
        calls: AtomicU32::new(0),
    };
    SqlCatalog::open(busy()).await.expect("opens");
    assert_counted(&database);
    // Owners whose last image is deleted in between are among them.
    let owners = database.run("SELECT count(*) FROM usage", vec![]);
    assert_eq!(owners, Ok(vec![Row(vec![3.into()])]));
}

#[tokio::test]
async fn statistics_are_looked_up_and_not_counted() {
    let database = Native::new();
    SqlCatalog::open(database.clone()).await.expect("opens");
    let plan = plan(&database, &STATISTICS.replace("?totals", TOTALS));
    for index in ["usage_by_bytes", "blobs_dead", "leases_by_expiry"] {
        assert!(plan.contains(index), "{plan}");
    }
    for table in ["SCAN images", "SCAN blobs\n", "B-TREE"] {
        assert!(!plan.contains(table), "{plan}");
    }
}

#[tokio::test]
async fn wrong_counts_are_found_and_recounted() {
    let database = Native::new();
    let catalog = SqlCatalog::open(database.clone()).await.expect("opens");
    catalog.lease(&lease()).await.expect("leases");
    let images = new_images("alice", 1, &[0, 1, 2]);
    let now = Timestamp::from_millis(1);
    let committed = catalog.commit(&images, Quota::default(), now).await;
    committed.expect("commits");
    let right = catalog.usage("alice").await;
    for wrong in [
        "UPDATE usage SET bytes = bytes - 1",
        "UPDATE totals SET bytes = bytes + 1",
        "INSERT INTO answer_usage VALUES ('alice', 7)",
        "INSERT INTO idempotency_keys VALUES ('s', 'k', 'c', 'f', 'a', 9, 'alice')",
        "UPDATE idempotency_keys SET owner = NULL; DELETE FROM idempotency_keys",
    ] {
        for statement in wrong.split("; ") {
            database.run(statement, vec![]).expect(statement);
        }
        let found = catalog.miscounts(10).await.expect("reads");
        let expected = usize::from(!wrong.contains("NULL"));
        assert_eq!(found.len(), expected, "{wrong}: {found:?}");
        catalog.recount_usage().await.expect("counts");
        assert_eq!(catalog.miscounts(10).await, Ok(vec![]), "{wrong}");
    }
    assert_eq!(catalog.usage("alice").await, right);
}
