//! Whether the catalog answers at all.

use async_trait::async_trait;

use super::CatalogError;

/// Whether the catalog answers at all.
#[async_trait]
pub trait Health: Send + Sync {
    /// Succeeds if the database answers.
    async fn check(&self) -> Result<(), CatalogError>;
}
