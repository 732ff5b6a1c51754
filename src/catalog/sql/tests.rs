mod accounts;
mod postgres;
mod uploads;

use super::*;
use crate::catalog::testing::native::Native;
use crate::catalog::{Resumables as _, conformance};
use crate::model::{TicketQuery, TicketStatus};

/// The tables that are empty when nothing is kept.
const TABLES: [&str; 17] = [
    "images",
    "image_tags",
    "blobs",
    "leases",
    "spent_tickets",
    "upload_tickets",
    "links",
    "idempotency_keys",
    "remains",
    "variants",
    "variant_claims",
    "failed_sources",
    "resumable_uploads",
    "upload_segments",
    "upload_tails",
    "usage",
    "answer_usage",
];

#[tokio::test]
async fn the_sql_catalog_conforms() {
    let database = Native::new();
    let catalog = SqlCatalog::open(database.clone()).await.expect("opens");
    conformance::run(&catalog, "run").await.expect("conforms");
    for table in TABLES {
        let rows = database.run(&format!("SELECT * FROM {table}"), vec![]);
        assert_eq!(rows, Ok(vec![]), "{table} is empty");
    }
}

#[tokio::test]
async fn many_short_pieces_of_an_upload_are_kept_in_few_rows() {
    let database = Native::new();
    let catalog = SqlCatalog::open(database.clone()).await.expect("opens");
    let begin = "INSERT INTO resumable_uploads (id, owner, is_partial, image_id, terms, received,
        epoch, created_at, deadline, expires_at) VALUES ('u', 'a', 0, 'i', '{}', 0, 0, 0, 9, 9)";
    assert_eq!(database.run(begin, vec![]), Ok(vec![]));
    let mut sent = Vec::new();
    for at in 0..300_i64 {
        // Bytes that are no text, and zeros.
        let piece = vec![at.to_le_bytes()[0]; usize::try_from(at % 3).expect("is small") + 1];
        let start = i64::try_from(sent.len()).expect("is small");
        sent.extend_from_slice(&piece);
        let append = "INSERT INTO upload_tails VALUES ('u', ?1, ?2, 9)";
        let appended = database.run(append, vec![start.into(), Value::Blob(piece)]);
        assert_eq!(appended, Ok(vec![]));
        let rows = database.run("SELECT 1 FROM upload_tails", vec![]);
        assert!(rows.expect("rows").len() < 32);
    }
    let received = database.run("SELECT received FROM resumable_uploads", vec![]);
    assert_eq!(received, Ok(vec![Row(vec![Value::Integer(600)])]));
    assert_eq!(catalog.tail("u").await, Ok(sent));
}

#[tokio::test]
async fn many_instances_may_open_a_new_database_together() {
    let database = Native::new();
    let opened =
        futures_util::future::join_all((0..8).map(|_| SqlCatalog::open(database.clone()))).await;
    assert!(opened.iter().all(Result::is_ok));
    let versions = database.run("SELECT version FROM schema_migrations", vec![]);
    let all = (1..=migrations::count(Dialect::Sqlite)).map(|version| Row(vec![version.into()]));
    assert_eq!(versions, Ok(all.collect()));
}

#[tokio::test]
async fn an_interrupted_migration_is_repeated() {
    let database = Native::new();
    SqlCatalog::open(database.clone()).await.expect("opens");
    // Everything was applied, but nothing was recorded.
    let forget = database.run("DELETE FROM schema_migrations", vec![]);
    assert_eq!(forget, Ok(vec![]));
    let catalog = SqlCatalog::open(database).await.expect("opens again");
    conformance::run(&catalog, "run").await.expect("conforms");
}

#[test]
fn a_damaged_row_names_its_column() {
    let row = Row(vec![
        Value::Text("b".into()),
        Value::Integer(-1),
        Value::Integer(1),
    ]);
    let error = Columns::new("blobs", row)
        .blob()
        .expect_err("a negative size");
    assert_eq!(
        error,
        CatalogError::Damaged {
            table: "blobs",
            column: 1
        }
    );
}

