//! Upload tickets: each is used as often as it may be, and not after it was revoked.

use uuid::Uuid;

use super::{NOW, Suite};
use crate::catalog::{CatalogError, NewImage, TicketUse};
use crate::conformance::{Failure, ensure_eq};
use crate::model::{
    Filters, ListQuery, Quota, Sort, SortBy, Ticket, TicketQuery, TicketStatus, Timestamp,
};

/// A number of milliseconds after the suite's present.
fn at(millis: i64) -> Timestamp {
    Timestamp::from_millis(NOW + millis)
}

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
        self.check_use(&ticket, TicketUse::Unrecorded).await?;
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
        for (before, expected) in [
            (first.image.created_at, TicketUse::Spent),
            (now.plus_seconds(1), TicketUse::Unrecorded),
        ] {
            self.step(
                "forgetting tickets",
                self.catalog.forget_tickets(before).await,
            )?;
            self.check_use(&ticket, expected).await?;
        }
        self.forget_dead().await
    }

    async fn check_use(&self, ticket: &str, expected: TicketUse) -> Result<(), Failure> {
        let known = self.catalog.ticket_use(ticket).await;
        ensure_eq("the use of a ticket is known", known, Ok(expected))
    }

    /// A recorded ticket that allows this many images, created this many milliseconds after the
    /// suite's present.
    fn ticket(&self, owner: &str, name: &str, max_uploads: u32, created: i64) -> Ticket {
        Ticket {
            id: format!("{}{name}", self.prefix),
            owner: format!("{}{owner}", self.prefix),
            name: Some(name.to_owned()),
            terms: format!("terms of {name}"),
            max_uploads,
            uploads: 0,
            created_at: at(created),
            expires_at: at(500),
            revoked_at: None,
        }
    }

    async fn record_ticket(&self, ticket: &Ticket) -> Result<(), Failure> {
        let created = self.catalog.create_ticket(ticket, 100).await;
        ensure_eq("a ticket is recorded", created, Ok(true))
    }

    async fn commit_with(
        &self,
        ticket: &Ticket,
        numbers: std::ops::Range<u32>,
    ) -> Result<Vec<NewImage>, CatalogError> {
        let image = |number| {
            let mut image = self.image("tickets", number, &format!("ticket {number}"));
            if let Ok(image) = &mut image {
                image.image.ticket = Some(ticket.id.clone());
            }
            image.map_err(|_| CatalogError::database("no more blob ids"))
        };
        let images: Vec<NewImage> = numbers.map(image).collect::<Result<_, _>>()?;
        self.catalog
            .commit(&images, Quota::default(), at(0))
            .await?;
        Ok(images)
    }

    pub(super) async fn a_ticket_counts_its_images(&self) -> Result<(), Failure> {
        let ticket = self.ticket("tickets", "counted", 3, 0);
        self.record_ticket(&ticket).await?;
        let spent = Err(CatalogError::TicketSpent);
        let two = self.step("two of three", self.commit_with(&ticket, 1..3).await)?;
        ensure_eq("five", self.commit_with(&ticket, 3..6).await, spent.clone())?;
        self.check_use(&ticket.id, TicketUse::Open).await?;
        let used = Ticket {
            uploads: 2,
            ..ticket.clone()
        };
        let found = self.catalog.find_ticket(&ticket.id).await;
        ensure_eq("a failed commit does not count", found, Ok(Some(used)))?;
        self.delete(&two[0]).await?;
        let third = self.step("the third", self.commit_with(&ticket, 6..7).await)?;
        self.check_use(&ticket.id, TicketUse::Spent).await?;
        ensure_eq("a fourth", self.commit_with(&ticket, 7..8).await, spent)?;
        let expected = [&third[0], &two[1]].map(|new| new.image.id);
        self.check_pages_of(&ticket, &expected).await?;
        self.delete(&two[1]).await?;
        self.delete(&third[0]).await?;
        self.forget_tickets_now().await?;
        self.forget_dead().await
    }

    /// Checks that pages of one image each have the images of a ticket.
    async fn check_pages_of(&self, ticket: &Ticket, expected: &[Uuid]) -> Result<(), Failure> {
        let mut query = ListQuery {
            owner: Some(ticket.owner.clone()),
            filters: Filters {
                ticket: Some(ticket.id.clone()),
                ..Filters::default()
            },
            sort: Sort::default(),
            after: None,
            limit: 1,
            scan: 1,
        };
        let mut found = Vec::new();
        for _ in 0..=expected.len() {
            let page = self.step("a list", self.catalog.list(&query).await)?;
            found.extend(page.images.iter().map(|image| image.id));
            query.after = page.next;
            if query.after.is_none() {
                break;
            }
        }
        ensure_eq("images are found by their ticket", found, expected.to_vec())?;
        ensure_eq("the last page is the last", query.after, None)
    }

    async fn forget_tickets_now(&self) -> Result<(), Failure> {
        let forgotten = self.catalog.forget_tickets(at(501)).await;
        self.step("tickets are forgotten after they have expired", forgotten)
    }

    pub(super) async fn a_revoked_ticket_admits_nothing(&self) -> Result<(), Failure> {
        let ticket = self.ticket("tickets", "revoked", 2, 0);
        self.record_ticket(&ticket).await?;
        let first = self.step("an upload", self.commit_with(&ticket, 1..2).await)?;
        let other = format!("{}other", self.prefix);
        for (id, owner, expected) in [
            ("unknown", None, false),
            (&*ticket.id, Some(&*other), false),
            (&*ticket.id, Some(&*ticket.owner), true),
            (&*ticket.id, None, true),
        ] {
            let revoked = self.catalog.revoke_ticket(id, owner, at(1)).await;
            ensure_eq("a ticket is revoked by its owner", revoked, Ok(expected))?;
        }
        let revoked = Err(CatalogError::TicketRevoked);
        let late = self.commit_with(&ticket, 2..3).await;
        ensure_eq("an upload that is late", late, revoked)?;
        self.check_use(&ticket.id, TicketUse::Revoked).await?;
        let again = self.catalog.revoke_ticket(&ticket.id, None, at(9)).await;
        ensure_eq("a ticket is revoked again", again, Ok(true))?;
        let found = self.step("a record", self.catalog.find_ticket(&ticket.id).await)?;
        let found = found.map(|found| (found.uploads, found.revoked_at));
        ensure_eq("the first time counts", found, Some((1, Some(at(1)))))?;
        self.delete(&first[0]).await?;
        self.forget_tickets_now().await?;
        self.forget_dead().await
    }

    pub(super) async fn tickets_are_listed_by_owner_and_status(&self) -> Result<(), Failure> {
        let mut all = Vec::new();
        for (number, owner, max_uploads) in [(1, "a", 1), (2, "b", 1), (3, "a", 9), (4, "a", 1)] {
            let ticket = self.ticket(owner, &format!("listed{number}"), max_uploads, number / 2);
            self.record_ticket(&ticket).await?;
            all.push(ticket);
        }
        let image = self.step("an upload", self.commit_with(&all[0], 1..2).await)?;
        all[0].uploads = 1;
        let revoked = self.catalog.revoke_ticket(&all[3].id, None, at(7)).await;
        ensure_eq("one is revoked", revoked, Ok(true))?;
        all[3].revoked_at = Some(at(7));
        let (early, late) = (at(9), at(500));
        for (owner, status, now, expected) in [
            (Some("a"), None, early, &[3, 2, 0][..]),
            (Some("b"), None, early, &[1]),
            (Some("c"), None, early, &[]),
            (None, None, early, &[3, 2, 1, 0]),
            (None, Some(TicketStatus::Open), early, &[2, 1]),
            (Some("a"), Some(TicketStatus::Open), early, &[2]),
            (Some("a"), Some(TicketStatus::Open), late, &[]),
            (Some("a"), Some(TicketStatus::Expired), late, &[2]),
            (Some("a"), Some(TicketStatus::Expired), early, &[]),
            (None, Some(TicketStatus::Used), late, &[0]),
            (Some("a"), Some(TicketStatus::Revoked), late, &[3]),
        ] {
            let mut query = TicketQuery {
                owner: owner.map(|owner| format!("{}{owner}", self.prefix)),
                status,
                before: None,
                limit: 1,
            };
            let mut found = Vec::new();
            while let [ticket] = &self.step("a page", self.catalog.tickets(&query, now).await)?[..]
            {
                query.before = Some((ticket.created_at, ticket.id.clone()));
                // The database may have tickets of others.
                found.extend(all.contains(ticket).then(|| ticket.clone()));
            }
            let expected = expected.iter().map(|index| all[*index].clone());
            ensure_eq("tickets are listed", found, expected.collect())?;
        }
        self.delete(&image[0]).await?;
        self.forget_tickets_now().await?;
        self.forget_dead().await
    }

    pub(super) async fn an_owner_has_only_so_many_open_tickets(&self) -> Result<(), Failure> {
        let new = |number: i64| self.ticket("many", &format!("many{number}"), 1, number);
        for number in 0..2 {
            let created = self.catalog.create_ticket(&new(number), 2).await;
            ensure_eq("two tickets", created, Ok(true))?;
        }
        let third = self.catalog.create_ticket(&new(2), 2).await;
        ensure_eq("no third", third, Ok(false))?;
        let gone = self.catalog.revoke_ticket(&new(0).id, None, at(3)).await;
        ensure_eq("one is revoked", gone, Ok(true))?;
        let third = self.catalog.create_ticket(&new(3), 2).await;
        ensure_eq("one is revoked, so there is a third", third, Ok(true))?;
        let later = self.catalog.create_ticket(&new(500), 2).await;
        ensure_eq("the others have expired", later, Ok(true))?;
        self.forget_tickets_now().await
    }

    pub(super) async fn tickets_of_an_erased_owner_admit_nothing(&self) -> Result<(), Failure> {
        let [first, second] = ["erased1", "erased2"].map(|name| self.ticket("gone", name, 2, 0));
        let other = self.ticket("kept", "erased3", 2, 0);
        for ticket in [&first, &second, &other] {
            self.record_ticket(ticket).await?;
        }
        for expected in [1, 1, 0] {
            let erased = self.catalog.erase_tickets(&first.owner, at(1), 1).await;
            ensure_eq("tickets are erased", erased, Ok(expected))?;
        }
        for ticket in [&first, &second] {
            self.check_use(&ticket.id, TicketUse::Revoked).await?;
            let late = self.commit_with(ticket, 1..2).await;
            ensure_eq("it admits nothing", late, Err(CatalogError::TicketRevoked))?;
            let found = self.catalog.find_ticket(&ticket.id).await;
            ensure_eq("its record is not found", found, Ok(None))?;
            let revoked = self.catalog.revoke_ticket(&ticket.id, None, at(2)).await;
            ensure_eq("it cannot be revoked", revoked, Ok(false))?;
        }
        let found = self.catalog.find_ticket(&other.id).await;
        ensure_eq("the others stay", found, Ok(Some(other)))?;
        self.forget_tickets_now().await
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
