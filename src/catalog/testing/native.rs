//! SQLite for native tests.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;

use crate::catalog::{CatalogError, Database, Dialect, Row, Value, is_read};
use crate::model::Timestamp;

/// How many statements are kept prepared: more than the catalog has.
const STATEMENTS: usize = 256;

/// One shared connection and one statement per call, as on Spin.
#[derive(Clone)]
pub(crate) struct Native(pub(in crate::catalog) Arc<Mutex<rusqlite::Connection>>);

impl Native {
    /// Creates a new database in memory.
    pub(crate) fn new() -> Self {
        let connection = rusqlite::Connection::open_in_memory().expect("opens");
        connection.set_prepared_statement_cache_capacity(STATEMENTS);
        Self(Arc::new(Mutex::new(connection)))
    }

    /// Creates a new database in memory, whose `unixepoch('subsec')` returns this time.
    pub(crate) fn timed_by(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        let database = Self::new();
        // Half a millisecond more, so that rounding never yields a millisecond less.
        let seconds = move |_: &rusqlite::functions::Context<'_>| {
            Ok((clock().millis() as f64 + 0.5) / 1000.0)
        };
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_INNOCUOUS;
        let connection = database.0.lock().expect("not poisoned");
        let made = connection.create_scalar_function("unixepoch", 1, flags, seconds);
        made.expect("is made");
        drop(connection);
        database
    }

    /// Runs one statement.
    pub(crate) fn run(&self, sql: &str, parameters: Vec<Value>) -> rusqlite::Result<Vec<Row>> {
        let connection = self.0.lock().expect("not poisoned");
        let mut statement = connection.prepare_cached(sql)?;
        let is_pragma = sql.starts_with("PRAGMA");
        assert_eq!(statement.readonly() && !is_pragma, is_read(sql), "{sql}");
        let columns = statement.column_count();
        let parameters = parameters.into_iter().map(|value| match value {
            Value::Null => rusqlite::types::Value::Null,
            Value::Integer(value) => value.into(),
            Value::Real(value) => value.into(),
            Value::Text(value) => value.into(),
            Value::Blob(value) => value.into(),
        });
        let rows = statement.query_map(rusqlite::params_from_iter(parameters), |row| {
            let value = |index| {
                Ok(match row.get_ref(index)? {
                    ValueRef::Null => Value::Null,
                    ValueRef::Integer(value) => Value::Integer(value),
                    ValueRef::Real(value) => Value::Real(value),
                    ValueRef::Text(value) => Value::Text(String::from_utf8_lossy(value).into()),
                    ValueRef::Blob(value) => Value::Blob(value.to_vec()),
                })
            };
            (0..columns).map(value).collect::<Result<_, _>>().map(Row)
        })?;
        rows.collect()
    }
}

#[async_trait]
impl Database for Native {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError> {
        self.run(sql, parameters).map_err(CatalogError::database)
    }
}
