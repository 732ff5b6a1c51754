//! Groups, transactions, and what is there after reopening.

use super::*;
use futures_util::future;
use std::sync::Barrier;

const OPTIONS: Options = Options {
    page_size: 4096,
    guarded: true,
};

fn open(folder: &tempfile::TempDir) -> Db {
    let setup = "CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b TEXT UNIQUE)";
    Db::open(&folder.path().join("x.db"), OPTIONS, setup).unwrap()
}

fn insert(sql: &'static str) -> impl FnMut(&Connection) -> rusqlite::Result<usize> + Send {
    move |connection| connection.execute(sql, [])
}

fn count(db: &Db) -> i64 {
    db.read(|c| {
        c.query_row("SELECT count(*) FROM t", [], |row| row.get(0))
            .unwrap()
    })
    .unwrap()
}

/// Holds the writer until all of `jobs` are queued, so that they form one group.
async fn grouped(db: &Db, jobs: &[&'static str]) -> Vec<bool> {
    let gate = Arc::new(Barrier::new(2));
    let held = gate.clone();
    let hold = db.write(Sharing::Alone, move |_| held.wait().is_leader());
    let commits = jobs
        .iter()
        .map(|sql| db.write(Sharing::Grouped, insert(sql)));
    let all = future::join(hold, future::join_all(commits));
    let mut all = std::pin::pin!(all);
    assert!(future::poll_immediate(all.as_mut()).await.is_none());
    gate.wait();
    let (_, results) = all.await;
    results
        .into_iter()
        .map(|r| matches!(r, Ok(Ok(_))))
        .collect()
}

#[tokio::test]
async fn a_failing_statement_in_a_group_affects_only_itself() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let jobs = [
        "INSERT INTO t (b) VALUES ('one')",
        "INSERT INTO t (b) VALUES ('one')",
        "INSERT INTO missing VALUES (1)",
        "INSERT INTO t (b) VALUES ('two')",
    ];
    assert_eq!(grouped(&db, &jobs).await, [true, false, false, true]);
    assert_eq!(count(&db), 2);
}

#[tokio::test]
async fn a_statement_that_ends_the_transaction_does_not_undo_others() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let jobs = [
        "INSERT INTO t (b) VALUES ('one')",
        "INSERT OR ROLLBACK INTO t (b) VALUES ('one')",
        "INSERT INTO t (b) VALUES ('two')",
    ];
    assert_eq!(grouped(&db, &jobs).await, [true, false, true]);
    assert_eq!(count(&db), 2);
}

#[tokio::test]
async fn a_guests_transaction_includes_all_writes_until_it_ends() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    db.write(Sharing::Alone, insert("BEGIN"))
        .await
        .unwrap()
        .unwrap();
    assert!(db.in_transaction());
    let sql = "INSERT INTO t (b) VALUES ('one')";
    db.write(Sharing::Grouped, insert(sql))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (count(&db), db.changes(), db.last_insert_rowid()),
        (0, 1, 1)
    );
    db.write(Sharing::Alone, insert("ROLLBACK"))
        .await
        .unwrap()
        .unwrap();
    assert!(!db.in_transaction());
    assert_eq!(count(&db), 0);
}

#[tokio::test]
async fn acknowledged_writes_are_kept_after_reopening() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let sql = "INSERT INTO t (b) VALUES ('one')";
    db.write(Sharing::Grouped, insert(sql))
        .await
        .unwrap()
        .unwrap();
    db.close();
    assert!(db.write(Sharing::Grouped, insert(sql)).await.is_err());
    assert_eq!(count(&open(&folder)), 1);
}

#[tokio::test]
async fn several_statements_take_effect_together_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let result = db.write(Sharing::Grouped, |connection| {
        atomically(connection, |connection| {
            connection.execute("INSERT INTO t (b) VALUES ('one')", [])?;
            connection.execute("INSERT INTO t (b) VALUES ('one')", [])
        })
    });
    assert!(result.await.unwrap().is_err());
    assert_eq!(count(&db), 0);
}

#[tokio::test]
async fn other_files_cannot_be_attached() {
    let folder = tempfile::tempdir().unwrap();
    let db = open(&folder);
    let attach = |sql| db.write(Sharing::Alone, insert(sql));
    assert!(
        attach("ATTACH '/tmp/other.db' AS o")
            .await
            .unwrap()
            .is_err()
    );
    assert!(attach("ATTACH ':memory:' AS m").await.unwrap().is_ok());
}
