//! Whether the database responds.

use async_trait::async_trait;

use super::{Database, Dialect, SqlCatalog};
use crate::catalog::{CatalogError, Health};

#[async_trait]
impl<D: Database> Health for SqlCatalog<D> {
    async fn check(&self) -> Result<(), CatalogError> {
        self.execute("SELECT 1", vec![]).await
    }
}

impl<D: Database> SqlCatalog<D> {
    /// Whether the database is a server of libSQL, as far as can be seen: it has a function that
    /// SQLite does not have.
    pub async fn is_on_libsql(&self) -> bool {
        if self.dialect != Dialect::Sqlite {
            return false;
        }
        let sql = "SELECT 1 FROM pragma_function_list WHERE name = 'libsql_server_database_name'";
        self.exists(sql, vec![]).await.unwrap_or(false)
    }
}
