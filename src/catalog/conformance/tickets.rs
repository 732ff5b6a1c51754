//! Upload tickets: each is used once.

use super::{NOW, Suite};
use crate::catalog::CatalogError;
use crate::conformance::{Failure, ensure_eq};
use crate::model::{Quota, Timestamp};

impl Suite<'_> {
    pub(super) async fn a_ticket_is_used_once(&self) -> Result<(), Failure> {
        let ticket = format!("{}ticket", self.prefix);
        let mut first = self.image("ticket", 1, "a")?;
        let mut second = self.image("ticket", 2, "b")?;
        first.ticket = Some(ticket.clone());
        second.ticket = Some(ticket.clone());
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
}
