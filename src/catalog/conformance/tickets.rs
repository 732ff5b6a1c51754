//! Upload tickets: each is used once.

use uuid::Uuid;

use super::{NOW, Suite};
use crate::catalog::{CatalogError, NewImage};
use crate::conformance::{Failure, ensure_eq};
use crate::model::{Filters, ListQuery, Quota, Sort, SortBy, Timestamp};

impl Suite<'_> {
    pub(super) async fn a_ticket_is_used_once(&self) -> Result<(), Failure> {
        let ticket = format!("{}ticket", self.prefix);
        let mut first = self.image("ticket", 1, "a")?;
        let mut second = self.image("ticket", 2, "b")?;
        first.image.ticket = Some(ticket.clone());
        second.image.ticket = Some(ticket.clone());
        let now = Timestamp::from_millis(NOW);
        let both = self
            .catalog
            .commit(&[first.clone(), second.clone()], Quota::default(), now)
            .await;
        ensure_eq(
            "one ticket does not admit two images",
            both,
            Err(CatalogError::TicketSpent),
        )?;
        let spent = self.catalog.is_ticket_spent(&ticket).await;
        ensure_eq("a failed upload does not use it", spent, Ok(false))?;
        self.commit(std::slice::from_ref(&first)).await?;
        self.check_found_by(&ticket, Some(&first)).await?;
        self.check_found_by("another", None).await?;
        let again = self
            .catalog
            .commit(std::slice::from_ref(&second), Quota::default(), now)
            .await;
        ensure_eq(
            "a ticket is used once",
            again,
            Err(CatalogError::TicketSpent),
        )?;
        self.delete(&first).await?;
        self.check_found_by(&ticket, None).await?;
        let again = self
            .catalog
            .commit(std::slice::from_ref(&second), Quota::default(), now)
            .await;
        ensure_eq(
            "a used ticket stays used when its image is deleted",
            again,
            Err(CatalogError::TicketSpent),
        )?;
        for (before, expected) in [(first.image.created_at, true), (now.plus_seconds(1), false)] {
            self.step(
                "forgetting tickets",
                self.catalog.forget_tickets(before).await,
            )?;
            let spent = self.catalog.is_ticket_spent(&ticket).await;
            ensure_eq(
                "tickets are forgotten by the time of their use",
                spent,
                Ok(expected),
            )?;
        }
        self.forget_dead().await
    }

    /// Checks which image a list that is filtered by the ticket has, in every order and for one
    /// owner or all.
    async fn check_found_by(&self, ticket: &str, image: Option<&NewImage>) -> Result<(), Failure> {
        let owner = format!("{}ticket", self.prefix);
        let expected: Vec<Uuid> = image.map(|new| new.image.id).into_iter().collect();
        for by in SortBy::ALL {
            for (owner, descending) in [(None, true), (Some(owner.clone()), false)] {
                let query = ListQuery {
                    owner,
                    filters: Filters {
                        ticket: Some(ticket.to_owned()),
                        ..Filters::default()
                    },
                    sort: Sort { by, descending },
                    after: None,
                    limit: 1,
                    scan: 1,
                };
                let page = self.step("a list", self.catalog.list(&query).await)?;
                let found: Vec<Uuid> = page.images.iter().map(|image| image.id).collect();
                ensure_eq("an image is found by its ticket", found, expected.clone())?;
                let tickets = page.images.iter().map(|image| image.ticket.as_deref());
                let same = tickets.into_iter().all(|found| found == Some(ticket));
                ensure_eq("an image has its ticket", same, true)?;
                ensure_eq("one page is enough", page.next, None)?;
            }
        }
        Ok(())
    }
}
