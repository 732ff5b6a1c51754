//! A database that refuses changes while the catalog is moved.

use async_trait::async_trait;

use super::{Database, Dialect, Row, Value};
use crate::catalog::CatalogError;

/// What the names of functions begin with that change something. Only statements of PostgreSQL
/// call functions of the schema.
const CHANGING: &str = "darkroom_";

/// Whether a statement of the catalog changes nothing, so that it may be repeated.
pub fn is_read(sql: &str) -> bool {
    let sql = sql.trim_start();
    sql.starts_with("SELECT") && !sql.contains(CHANGING)
}

/// A database that refuses changes if it is `read_only`.
pub struct Guarded<D> {
    database: D,
    read_only: bool,
}

impl<D> Guarded<D> {
    /// Wraps `database`.
    pub fn new(database: D, read_only: bool) -> Self {
        Self {
            database,
            read_only,
        }
    }

    fn check(&self, sql: &str) -> Result<(), CatalogError> {
        if self.read_only && !is_read(sql) {
            return Err(CatalogError::ReadOnly);
        }
        Ok(())
    }
}

#[async_trait]
impl<D: Database> Database for Guarded<D> {
    fn dialect(&self) -> Dialect {
        self.database.dialect()
    }

    async fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError> {
        self.check(sql)?;
        self.database.query(sql, parameters).await
    }

    async fn query_long(
        &self,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<Vec<Row>, CatalogError> {
        self.check(sql)?;
        self.database.query_long(sql, parameters).await
    }
}
