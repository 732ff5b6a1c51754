//! Upload tickets. Those of today are recorded when they are created, and a commit counts its
//! images. Those from before are recorded when they are used, once.

use async_trait::async_trait;

use super::CatalogError;
use crate::model::{Ticket, TicketQuery, Timestamp};

/// What is recorded of the use of a ticket, whether it has expired or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TicketUse {
    /// Nothing: the ticket was not recorded when it was created, and has not been used.
    Unrecorded,
    /// It allows more images.
    Open,
    /// It has been used as often as it may be.
    Spent,
    /// It has been revoked.
    Revoked,
}

/// Upload tickets.
#[async_trait]
pub trait Tickets: Send + Sync {
    /// Records a new ticket, unless its owner has `most` open ones. Returns whether it did.
    async fn create_ticket(&self, new: &Ticket, most: u32) -> Result<bool, CatalogError>;

    /// Finds the record of a ticket, whatever its owner.
    async fn find_ticket(&self, id: &str) -> Result<Option<Ticket>, CatalogError>;

    /// Returns a page of tickets, as they are at `now`, newest first.
    async fn tickets(
        &self,
        query: &TicketQuery,
        now: Timestamp,
    ) -> Result<Vec<Ticket>, CatalogError>;

    /// Revokes a ticket at `at`, unless that was done before, if it is recorded and belongs to
    /// `owner` (if given). Returns whether it is revoked. A commit with a revoked ticket fails.
    async fn revoke_ticket(
        &self,
        id: &str,
        owner: Option<&str>,
        at: Timestamp,
    ) -> Result<bool, CatalogError>;

    /// Returns what is recorded of the use of a ticket.
    async fn ticket_use(&self, id: &str) -> Result<TicketUse, CatalogError>;

    /// Revokes at most `limit` of the owner's tickets at `at`, and removes the owner and the terms
    /// from their records. Returns how many there were.
    async fn erase_tickets(
        &self,
        owner: &str,
        at: Timestamp,
        limit: u32,
    ) -> Result<u32, CatalogError>;

    /// Deletes the records of tickets that expired before `before`, or that were used before then,
    /// if they were not recorded earlier: these must have expired by now.
    async fn forget_tickets(&self, before: Timestamp) -> Result<(), CatalogError>;
}
