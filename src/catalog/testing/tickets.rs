//! Upload tickets, in a map.

use async_trait::async_trait;

use super::MemoryCatalog;
use crate::catalog::{CatalogError, Tickets};
use crate::model::Timestamp;

#[async_trait]
impl Tickets for MemoryCatalog {
    async fn is_ticket_spent(&self, id: &str) -> Result<bool, CatalogError> {
        self.read(|state| state.tickets.contains_key(id)).await
    }

    async fn forget_tickets(&self, before: Timestamp) -> Result<(), CatalogError> {
        self.write(|state, _| {
            state.tickets.retain(|_, spent_at| *spent_at >= before);
            Ok(())
        })
        .await
    }
}
