//! Health of the maps: they always respond.

use async_trait::async_trait;

use super::MemoryCatalog;
use crate::catalog::{CatalogError, Health};

#[async_trait]
impl Health for MemoryCatalog {
    async fn check(&self) -> Result<(), CatalogError> {
        self.read(|_| ()).await
    }
}
