//! The catalog on a real PostgreSQL.

mod together;

use futures_util::FutureExt as _;
use uuid::Uuid;

use super::*;
use crate::catalog::testing::postgres::Postgres;
use crate::catalog::{Accounts as _, Lease, NewImage};
use crate::model::{BlobRef, Image, Kind, Visibility};

#[tokio::test]
async fn the_catalog_on_postgres_conforms() {
    let Some(database) = Postgres::new() else {
        return;
    };
    let catalog = SqlCatalog::open(database.clone()).await.expect("opens");
    conformance::run(&catalog, "run").await.expect("conforms");
    for table in TABLES {
        let rows = database.run(&format!("SELECT count(*) FROM {table}"), vec![]);
        assert_eq!(rows, Ok(vec![Row(vec![0.into()])]), "{table} is empty");
    }
    assert_eq!(catalog.miscounts(10).await, Ok(vec![]));
}

/// The id of the image with this number.
fn id_of(number: u32) -> Uuid {
    Uuid::from_u128(u128::from(number) + 1)
}

/// The blob of a lease with this number.
fn blob_of(lease: &Lease, number: u32, size: u64) -> BlobRef {
    BlobRef {
        id: lease.blob_id(number).expect("within the capacity"),
        size,
        chunk_size: 64,
    }
}

/// A new image of an owner with this number, content and size.
fn new_image(owner: &str, lease: &Lease, number: u32, content: u32, size: u64) -> NewImage {
    let digest: [u8; 32] = std::array::from_fn(|at| content.to_be_bytes()[at % 4]);
    let created_at = Timestamp::from_millis(i64::from(number));
    NewImage {
        lease: lease.id.clone(),
        answer: None,
        completes: None,
        image: Image {
            id: id_of(number),
            owner: owner.to_owned(),
            blob: blob_of(lease, number, size),
            sha256: digest.into(),
            original_sha256: digest.into(),
            kind: Kind::Png,
            width: 1,
            height: 1,
            frames: 1,
            traits: None,
            placeholder: None,
            filename: Some(format!("{number}.png")),
            visibility: Visibility::Private,
            tags: vec![format!("tag {}", number % 3)],
            metadata: [("number".to_owned(), number.to_string())].into(),
            ticket: None,
            link_epoch: 0,
            created_at,
            updated_at: created_at,
        },
    }
}

#[tokio::test]
async fn many_instances_may_open_a_new_database_at_the_same_time() {
    let Some(database) = Postgres::empty() else {
        return;
    };
    let connections: Vec<Postgres> = (0..16).map(|_| database.connect()).collect();
    let opened = std::thread::scope(|scope| {
        let threads: Vec<_> = connections
            .into_iter()
            .map(|connection| scope.spawn(|| SqlCatalog::open(connection).now_or_never()))
            .collect();
        let joined = threads.into_iter().map(|thread| thread.join());
        joined
            .map(|opened| {
                opened
                    .expect("does not panic")
                    .expect("nothing waits")
                    .map(|_| ())
            })
            .collect::<Vec<_>>()
    });
    assert_eq!(opened, vec![Ok(()); 16]);
    let versions = database.run("SELECT version FROM schema_migrations", vec![]);
    let all = (1..=migrations::count(Dialect::Postgres)).map(|version| Row(vec![version.into()]));
    assert_eq!(versions, Ok(all.collect()));
    // From then on, opening takes one statement.
    let again = database.connect();
    SqlCatalog::open(again.clone()).await.expect("opens");
    assert_eq!(again.statements(), 1);
}

#[tokio::test]
async fn a_schema_that_needs_a_newer_program_is_refused() {
    let Some(postgres) = Postgres::new() else {
        return;
    };
    refuses_newer(postgres, Dialect::Postgres).await;
    let sqlite = Native::new();
    SqlCatalog::open(sqlite.clone()).await.expect("opens");
    refuses_newer(sqlite, Dialect::Sqlite).await;
}

async fn refuses_newer(database: impl Database + Clone, dialect: Dialect) {
    let known = migrations::count(dialect);
    let run = async |sql: &str| database.query(sql, vec![]).await.expect("runs");
    // The next version, on which this one works, as during an upgrade.
    let next = known + 1;
    let insert = "INSERT INTO schema_migrations (version, name, applied_at, serves)";
    run(&format!("{insert} VALUES ({next}, 'next', 0, {known})")).await;
    assert!(SqlCatalog::open(database.clone()).await.is_ok());
    run(&format!(
        "UPDATE schema_migrations SET serves = {next} WHERE version = {next}"
    ))
    .await;
    let refused = SqlCatalog::open(database.clone()).await.map(|_| ());
    let expected = CatalogError::NewerSchema { found: next, known };
    assert_eq!(refused, Err(expected));
    // One that does not say what works on it.
    run(&format!(
        "UPDATE schema_migrations SET serves = NULL WHERE version = {next}"
    ))
    .await;
    assert!(SqlCatalog::open(database.clone()).await.is_err());
}

#[tokio::test]
async fn transactions_that_are_not_read_committed_are_refused() {
    let Some(database) = Postgres::new() else {
        return;
    };
    let connection = database.connect();
    let set = "SET default_transaction_isolation = 'repeatable read'";
    connection.run(set, vec![]).expect("is set");
    let refused = SqlCatalog::open(connection).await.map(|_| ());
    let error = refused.expect_err("is refused");
    assert!(error.to_string().contains("read committed"), "{error}");
}
