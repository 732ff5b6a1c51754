//! Upload tickets: recorded when they are created, listed, revoked.

use super::{Service, ServiceError, UploadTicket};
use crate::auth::Grant;
use crate::catalog::TicketUse;
use crate::model::{Ticket, TicketQuery, Timestamp};

/// The most images that may come by a ticket.
pub const MAX_TICKET_UPLOADS: u32 = 1000;
/// The most open tickets of an owner.
const MAX_OPEN_TICKETS: u32 = 10_000;

/// A page of tickets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TicketPage {
    /// The tickets, newest first.
    pub tickets: Vec<Ticket>,
    /// The time of creation and the id of the last ticket, if there are more.
    pub next: Option<(Timestamp, String)>,
}

impl Service {
    /// Records a new ticket.
    ///
    /// # Errors
    /// [`ServiceError::TooManyTickets`], and those of the catalog.
    pub async fn create_ticket(&self, new: &Ticket) -> Result<(), ServiceError> {
        let limit = MAX_OPEN_TICKETS;
        let created = self.catalog().create_ticket(new, limit).await;
        let look = || async {
            let found = self.catalog().find_ticket(&new.id).await?;
            Ok(found.map(|_| true))
        };
        match self.find_out(created, look).await? {
            true => Ok(()),
            false => Err(ServiceError::TooManyTickets { limit }),
        }
    }

    /// Returns a page of the tickets that `grant` reaches.
    pub async fn tickets(
        &self,
        grant: &Grant,
        query: TicketQuery,
    ) -> Result<TicketPage, ServiceError> {
        let limit = usize::try_from(query.limit).unwrap_or(usize::MAX);
        let query = TicketQuery {
            owner: grant.confined_to().map(str::to_owned).or(query.owner),
            limit: query.limit.saturating_add(1),
            ..query
        };
        let mut tickets = self.catalog().tickets(&query, self.now()).await?;
        let has_more = tickets.len() > limit;
        tickets.truncate(limit);
        let last = tickets.last().filter(|_| has_more);
        let next = last.map(|last| (last.created_at, last.id.clone()));
        Ok(TicketPage { tickets, next })
    }

    /// Finds a ticket that `grant` reaches.
    pub async fn find_ticket(&self, grant: &Grant, id: &str) -> Result<Ticket, ServiceError> {
        let found = self.catalog().find_ticket(id).await?;
        let found = found.filter(|ticket| grant.reaches(&ticket.owner));
        found.ok_or(ServiceError::NoSuchTicket)
    }

    /// Revokes a ticket that `grant` reaches. Uploads with it that are under way fail.
    pub async fn revoke_ticket(&self, grant: &Grant, id: &str) -> Result<(), ServiceError> {
        let owner = grant.confined_to();
        let revoked = self.catalog().revoke_ticket(id, owner, self.now()).await;
        let look = || async {
            let found = self.catalog().find_ticket(id).await?;
            let is_revoked =
                |found: &Ticket| found.revoked_at.is_some() && grant.reaches(&found.owner);
            Ok(found.filter(is_revoked).map(|_| true))
        };
        match self.find_out(revoked, look).await? {
            true => Ok(()),
            false => Err(ServiceError::NoSuchTicket),
        }
    }

    /// Returns how many more images may come by a verified ticket, and its name.
    ///
    /// # Errors
    /// [`ServiceError::TicketRevoked`], and those of the catalog.
    pub async fn uploads_left(
        &self,
        ticket: &UploadTicket,
    ) -> Result<(u32, Option<String>), ServiceError> {
        if ticket.max_uploads.is_none() {
            let spent = self.ticket_use(ticket).await? == TicketUse::Spent;
            return Ok((u32::from(!spent), None));
        }
        let found = self.catalog().find_ticket(&ticket.id).await?;
        let found = found.filter(|found| found.revoked_at.is_none());
        let found = found.ok_or(ServiceError::TicketRevoked)?;
        Ok((found.max_uploads.saturating_sub(found.uploads), found.name))
    }

    /// Refuses a ticket that allows no more images. The commit makes the final decision.
    pub(super) async fn refuse_used(&self, ticket: &UploadTicket) -> Result<(), ServiceError> {
        match self.ticket_use(ticket).await? {
            TicketUse::Spent => Err(ServiceError::TicketSpent),
            TicketUse::Revoked => Err(ServiceError::TicketRevoked),
            TicketUse::Open | TicketUse::Unrecorded => Ok(()),
        }
    }

    /// The recorded use of a ticket. One whose record is gone counts as revoked: it has expired
    /// long ago, or the catalog is an older copy.
    async fn ticket_use(&self, ticket: &UploadTicket) -> Result<TicketUse, ServiceError> {
        Ok(match self.catalog().ticket_use(&ticket.id).await? {
            TicketUse::Unrecorded if ticket.max_uploads.is_some() => TicketUse::Revoked,
            known => known,
        })
    }
}
