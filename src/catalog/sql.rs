//! A [`Catalog`](super::Catalog) on any SQL connection that understands SQLite's dialect or
//! PostgreSQL's ([`Dialect`]): each subject is in the file of its name.

mod accounts;
mod audit;
mod blobs;
mod columns;
mod commits;
mod conflict;
mod database;
mod dialect;
mod guarded;
mod health;
mod images;
mod keys;
mod leases;
mod links;
mod listings;
mod quota;
mod rates;
mod remains;
mod resumables;
mod tickets;
mod variants;

use serde::Serialize;

use super::{CatalogError, migrations};
use crate::model::Timestamp;
use columns::Columns;

pub(in crate::catalog) use conflict::Conflict;
pub use database::{Database, Row, Value};
pub use dialect::Dialect;
pub use guarded::{Guarded, is_read};

/// The catalog of a [`Database`].
pub struct SqlCatalog<D> {
    database: D,
    dialect: Dialect,
}

/// How often a statement is run that the database undoes because of others.
const ATTEMPTS: u32 = 5;

impl<D: Database> SqlCatalog<D> {
    /// Migrates the schema to this version and returns the catalog.
    pub async fn open(database: D) -> Result<Self, CatalogError> {
        migrations::migrate(&database).await?;
        let dialect = database.dialect();
        Ok(Self { database, dialect })
    }

    /// Runs a statement and returns its rows. One that PostgreSQL undoes because of others, such as
    /// one of two that wait for each other, is run again.
    async fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError> {
        if self.dialect == Dialect::Postgres && parameters.iter().any(Value::has_nul) {
            // PostgreSQL keeps no such texts, so that no row can be meant by one.
            return Ok(Vec::new());
        }
        let sql = self.dialect.translate(sql);
        if self.dialect == Dialect::Sqlite {
            // It undoes none, so that no copy of the parameters is needed.
            return self.database.query(&sql, parameters).await;
        }
        for _ in 1..ATTEMPTS {
            match self.database.query(&sql, parameters.clone()).await {
                Err(CatalogError::Undone(_)) => {}
                answer => return answer,
            }
        }
        self.database.query(&sql, parameters).await
    }

    /// The same, for a statement that reads all rows of a table and may take long.
    async fn query_long(
        &self,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<Vec<Row>, CatalogError> {
        let sql = self.dialect.translate(sql);
        self.database.query_long(&sql, parameters).await
    }

    /// Runs a statement and ignores its rows, if any.
    async fn execute(&self, sql: &str, parameters: Vec<Value>) -> Result<(), CatalogError> {
        self.query(sql, parameters).await.map(|_| ())
    }

    /// Deletes the rows of a table whose time is before `before`.
    async fn forget_before(
        &self,
        table: &str,
        time: &str,
        before: Timestamp,
    ) -> Result<(), CatalogError> {
        // Looked up first: a deletion that deletes nothing would still wait for a commit.
        let oldest = format!("SELECT 1 FROM {table} WHERE {time} < ?1 LIMIT 1");
        if !self.exists(&oldest, vec![before.into()]).await? {
            return Ok(());
        }
        let sql = format!("DELETE FROM {table} WHERE {time} < ?1");
        self.execute(&sql, vec![before.into()]).await
    }

    /// Whether a statement returns a row.
    async fn exists(&self, sql: &str, parameters: Vec<Value>) -> Result<bool, CatalogError> {
        let rows = self.query(sql, parameters).await?;
        Ok(!rows.is_empty())
    }

    /// Returns the only row of a result.
    async fn one_row(&self, sql: &str, parameters: Vec<Value>) -> Result<Row, CatalogError> {
        let rows = self.query(sql, parameters).await?;
        let none = || CatalogError::database("the statement returned no row, but must return one");
        rows.into_iter().next().ok_or_else(none)
    }
}

/// The number of rows of a result.
fn count(rows: &[Row]) -> u32 {
    u32::try_from(rows.len()).unwrap_or(u32::MAX)
}

/// Converts a value to JSON text.
fn json(value: &impl Serialize) -> Result<Value, CatalogError> {
    serde_json::to_string(value)
        .map(Value::from)
        .map_err(CatalogError::database)
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
