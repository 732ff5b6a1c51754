//! Whether the database responds.

use async_trait::async_trait;

use super::{Database, SqlCatalog};
use crate::catalog::{CatalogError, Health};

#[async_trait]
impl<D: Database> Health for SqlCatalog<D> {
    async fn check(&self) -> Result<(), CatalogError> {
        self.execute("SELECT 1", vec![]).await
    }
}
