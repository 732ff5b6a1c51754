//! Beginning an upload.

use super::terms::Recorded;
use super::{MOST_OPEN, NewResumable, ResumableError, ResumableState, Service, ServiceError};
use crate::catalog::{Begun, CatalogError, Ending, Resumable};
use crate::media::MediaError;
use crate::model::{Quota, Timestamp};
use crate::platform;

impl Service {
    /// Begins an upload. A repetition with the same ticket or key, and with the same terms,
    /// returns the upload that was begun first.
    ///
    /// # Errors
    /// Those of an upload that is refused by its length, [`ServiceError::QuotaExceeded`],
    /// [`ServiceError::TicketSpent`] or [`ServiceError::KeyReused`] if another upload was begun
    /// with the ticket or key, [`ResumableError::TooMany`], and those of the catalog.
    pub async fn begin_resumable(
        &self,
        new: NewResumable,
    ) -> Result<ResumableState, ResumableError> {
        let length = new.declared.length;
        self.refuse_length(&new.terms, length)?;
        if length == Some(0) && !new.is_partial {
            return Err(super::UploadError::from(MediaError::Empty).into());
        }
        let upload = self.record_resumable(&new, length).await?;
        self.sweep_in_background();
        self.state_of(upload).await
    }

    /// Records a new upload with this length, or finds the one that was begun before.
    pub(super) async fn record_resumable(
        &self,
        new: &NewResumable,
        length: Option<u64>,
    ) -> Result<Resumable, ResumableError> {
        let now = self.now();
        let terms = &new.terms;
        let ticket = terms.ticket.as_ref();
        let deadline = now.plus_millis(self.lease_term().write);
        let upload = Resumable {
            id: format!("{:032x}", self.platform().random()),
            owner: terms.owner.clone(),
            is_partial: new.is_partial,
            image: platform::new_id(&**self.platform()),
            begun_by: begun_by(new),
            terms: Recorded::of(new).print(),
            received: 0,
            length,
            epoch: 0,
            created_at: now,
            deadline,
            expires_at: self.idle_until(now).min(deadline),
            completed_at: None,
        };
        if let Some(ticket) = ticket {
            match self.refuse_used(ticket).await {
                Err(ServiceError::TicketSpent) => return self.begun_before(&upload).await,
                refused => refused?,
            }
        }
        match self.begin_in_catalog(&upload, terms.quota).await? {
            Begun::Now => Ok(upload),
            Begun::Before(known) => self.same_as_before(&upload, *known).await,
            Begun::TooMany => Err(ResumableError::TooMany { limit: MOST_OPEN }),
        }
    }

    async fn begin_in_catalog(
        &self,
        upload: &Resumable,
        quota: Quota,
    ) -> Result<Begun, CatalogError> {
        let catalog = self.catalog();
        let begun = catalog.begin_resumable(upload, quota, MOST_OPEN).await;
        let look = || async {
            let found = catalog.find_resumable(&upload.id).await?;
            Ok(found.map(|_| Begun::Now))
        };
        self.find_out(begun, look).await
    }

    /// Returns the upload that has used the ticket of `upload`, if it is the same one.
    async fn begun_before(&self, upload: &Resumable) -> Result<Resumable, ResumableError> {
        let begun_by = upload.begun_by.as_deref().unwrap_or_default();
        match self.catalog().resumable_begun_by(begun_by).await? {
            Some(known) => self.same_as_before(upload, known).await,
            None => Err(ServiceError::TicketSpent.into()),
        }
    }

    /// Returns `known`, which was begun with the ticket or key of `upload`, if a client that has
    /// not received the answer may have begun it. An expired one gives way.
    async fn same_as_before(
        &self,
        upload: &Resumable,
        known: Resumable,
    ) -> Result<Resumable, ResumableError> {
        let now = self.now();
        if known.expires_at <= now && known.completed_at.is_none() {
            self.drop_resumable(&known.id, Ending::Expired(now)).await?;
            let quota = Recorded::parse(&upload.terms).unwrap_or_default().quota();
            if self.begin_in_catalog(upload, quota).await? == Begun::Now {
                return Ok(upload.clone());
            }
        } else if is_same(upload, &known) {
            return Ok(known);
        }
        match known.begun_by.as_deref() {
            Some(ticket) if ticket.starts_with("ticket:") && !ticket.contains('\n') => {
                Err(ServiceError::TicketSpent.into())
            }
            _ => Err(ServiceError::KeyReused.into()),
        }
    }

    /// Until when an upload that receives bytes now may then receive none.
    pub(super) fn idle_until(&self, now: Timestamp) -> Timestamp {
        let idle = self.settings().uploads.max_idle_seconds;
        now.plus_seconds(idle.cast_signed())
    }
}

/// What an upload is begun with, so that it is begun only once: a ticket for one image, or a key.
pub(super) fn begun_by(new: &NewResumable) -> Option<String> {
    let ticket = new.terms.ticket.as_ref();
    match (ticket.filter(|ticket| ticket.is_for_one()), &new.key) {
        (Some(ticket), _) => Some(format!("ticket:{}", ticket.id)),
        (None, Some(key)) => Some(format!("{}\n{key}", new.terms.key_scope())),
        (None, None) => None,
    }
}

/// Whether two uploads were begun on the same terms. A length may have been told later, and of a
/// complete upload little more than its length is known.
fn is_same(upload: &Resumable, known: &Resumable) -> bool {
    match known.completed_at {
        Some(_) => upload.length.is_some() && upload.length == known.length,
        None => {
            upload.terms == known.terms
                && upload.is_partial == known.is_partial
                && (upload.length.is_none() || upload.length == known.length)
        }
    }
}
