//! From several uploads, which arrived side by side, to one file.

use std::collections::BTreeSet;

use bytes::Bytes;

use super::begin::begun_by;
use super::finish::Whole;
use super::terms::Recorded;
use super::{
    MOST_PARTS, NewResumable, ResumableError, ResumableState, Service, ServiceError, UploadError,
};
use crate::catalog::{Ending, Position, Resumable};

impl Service {
    /// Makes an image of the bytes of `parts`, one after the other, and ends the parts. Returns
    /// the upload that they have become, which is complete.
    ///
    /// # Errors
    /// [`ResumableError::Parts`] if one of them is not a complete part of this owner, and those
    /// of an upload. If the file is refused, the parts have ended.
    pub async fn concatenate(
        &self,
        mut new: NewResumable,
        parts: &[String],
    ) -> Result<ResumableState, ResumableError> {
        // A client that has not received the answer asks again.
        new.key
            .get_or_insert_with(|| format!("parts {}", parts.join(" ")));
        let known = begun_by(&new).unwrap_or_default();
        if let Some(known) = self.catalog().resumable_begun_by(&known).await?
            && known.completed_at.is_some()
        {
            return self.state_of(known).await;
        }
        let found = self.find_parts(&new, parts).await?;
        let length = found.iter().map(|part| part.received);
        let length = length.fold(0, u64::saturating_add);
        self.refuse_length(&new.terms, Some(length))?;
        let whole = self.whole_of(&found).await?;
        // The parts have reserved the length.
        let upload = self.record_resumable(&new, Some(0)).await?;
        if upload.completed_at.is_some() {
            return self.state_of(upload).await;
        }
        let mut ids = vec![upload.id.clone()];
        ids.extend_from_slice(parts);
        let at = Position {
            id: upload.id.clone(),
            received: 0,
            epoch: upload.epoch,
        };
        let recorded = Recorded::of(&new);
        let completed = self
            .complete(&upload, recorded, at, length, ids.clone(), whole)
            .await;
        match &completed {
            Err(error) if error.ends_the_upload() => {
                for id in &ids {
                    self.drop_resumable(id, Ending::Refused).await?;
                }
            }
            Err(_) => {
                self.drop_resumable(&upload.id, Ending::Refused).await?;
            }
            Ok(_) => {}
        }
        completed
    }

    async fn find_parts(
        &self,
        new: &NewResumable,
        parts: &[String],
    ) -> Result<Vec<Resumable>, ResumableError> {
        if parts.is_empty() || parts.len() > MOST_PARTS {
            return Err(ResumableError::Parts("there must be 1 to 100 of them"));
        }
        if parts.iter().collect::<BTreeSet<_>>().len() < parts.len() {
            return Err(ResumableError::Parts("one of them is named twice"));
        }
        let mut found = Vec::with_capacity(parts.len());
        for part in parts {
            let part = self.find_resumable(part).await?;
            if !part.is_partial || part.owner != new.terms.owner {
                return Err(ResumableError::Parts("one of them is not a partial upload"));
            }
            if part.length != Some(part.received) {
                return Err(ResumableError::Parts("one of them is not finished"));
            }
            found.push(part);
        }
        Ok(found)
    }

    /// The bytes of all parts, one after the other.
    async fn whole_of(&self, parts: &[Resumable]) -> Result<Whole, ResumableError> {
        let mut whole = Whole {
            segments: Vec::new(),
            between: Vec::new(),
        };
        for part in parts {
            let segments = self.catalog().segments(&part.id).await?;
            let tail = self.catalog().tail(&part.id).await?;
            let stored: u64 = segments.iter().map(|segment| segment.blob.size).sum();
            if stored + tail.len() as u64 != part.received {
                let moved = UploadError::Service(ServiceError::UploadMoved);
                return Err(moved.into());
            }
            whole.segments.extend(segments);
            whole
                .between
                .push((whole.segments.len(), Bytes::from(tail)));
        }
        Ok(whole)
    }
}
