//! SQLite files. All instances and requests share one connection per file, so `changes` and
//! `last_insert_rowid` may report on another caller's statement. Reads use other connections
//! where that makes no observable difference.

mod rows;
mod statement;

use crate::db::{Db, Options, Sharing};
use crate::stats;
use anyhow::Result;
use rows::step;
pub(crate) use rows::{Outcome, Value};
use rusqlite::Connection as Sqlite;
use statement::{Kind, asks_the_connection, hides_something, kind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const OPTIONS: Options = Options {
    page_size: 4096,
    guarded: true,
};

/// A database that a component may open.
pub struct Database {
    db: Db,
    /// Set once the shared connection has temporary tables or attached databases, which other
    /// connections do not see.
    pinned: AtomicBool,
}

/// A guest's handle on a database.
pub struct Connection(pub(crate) Arc<Database>);

impl Database {
    /// Opens the file at `path`.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            db: Db::open(path, OPTIONS, "")?,
            pinned: AtomicBool::new(false),
        })
    }

    /// Finishes pending statements, and closes the database.
    pub fn close(&self) {
        self.db.close();
    }

    /// Runs one statement.
    pub(crate) async fn execute(&self, statement: String, parameters: Vec<Value>) -> Outcome {
        stats::statement();
        let kind = kind(&statement);
        if kind == Kind::Query && self.may_use_a_reader(&statement) {
            let read = self
                .db
                .read(|connection| match connection.prepare_cached(&statement) {
                    Ok(prepared) if prepared.readonly() => Some(step(prepared, &parameters)),
                    // The statement writes, or only the shared connection can prepare it.
                    _ => None,
                });
            match read {
                Ok(Some(outcome)) => return outcome,
                Ok(None) => {}
                Err(error) => return Outcome::failed(error),
            }
        }
        let sharing = match kind {
            Kind::Query | Kind::Change => Sharing::Grouped,
            Kind::Control => Sharing::Alone,
        };
        if sharing == Sharing::Alone && hides_something(&statement) {
            self.pinned.store(true, Ordering::Release);
        }
        let work = move |connection: &Sqlite| match connection.prepare_cached(&statement) {
            Ok(prepared) => step(prepared, &parameters),
            Err(error) => Outcome::failed(error.to_string()),
        };
        match self.db.write(sharing, work).await {
            Ok(outcome) => outcome,
            Err(error) => Outcome::failed(error),
        }
    }

    /// Whether another connection would return the same result.
    fn may_use_a_reader(&self, statement: &str) -> bool {
        !self.db.in_transaction()
            && !self.pinned.load(Ordering::Acquire)
            && !asks_the_connection(statement)
    }

    /// The number of rows changed by the last write of any caller.
    pub(crate) fn changes(&self) -> u64 {
        self.db.changes()
    }

    /// The row id of the last insert of any caller.
    pub(crate) fn last_insert_rowid(&self) -> i64 {
        self.db.last_insert_rowid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(database: &Database, statement: &str) -> (Vec<String>, usize, Option<String>) {
        let outcome = database.execute(statement.to_owned(), Vec::new()).await;
        (outcome.columns, outcome.rows.len(), outcome.error)
    }

    #[tokio::test]
    async fn an_error_includes_the_columns_if_they_are_known() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("x.db")).unwrap();
        let create = "CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT UNIQUE)";
        assert_eq!(run(&database, create).await, (vec![], 0, None));
        let insert = "INSERT INTO t (b) VALUES ('x') RETURNING a";
        let columns = vec!["a".to_owned()];
        assert_eq!(run(&database, insert).await, (columns.clone(), 1, None));
        let (again, rows, error) = run(&database, insert).await;
        assert_eq!((again, rows), (columns, 0));
        assert!(error.unwrap().contains("UNIQUE"));
        for wrong in [
            "SELECT x FROM t",
            "SELEC",
            "INSERT INTO nowhere VALUES (1)",
            "SELECT 1; SELECT 2",
        ] {
            let (columns, _, error) = run(&database, wrong).await;
            assert_eq!(columns, Vec::<String>::new(), "{wrong}");
            assert!(error.is_some(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn reads_see_temporary_tables_of_the_shared_connection() {
        let folder = tempfile::tempdir().unwrap();
        let database = Database::open(&folder.path().join("x.db")).unwrap();
        for statement in ["CREATE TEMP TABLE t (a)", "INSERT INTO t VALUES (1), (2)"] {
            assert_eq!(run(&database, statement).await.2, None);
        }
        assert_eq!(run(&database, "SELECT * FROM t").await.1, 2);
        assert_eq!(database.db.changes(), 2);
        let with = "WITH n AS (SELECT 3) INSERT INTO t SELECT * FROM n RETURNING a";
        assert_eq!(run(&database, with).await.1, 1);
        let outcome = database
            .execute("SELECT changes()".to_owned(), Vec::new())
            .await;
        assert!(matches!(outcome.rows[0][0], Value::Integer(1)));
    }
}
