//! Uploads with tickets, and revocations of tickets, while everything else happens.

use std::collections::BTreeMap;

use super::model::{Known, Model, OWNERS, State};
use super::operations::{Scene, grant};
use crate::model::{Image, Ticket, Timestamp};
use crate::service::{Attributes, Declared, ServiceError, UploadError, UploadTerms, UploadTicket};

/// What is known of a ticket whose creation was answered.
#[derive(Clone, Debug)]
pub(super) struct KnownTicket {
    id: String,
    owner: &'static str,
    max_uploads: u32,
    /// How many uploads with it were answered with 201.
    uploads: u32,
    /// How many commits have begun with it: one without an answer may have succeeded.
    attempts: u32,
    /// Whether a revocation has begun.
    is_doubtful: bool,
    /// Whether a revocation was answered.
    is_revoked: bool,
}

impl Model {
    fn ticket(&mut self, index: usize) -> Option<&mut KnownTicket> {
        let count = self.tickets.len().max(1);
        self.tickets.get_mut(index % count)
    }

    /// Notes that the tickets of an owner may be revoked from now on.
    pub(super) fn doubt_tickets(&mut self, owner: &str) {
        let tickets = self.tickets.iter_mut();
        for ticket in tickets.filter(|ticket| ticket.owner == owner) {
            ticket.is_doubtful = true;
        }
    }

    /// Checks that no ticket has admitted more images than it allows.
    pub(super) fn check_tickets(&self, images: &[Image]) {
        let mut counts: BTreeMap<&str, u32> = BTreeMap::new();
        for ticket in images.iter().filter_map(|image| image.ticket.as_deref()) {
            *counts.entry(ticket).or_default() += 1;
        }
        for ticket in &self.tickets {
            let count = counts.get(ticket.id.as_str()).copied().unwrap_or_default();
            let count = count.max(ticket.uploads);
            assert!(count <= ticket.max_uploads, "{count} images of {ticket:?}");
        }
    }
}

impl Scene {
    pub(super) async fn create_ticket(self, owner: usize, max_uploads: u32) {
        let owner = OWNERS[owner % OWNERS.len()];
        let erasures = self.model(|model| model.erasures(owner));
        let new = Ticket {
            id: self.service.new_id(),
            owner: owner.to_owned(),
            name: None,
            terms: String::new(),
            max_uploads,
            uploads: 0,
            created_at: self.service.now(),
            expires_at: Timestamp::from_millis(i64::MAX / 2),
            revoked_at: None,
        };
        match self.service.create_ticket(&new).await {
            Ok(()) => self.model(|model| {
                let is_certain = model.state_since(owner, erasures) == State::There;
                model.tickets.push(KnownTicket {
                    id: new.id,
                    owner,
                    max_uploads,
                    uploads: 0,
                    attempts: 0,
                    is_doubtful: !is_certain,
                    is_revoked: false,
                });
            }),
            Err(error) => assert!(self.model(|model| model.faulty), "{error:?}"),
        }
    }

    pub(super) async fn upload_with_ticket(self, index: usize, file: usize) {
        // Another ticket with the same number may be created meanwhile.
        let Some(ticket) = self.model(|model| model.ticket(index).cloned()) else {
            return;
        };
        let owner = ticket.owner;
        let began = self.clock.read();
        let erasures = self.model(|model| model.erasures(owner));
        let terms = UploadTerms {
            owner: owner.to_owned(),
            ticket: Some(UploadTicket {
                id: ticket.id.clone(),
                max_uploads: Some(ticket.max_uploads),
                ..UploadTicket::default()
            }),
            ..UploadTerms::default()
        };
        let mut upload = match self.service.begin_upload(terms, None).await {
            Ok(upload) => upload,
            Err(error) => return self.excuse_ticket(began, &ticket.id, &error.into(), 0),
        };
        self.model(|model| model.attempted.insert((owner, file)));
        if let Err(error) = upload.file(self.body(file), Declared::default()).await {
            upload.abort().await;
            return self.excuse(began, &error);
        }
        let known = |model: &mut Model, change: fn(&mut KnownTicket)| {
            let tickets = model.tickets.iter_mut();
            tickets
                .filter(|known| known.id == ticket.id)
                .for_each(change);
        };
        self.model(|model| known(model, |ticket| ticket.attempts += 1));
        match upload.commit(Attributes::default()).await {
            Ok(images) => self.model(|model| {
                assert!(!ticket.is_revoked, "{ticket:?} had been revoked");
                known(model, |ticket| ticket.uploads += 1);
                for image in images {
                    let state = model.state_since(owner, erasures);
                    let content = file;
                    let known = Known {
                        owner,
                        content,
                        state,
                    };
                    model.images.insert(image.id, known);
                }
            }),
            Err(error) => self.excuse_ticket(began, &ticket.id, &error, 1),
        }
    }

    /// An upload with a ticket may also fail if others, besides its `own` attempts, may have used
    /// the ticket up, or if it may have been revoked.
    fn excuse_ticket(&self, began: i64, id: &str, error: &UploadError, own: u32) {
        let known = self.model(|model| {
            let mut tickets = model.tickets.iter();
            tickets.find(|ticket| ticket.id == id).cloned()
        });
        let known = known.expect("a ticket");
        match error {
            UploadError::Service(ServiceError::TicketSpent) => {
                let others = known.attempts - own;
                assert!(others >= known.max_uploads, "{known:?} is not used up");
            }
            UploadError::Service(ServiceError::TicketRevoked) => {
                assert!(known.is_doubtful, "{known:?} was not revoked");
            }
            error => self.excuse(began, error),
        }
    }

    pub(super) async fn revoke_ticket(self, index: usize) {
        let ticket = self.model(|model| {
            let ticket = model.ticket(index)?;
            ticket.is_doubtful = true;
            Some(ticket.clone())
        });
        let Some(ticket) = ticket else { return };
        let owner = grant(ticket.owner);
        match self.service.revoke_ticket(&owner, &ticket.id).await {
            // With its owner, a ticket is revoked for good.
            Ok(()) | Err(ServiceError::NoSuchTicket) => self.model(|model| {
                let tickets = model.tickets.iter_mut();
                let ours = tickets.filter(|known| known.id == ticket.id);
                ours.for_each(|known| known.is_revoked = true);
            }),
            Err(error) => assert!(self.model(|model| model.faulty), "{error:?}"),
        }
    }
}
