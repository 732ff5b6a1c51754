//! Upload tickets, in maps.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{MemoryCatalog, items};
use crate::catalog::{CatalogError, TicketUse, Tickets};
use crate::model::{Ticket, TicketQuery, TicketStatus, Timestamp};

/// What is known of tickets.
#[derive(Clone, Debug, Default)]
pub(super) struct Records {
    /// The tickets that were recorded when they were created.
    tickets: BTreeMap<String, Ticket>,
    /// When other tickets were used.
    spent: BTreeMap<String, Timestamp>,
}

impl Records {
    /// Counts an image that is uploaded with this ticket.
    pub(super) fn count(&mut self, id: &str, at: Timestamp) -> Result<(), CatalogError> {
        match self.usage(id) {
            TicketUse::Revoked => return Err(CatalogError::TicketRevoked),
            TicketUse::Spent => return Err(CatalogError::TicketSpent),
            TicketUse::Open | TicketUse::Unrecorded => {}
        }
        match self.tickets.get_mut(id) {
            Some(ticket) => ticket.uploads += 1,
            None => {
                self.spent.insert(id.to_owned(), at);
            }
        }
        Ok(())
    }

    fn usage(&self, id: &str) -> TicketUse {
        match self.tickets.get(id) {
            Some(ticket) if ticket.revoked_at.is_some() => TicketUse::Revoked,
            Some(ticket) if ticket.uploads >= ticket.max_uploads => TicketUse::Spent,
            Some(_) => TicketUse::Open,
            None if self.spent.contains_key(id) => TicketUse::Spent,
            None => TicketUse::Unrecorded,
        }
    }

    /// The tickets whose owner has not been erased.
    fn owned(&self) -> impl DoubleEndedIterator<Item = &Ticket> {
        self.tickets
            .values()
            .filter(|ticket| !ticket.owner.is_empty())
    }

    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.tickets.keys().chain(self.spent.keys()).cloned()
    }
}

#[async_trait]
impl Tickets for MemoryCatalog {
    async fn create_ticket(&self, new: &Ticket, most: u32) -> Result<bool, CatalogError> {
        self.write(|state, _| {
            let now = new.created_at;
            let open = state.tickets.owned().filter(|ticket| {
                ticket.owner == new.owner && ticket.status(now) == TicketStatus::Open
            });
            let is_allowed = open.count() < items(most);
            if is_allowed {
                state.tickets.tickets.insert(new.id.clone(), new.clone());
            }
            Ok(is_allowed)
        })
        .await
    }

    async fn find_ticket(&self, id: &str) -> Result<Option<Ticket>, CatalogError> {
        self.read(|state| {
            let ticket = state.tickets.owned().find(|ticket| ticket.id == id);
            ticket.cloned()
        })
        .await
    }

    async fn tickets(
        &self,
        query: &TicketQuery,
        now: Timestamp,
    ) -> Result<Vec<Ticket>, CatalogError> {
        self.read(|state| {
            let place = |ticket: &Ticket| (ticket.created_at, ticket.id.clone());
            let is_wanted = |ticket: &&Ticket| {
                let of_owner = query.owner.as_ref().is_none_or(|own| *own == ticket.owner);
                let is_before = query.before.as_ref();
                let is_before = is_before.is_none_or(|before| place(ticket) < *before);
                let status = query.status;
                let has_status = status.is_none_or(|status| status == ticket.status(now));
                of_owner && is_before && has_status
            };
            let wanted = state.tickets.owned().filter(is_wanted).cloned();
            let mut wanted: Vec<Ticket> = wanted.collect();
            wanted.sort_by_key(place);
            wanted.reverse();
            wanted.truncate(items(query.limit));
            wanted
        })
        .await
    }

    async fn revoke_ticket(
        &self,
        id: &str,
        owner: Option<&str>,
        at: Timestamp,
    ) -> Result<bool, CatalogError> {
        self.write(|state, _| {
            let ticket = state.tickets.tickets.get_mut(id);
            let ticket = ticket.filter(|ticket| !ticket.owner.is_empty());
            let ticket = ticket.filter(|ticket| owner.is_none_or(|owner| owner == ticket.owner));
            Ok(ticket
                .map(|ticket| ticket.revoked_at.get_or_insert(at))
                .is_some())
        })
        .await
    }

    async fn ticket_use(&self, id: &str) -> Result<TicketUse, CatalogError> {
        self.read(|state| state.tickets.usage(id)).await
    }

    async fn erase_tickets(
        &self,
        owner: &str,
        at: Timestamp,
        limit: u32,
    ) -> Result<u32, CatalogError> {
        self.write(|state, _| {
            let tickets = state.tickets.tickets.values_mut();
            let ours = tickets.filter(|ticket| ticket.owner == owner);
            let mut erased = 0;
            for ticket in ours.take(items(limit)) {
                ticket.owner.clear();
                ticket.terms.clear();
                ticket.name = None;
                ticket.revoked_at.get_or_insert(at);
                erased += 1;
            }
            Ok(erased)
        })
        .await
    }

    async fn forget_tickets(&self, before: Timestamp) -> Result<(), CatalogError> {
        self.write(|state, _| {
            let tickets = &mut state.tickets;
            tickets.spent.retain(|_, spent_at| *spent_at >= before);
            tickets
                .tickets
                .retain(|_, ticket| ticket.expires_at >= before);
            Ok(())
        })
        .await
    }
}
