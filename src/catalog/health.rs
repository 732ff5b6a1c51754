//! Whether the catalog responds at all.

use async_trait::async_trait;

use super::CatalogError;

/// Whether the catalog responds at all.
#[async_trait]
pub trait Health: Send + Sync {
    /// Succeeds if the database responds.
    async fn check(&self) -> Result<(), CatalogError>;
}
