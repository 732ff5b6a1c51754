//! A catalog in a SQLite file.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use darkroom::catalog::{CatalogError, Database, Dialect, Guarded, Row, SqlCatalog, Value};
use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};

use super::side::{Column, Side, delete_sql, page_sql};
use super::tables::Table;

pub(super) struct Sqlite {
    path: PathBuf,
    connection: Connection,
}

impl Sqlite {
    /// Opens the file, or creates it.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let connection =
            Connection::open(path).with_context(|| format!("cannot open {}", path.display()))?;
        connection.busy_timeout(Duration::from_secs(30))?;
        let path = path.to_owned();
        Ok(Self { path, connection })
    }
}

fn run(
    connection: &Connection,
    sql: &str,
    parameters: &[Value],
) -> rusqlite::Result<Vec<Vec<Value>>> {
    let mut statement = connection.prepare_cached(sql)?;
    let columns = statement.column_count();
    let parameters = parameters.iter().map(|value| match value {
        Value::Null => rusqlite::types::Value::Null,
        Value::Integer(value) => (*value).into(),
        Value::Real(value) => (*value).into(),
        Value::Text(value) => value.clone().into(),
        Value::Blob(value) => value.clone().into(),
    });
    let mut rows = statement.query(params_from_iter(parameters))?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        let value = |at| {
            Ok(match row.get_ref(at)? {
                ValueRef::Null => Value::Null,
                ValueRef::Integer(value) => Value::Integer(value),
                ValueRef::Real(value) => Value::Real(value),
                ValueRef::Text(_) => Value::Text(row.get(at)?),
                ValueRef::Blob(value) => Value::Blob(value.to_vec()),
            })
        };
        found.push((0..columns).map(value).collect::<rusqlite::Result<_>>()?);
    }
    Ok(found)
}

fn parameter(number: usize) -> String {
    format!("?{number}")
}

impl Side for Sqlite {
    fn name(&self) -> String {
        self.path.display().to_string()
    }

    fn kind(&self) -> &'static str {
        "sqlite"
    }

    fn query(&mut self, sql: &str) -> Result<Vec<Vec<Value>>> {
        Ok(run(&self.connection, sql, &[])?)
    }

    fn columns(&self, table: &str) -> Result<Vec<Column>> {
        let sql = "SELECT name, hidden FROM pragma_table_xinfo(?1)";
        let mut statement = self.connection.prepare(sql)?;
        let columns = statement.query_map([table], |row| {
            Ok(Column {
                name: row.get(0)?,
                is_generated: row.get::<_, i64>(1)? != 0,
            })
        })?;
        Ok(columns.collect::<rusqlite::Result<_>>()?)
    }

    fn page(
        &mut self,
        table: &Table,
        columns: &[String],
        after: Option<&[Value]>,
    ) -> Result<Vec<Vec<Value>>> {
        let sql = page_sql(table, columns, after.is_none(), parameter);
        Ok(run(&self.connection, &sql, after.unwrap_or_default())?)
    }

    fn write(
        &mut self,
        table: &Table,
        columns: &[String],
        delete: &[Vec<Value>],
        insert: &[Vec<Value>],
    ) -> Result<()> {
        let transaction = self.connection.transaction()?;
        let sql = delete_sql(table, parameter);
        for key in delete {
            run(&transaction, &sql, key)?;
        }
        let values: Vec<String> = (1..=columns.len()).map(parameter).collect();
        let (names, values) = (columns.join(", "), values.join(", "));
        let sql = format!("INSERT INTO {} ({names}) VALUES ({values})", table.name);
        for row in insert {
            run(&transaction, &sql, row)?;
        }
        Ok(transaction.commit()?)
    }

    fn has_schema(&mut self) -> Result<bool> {
        let sql = "SELECT 1 FROM sqlite_schema WHERE name = 'schema_migrations'";
        Ok(!self.query(sql)?.is_empty())
    }

    fn migrate(&mut self, check_only: bool) -> Result<()> {
        let runtime = tokio::runtime::Builder::new_current_thread().build()?;
        let database = Guarded::new(Own(Connection::open(&self.path)?.into()), check_only);
        let migrated = runtime.block_on(SqlCatalog::open(database));
        super::migrated(migrated.map(drop), &self.name())
    }

    fn set_triggers(&mut self, are_enabled: bool) -> Result<()> {
        // Of this connection alone.
        let config = DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER;
        self.connection.set_db_config(config, are_enabled)?;
        Ok(())
    }

    fn settle(&mut self) -> Result<()> {
        self.query("PRAGMA optimize").map(drop)
    }
}

/// A connection for the catalog's own code.
struct Own(std::sync::Mutex<Connection>);

#[async_trait::async_trait]
impl Database for Own {
    fn dialect(&self) -> Dialect {
        Dialect::Sqlite
    }

    async fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError> {
        let connection = self
            .0
            .lock()
            .map_err(|error| CatalogError::database(error.to_string()))?;
        let rows = run(&connection, sql, &parameters).map_err(CatalogError::database)?;
        Ok(rows.into_iter().map(Row).collect())
    }
}