/// SQLite's plan for running `sql`.
pub(super) fn plan(database: &Native, sql: &str) -> String {
    let connection = database.0.lock().expect("not poisoned");
    let mut statement = connection
        .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
        .expect("valid");
    let parameters = vec![rusqlite::types::Value::Null; statement.parameter_count()];
    let lines = statement
        .query_map(rusqlite::params_from_iter(parameters), |row| {
            row.get::<_, String>(3)
        })
        .expect("runs");
    lines
        .map(|line| line.expect("a line"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[tokio::test]
async fn every_commit_and_every_sweep_uses_an_index() {
    let database = Native::new();
    SqlCatalog::open(database.clone()).await.expect("opens");
    let check = |sql: &str, index: &str| {
        let plan = plan(&database, sql);
        assert!(plan.contains(index), "{plan}");
        assert!(
            !plan.contains("SCAN images") && !plan.contains("B-TREE"),
            "{plan}"
        );
    };
    check(&commits::statement(Dialect::Sqlite, 1), "blobs_by_content");
    check(&commits::statement(Dialect::Sqlite, 3), "blobs_by_content");
    check(blobs::DEAD, "blobs_dead");
    check(blobs::DEAD, "images_by_blob");
    check(remains::REMAINS, "remains_by_time");
    check(remains::REMAINS, "images_by_blob");
    check(blobs::PAGE, "images_by_blob");
    check(blobs::IMAGES_OF, "images_by_blob");
    check(audit::RECOUNT, "images_by_blob");
    check(audit::DELETE_IMAGES, "images_by_blob");
    check(remains::REMAINS, "upload_segments_by_blob");
    check(
        &commits::statement(Dialect::Sqlite, 1),
        "resumable_uploads_by_owner",
    );
    check(resumables::EXPIRED, "resumable_uploads_by_expiry");
    check(
        &format!("SELECT id {}", resumables::OPEN),
        "resumable_uploads_by_owner",
    );
    check(resumables::END_ALL_OF, "resumable_uploads_by_owner");
}

#[tokio::test]
async fn every_step_of_an_erasure_uses_an_index() {
    let database = Native::new();
    SqlCatalog::open(database.clone()).await.expect("opens");
    for (sql, indexes) in [
        (images::DELETE_OLDEST, ["images_by_owner", "PRIMARY KEY"]),
        (
            keys::FORGET_KEYS_OF,
            ["idempotency_keys_by_owner", "PRIMARY KEY"],
        ),
    ] {
        let plan = plan(&database, sql);
        let all = indexes.iter().all(|index| plan.contains(index));
        assert!(all && !plan.contains("SCAN"), "{plan}");
    }
}

#[tokio::test]
async fn references_to_a_blob_are_looked_up_by_indexes() {
    let database = Native::new();
    SqlCatalog::open(database.clone()).await.expect("opens");
    for (sql, index) in [
        (blobs::DEAD, "_by_blob"),
        (blobs::IMAGES_OF, "_by_blob"),
        (blobs::PAGE, "_by_blob"),
        (leases::RECORDED, "_by_blob"),
        (remains::REMAINS, "_by_blob"),
        (audit::AT_ODDS, "PRIMARY KEY"),
        (audit::DELETE_IMAGES, "images_by_blob"),
        (audit::DELETE_VARIANTS, "variants_by_blob"),
        (audit::DROP_VARIANTS, "variants_by_blob"),
        (audit::RECORD, "PRIMARY KEY"),
        (audit::RECOUNT, "_by_blob"),
    ] {
        let plan = plan(&database, sql);
        assert!(plan.contains(index), "{sql}: {plan}");
        for table in ["SCAN images", "SCAN variants", "AUTOMATIC"] {
            assert!(!plan.contains(table), "{sql}: {plan}");
        }
    }
}

#[tokio::test]
async fn tickets_and_links_are_found_by_indexes() {
    let database = Native::new();
    SqlCatalog::open(database.clone()).await.expect("opens");
    let now = Timestamp::from_millis(0);
    let page = |owner: Option<&str>, status| {
        let query = TicketQuery {
            owner: owner.map(str::to_owned),
            status,
            before: Some((now, "id".to_owned())),
            limit: 1,
        };
        tickets::page(Dialect::Sqlite, &query, now).0
    };
    let create = format!(
        "INSERT INTO upload_tickets ({}) {}",
        tickets::COLUMNS,
        tickets::CREATE
    );
    for (sql, index) in [
        (page(Some("a"), None), "upload_tickets_by_owner"),
        (
            page(None, Some(TicketStatus::Open)),
            "upload_tickets_by_time",
        ),
        (create, "upload_tickets_open"),
        (tickets::ERASE.to_owned(), "upload_tickets_by_owner"),
        (links::OF.to_owned(), "links_by_image"),
        (links::CREATE.to_owned(), "links_by_image"),
        (links::FIND.clone(), "SEARCH links USING PRIMARY KEY"),
    ] {
        let plan = plan(&database, &sql);
        assert!(plan.contains(index), "{sql}: {plan}");
        for table in [
            "SCAN images",
            "SCAN links",
            "SCAN upload_tickets USING INDEX upload_tickets_by_owner",
        ] {
            assert!(!plan.contains(table), "{sql}: {plan}");
        }
    }
}

/// What a version that does not record tickets would do.
#[tokio::test]
async fn tickets_that_were_not_recorded_are_used_once_beside_those_that_were() {
    let database = Native::new();
    SqlCatalog::open(database.clone()).await.expect("opens");
    let run = |sql: &str| database.run(sql, vec![]);
    let recorded = "INSERT INTO upload_tickets
        (id, owner, terms, max_uploads, created_at, expires_at) VALUES ('new', 'a', '', 2, 0, 1)";
    assert_eq!(run(recorded), Ok(vec![]));
    let spend = |id: &str| run(&format!("INSERT INTO spent_tickets VALUES ('{id}', 0)"));
    assert_eq!(spend("old"), Ok(vec![]));
    let outcomes = ["new", "old", "new", "new"].map(|id| match spend(id) {
        Ok(_) => None,
        Err(error) => Conflict::of(&CatalogError::database(error)),
    });
    let spent = Some(Conflict::TicketSpent);
    assert_eq!(outcomes, [None, spent, None, spent]);
    assert_eq!(
        run("SELECT uploads FROM upload_tickets"),
        Ok(vec![Row(vec![2i64.into()])])
    );
    assert_eq!(
        run("SELECT id FROM spent_tickets"),
        Ok(vec![Row(vec!["old".into()])])
    );
}

#[tokio::test]
async fn variants_are_found_stored_and_evicted_by_indexes() {
    let database = Native::new();
    SqlCatalog::open(database.clone()).await.expect("opens");
    for (sql, index) in [
        (variants::FIND.clone(), "SEARCH variants USING PRIMARY KEY"),
        (variants::COMMIT.to_owned(), "blobs_by_content"),
        (variants::EVICT.to_owned(), "variants_by_use"),
    ] {
        let plan = plan(&database, &sql);
        assert!(plan.contains(index), "{sql}: {plan}");
        assert!(!plan.contains("SCAN images"), "{sql}: {plan}");
    }
}

#[tokio::test]
async fn a_server_of_libsql_is_recognised() {
    let database = Native::new();
    let catalog = SqlCatalog::open(database.clone()).await.expect("opens");
    assert!(!catalog.is_on_libsql().await);
    let name = "libsql_server_database_name";
    let flags = rusqlite::functions::FunctionFlags::SQLITE_UTF8;
    let made = {
        let connection = database.0.lock().expect("not poisoned");
        connection.create_scalar_function(name, 0, flags, |_| Ok("default"))
    };
    made.expect("is made");
    assert!(catalog.is_on_libsql().await);
}

/// The next version migrates while this one serves, and this one must go on.
#[tokio::test]
async fn the_catalog_conforms_on_a_schema_that_the_next_version_has_added_to() {
    let database = Native::new();
    SqlCatalog::open(database.clone()).await.expect("opens");
    for addition in [
        "CREATE TABLE of_next (id TEXT PRIMARY KEY) STRICT",
        "ALTER TABLE images ADD COLUMN of_next INTEGER NOT NULL DEFAULT 7",
        "CREATE INDEX images_by_next ON images (owner, of_next)",
        "CREATE TRIGGER images_of_next AFTER INSERT ON images BEGIN
            INSERT OR IGNORE INTO of_next VALUES (NEW.id); END",
    ] {
        assert_eq!(database.run(addition, vec![]), Ok(vec![]), "{addition}");
    }
    let next = migrations::count(Dialect::Sqlite) + 1;
    let record = "INSERT INTO schema_migrations (version, name, applied_at, serves)
        VALUES (?1, 'next', 0, 1)";
    assert_eq!(database.run(record, vec![next.into()]), Ok(vec![]));
    let catalog = SqlCatalog::open(database.clone()).await.expect("opens");
    conformance::run(&catalog, "run").await.expect("conforms");
}
