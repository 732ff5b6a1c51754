//! Upload tickets, each of which is used once. A commit uses them.

use async_trait::async_trait;

use super::CatalogError;
use crate::model::Timestamp;

/// The records of upload tickets that were used.
#[async_trait]
pub trait Tickets: Send + Sync {
    /// Whether an upload ticket was used.
    async fn is_ticket_spent(&self, id: &str) -> Result<bool, CatalogError>;

    /// Deletes the records of tickets that were used before `before`: these tickets must
    /// have expired by now.
    async fn forget_tickets(&self, before: Timestamp) -> Result<(), CatalogError>;
}
