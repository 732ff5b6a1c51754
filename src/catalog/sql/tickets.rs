//! Upload tickets in SQL. The trigger `images_ticket` of `migrations/0001_images.sql`
//! records a ticket with its image.

use async_trait::async_trait;

use super::{Database, SqlCatalog};
use crate::catalog::{CatalogError, Tickets};
use crate::model::Timestamp;

#[async_trait]
impl<D: Database> Tickets for SqlCatalog<D> {
    async fn is_ticket_spent(&self, id: &str) -> Result<bool, CatalogError> {
        let sql = "SELECT 1 FROM spent_tickets WHERE id = ?1";
        self.exists(sql, vec![id.into()]).await
    }

    async fn forget_tickets(&self, before: Timestamp) -> Result<(), CatalogError> {
        // Looked up first: a deletion that deletes nothing would still wait for a commit.
        let oldest = "SELECT 1 FROM spent_tickets WHERE spent_at < ?1 LIMIT 1";
        if !self.exists(oldest, vec![before.into()]).await? {
            return Ok(());
        }
        let sql = "DELETE FROM spent_tickets WHERE spent_at < ?1";
        self.execute(sql, vec![before.into()]).await
    }
}
