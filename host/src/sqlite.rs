//! `spin:sqlite`: SQLite files. All instances and requests share one
//! connection per file, so `changes` and `last_insert_rowid` may answer for
//! somebody else's statement; reads go around it where that cannot be seen.
//! The calls that block an instance are not offered: each has an asynchronous twin.

use crate::bindings::spin::sqlite::sqlite::{
    Error, Host, HostConnection, HostConnectionWithStore, QueryResult, RowResult, Value,
};
use crate::db::{Db, Options, Sharing};
use crate::engine::{Ctx, HostState};
use crate::interfaces::not_offered;
use crate::stats;
use anyhow::{Result, bail};
use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, Connection as Sqlite, params_from_iter};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

/// No result is larger than this, as in Spin.
const RESULT_BYTES: usize = 128 << 20;

const OPTIONS: Options = Options {
    page_size: 4096,
    guarded: true,
};

/// A database that a component may open.
pub struct Database {
    db: Db,
    /// Set once the shared connection has something that others do not see:
    /// temporary tables or attached databases.
    pinned: AtomicBool,
}

/// A guest's handle on a database.
pub struct Connection(Arc<Database>);

/// What a statement gave: rows up to the error, if there was one.
#[derive(Debug, Default)]
struct Outcome {
    columns: Vec<String>,
    rows: Vec<RowResult>,
    error: Option<String>,
}

/// What a statement's first word says about it.
#[derive(Debug, PartialEq)]
enum Kind {
    /// It may only read; SQLite says whether it does.
    Query,
    /// It changes rows.
    Change,
    /// Anything else: transactions, pragmas, the schema.
    Control,
}

impl Database {
    /// Opens the file at `path`.
    pub fn open(path: &Path) -> Result<Self> {
        Ok(Self {
            db: Db::open(path, OPTIONS, "")?,
            pinned: AtomicBool::new(false),
        })
    }

    /// Finishes what is under way.
    pub fn close(&self) {
        self.db.close();
    }

    async fn execute(&self, statement: String, parameters: Vec<Value>) -> Outcome {
        stats::statement();
        let kind = kind(&statement);
        if kind == Kind::Query && self.may_read_aside(&statement) {
            let read = self
                .db
                .read(|connection| match connection.prepare_cached(&statement) {
                    Ok(prepared) if prepared.readonly() => Some(step(prepared, &parameters)),
                    // It writes after all, or only the shared connection knows it.
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

    /// Whether another connection would give the same answer.
    fn may_read_aside(&self, statement: &str) -> bool {
        const OF_THE_CONNECTION: [&str; 2] = ["changes(", "last_insert_rowid("];
        !self.db.in_transaction()
            && !self.pinned.load(Ordering::Acquire)
            && !OF_THE_CONNECTION
                .iter()
                .any(|name| contains(statement, name))
    }
}

impl Outcome {
    fn failed(error: String) -> Self {
        Self {
            error: Some(error),
            ..Self::default()
        }
    }
}

fn kind(statement: &str) -> Kind {
    let word = first_word(statement);
    let is = |words: &[&str]| words.iter().any(|w| w.eq_ignore_ascii_case(word));
    if is(&["SELECT", "WITH", "VALUES", "EXPLAIN"]) {
        Kind::Query
    } else if is(&["INSERT", "UPDATE", "DELETE", "REPLACE"]) {
        Kind::Change
    } else {
        Kind::Control
    }
}

/// The first keyword, after blanks and comments.
fn first_word(statement: &str) -> &str {
    let mut rest = statement.trim_start();
    loop {
        let end = if rest.starts_with("--") {
            rest.find('\n').map(|at| at + 1)
        } else if rest.starts_with("/*") {
            rest.find("*/").map(|at| at + 2)
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphabetic());
            return &rest[..end.unwrap_or(rest.len())];
        };
        match end {
            Some(at) => rest = rest[at..].trim_start(),
            None => return "",
        }
    }
}

/// Whether a statement gives the shared connection what others lack.
fn hides_something(statement: &str) -> bool {
    contains(statement, "temp") || first_word(statement).eq_ignore_ascii_case("ATTACH")
}

fn contains(text: &str, ascii: &str) -> bool {
    let windows = text.as_bytes().windows(ascii.len());
    windows
        .into_iter()
        .any(|window| window.eq_ignore_ascii_case(ascii.as_bytes()))
}

struct Parameter<'a>(&'a Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(value) => ValueRef::Integer(*value),
            Value::Real(value) => ValueRef::Real(*value),
            Value::Text(value) => ValueRef::Text(value.as_bytes()),
            Value::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

fn step(mut statement: CachedStatement<'_>, parameters: &[Value]) -> Outcome {
    let columns: Vec<String> = statement
        .column_names()
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut rows = Vec::new();
    let error = collect(&mut statement, parameters, columns.len(), &mut rows).err();
    Outcome {
        columns,
        rows,
        error,
    }
}

fn collect(
    statement: &mut CachedStatement<'_>,
    parameters: &[Value],
    columns: usize,
    rows: &mut Vec<RowResult>,
) -> Result<(), String> {
    let text = |error: rusqlite::Error| error.to_string();
    let parameters = params_from_iter(parameters.iter().map(Parameter));
    let mut cursor = statement.query(parameters).map_err(text)?;
    let mut size = 0;
    while let Some(row) = cursor.next().map_err(text)? {
        let mut values = Vec::with_capacity(columns);
        for column in 0..columns {
            let value = row.get_ref(column).and_then(|value| owned(column, value));
            let value = value.map_err(text)?;
            size += size_of::<Value>() + payload(&value);
            values.push(value);
        }
        if size > RESULT_BYTES {
            return Err(format!(
                "query result exceeds limit of {RESULT_BYTES} bytes"
            ));
        }
        rows.push(RowResult { values });
    }
    Ok(())
}

fn owned(column: usize, value: ValueRef<'_>) -> rusqlite::Result<Value> {
    Ok(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(value) => Value::Integer(value),
        ValueRef::Real(value) => Value::Real(value),
        ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
            Ok(text) => Value::Text(text.to_owned()),
            Err(error) => return Err(rusqlite::Error::Utf8Error(column, error)),
        },
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    })
}

fn payload(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len(),
        Value::Blob(bytes) => bytes.len(),
        Value::Null | Value::Integer(_) | Value::Real(_) => 0,
    }
}

