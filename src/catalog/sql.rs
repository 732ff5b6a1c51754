//! A [`Catalog`](super::Catalog) over any SQL connection that speaks SQLite's dialect:
//! each subject in the file of its name.

mod accounts;
mod audit;
mod blobs;
mod columns;
mod commits;
mod conflict;
mod database;
mod health;
mod images;
mod keys;
mod leases;
mod listings;
mod quota;
mod remains;
mod tickets;

use serde::Serialize;

use super::{CatalogError, migrations};
use columns::Columns;

pub(in crate::catalog) use conflict::Conflict;
pub use database::{Database, Row, Value};

/// The catalog of a [`Database`].
pub struct SqlCatalog<D> {
    database: D,
}

impl<D: Database> SqlCatalog<D> {
    /// Brings the schema up to date and gives the catalog.
    pub async fn open(database: D) -> Result<Self, CatalogError> {
        migrations::migrate(&database).await?;
        Ok(Self { database })
    }

    /// Runs a statement whose rows, if any, do not matter.
    async fn execute(&self, sql: &str, parameters: Vec<Value>) -> Result<(), CatalogError> {
        self.database.query(sql, parameters).await.map(|_| ())
    }

    /// Whether a statement gives a row.
    async fn exists(&self, sql: &str, parameters: Vec<Value>) -> Result<bool, CatalogError> {
        let rows = self.database.query(sql, parameters).await?;
        Ok(!rows.is_empty())
    }

    /// The only row of a result.
    async fn one_row(&self, sql: &str, parameters: Vec<Value>) -> Result<Row, CatalogError> {
        let rows = self.database.query(sql, parameters).await?;
        let none = || CatalogError::database("there is no row where there must be one");
        rows.into_iter().next().ok_or_else(none)
    }
}

/// A value as JSON text.
fn json(value: &impl Serialize) -> Result<Value, CatalogError> {
    serde_json::to_string(value)
        .map(Value::from)
        .map_err(CatalogError::database)
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