impl Ctx {
    fn open_database(&mut self, label: &str) -> Result<Resource<Connection>, Error> {
        let database = self.component.sqlite.get(label).cloned();
        let database = database.ok_or(Error::AccessDenied)?;
        let handle = self.table.push(Connection(database));
        handle.map_err(|_| Error::Io("too many connections opened".to_owned()))
    }

    fn database(&self, handle: &Resource<Connection>) -> Result<Arc<Database>, Error> {
        let connection = self.table.get(handle);
        connection
            .map(|c| c.0.clone())
            .map_err(|_| Error::InvalidConnection)
    }
}

impl Host for Ctx {
    fn convert_error(&mut self, error: Error) -> Result<Error> {
        Ok(error)
    }
}

impl HostConnection for Ctx {
    async fn open(&mut self, _: String) -> Result<Resource<Connection>, Error> {
        Err(Error::Io(not_offered("open")))
    }

    async fn execute(
        &mut self,
        _: Resource<Connection>,
        _: String,
        _: Vec<Value>,
    ) -> Result<QueryResult, Error> {
        Err(Error::Io(not_offered("execute")))
    }

    async fn last_insert_rowid(&mut self, _: Resource<Connection>) -> Result<i64> {
        bail!(not_offered("last-insert-rowid"))
    }

    async fn changes(&mut self, _: Resource<Connection>) -> Result<u64> {
        bail!(not_offered("changes"))
    }

    async fn drop(&mut self, connection: Resource<Connection>) -> Result<()> {
        self.table.delete(connection)?;
        Ok(())
    }
}

type Streamed = (
    Vec<String>,
    StreamReader<RowResult>,
    FutureReader<Result<(), Error>>,
);

impl<T: Send> HostConnectionWithStore<T> for HostState {
    async fn open_async(
        accessor: &Accessor<T, Self>,
        database: String,
    ) -> Result<Resource<Connection>, Error> {
        accessor.with(|mut access| access.get().open_database(&database))
    }

    async fn execute_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
        statement: String,
        parameters: Vec<Value>,
    ) -> Result<Streamed, Error> {
        let database = accessor.with(|mut access| access.get().database(&connection))?;
        let Outcome {
            columns,
            rows,
            error,
        } = database.execute(statement, parameters).await;
        let result = error.map_or(Ok(()), |error| Err(Error::Io(error)));
        let streams = accessor.with(|mut access| {
            let rows = StreamReader::new(&mut access, rows)?;
            let result = FutureReader::new(&mut access, async { wasmtime::error::Ok(result) })?;
            wasmtime::error::Ok((columns, rows, result))
        });
        streams.map_err(|error| Error::Io(error.to_string()))
    }

    async fn last_insert_rowid_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
    ) -> Result<i64> {
        let database = accessor.with(|mut access| access.get().database(&connection))?;
        Ok(database.db.last_insert_rowid())
    }

    async fn changes_async(
        accessor: &Accessor<T, Self>,
        connection: Resource<Connection>,
    ) -> Result<u64> {
        let database = accessor.with(|mut access| access.get().database(&connection))?;
        Ok(database.db.changes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn run(database: &Database, statement: &str) -> (Vec<String>, usize, Option<String>) {
        let outcome = database.execute(statement.to_owned(), Vec::new()).await;
        (outcome.columns, outcome.rows.len(), outcome.error)
    }

    #[test]
    fn a_statements_kind_is_its_first_word() {
        for (statement, expect) in [
            ("select 1", Kind::Query),
            ("  -- note\n /* and */ INSERT INTO t", Kind::Change),
            ("WITH a AS (SELECT 1) INSERT INTO t", Kind::Query),
            ("BEGIN", Kind::Control),
            ("PRAGMA foreign_keys=ON", Kind::Control),
            ("-- nothing", Kind::Control),
            ("", Kind::Control),
        ] {
            assert_eq!(kind(statement), expect, "{statement}");
        }
    }

    #[tokio::test]
    async fn errors_come_with_the_columns_known_by_then() {
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
    async fn reads_see_what_only_the_shared_connection_has() {
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
        assert!(matches!(outcome.rows[0].values[0], Value::Integer(1)));
    }
}
