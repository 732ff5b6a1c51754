//! Commits into maps.

use async_trait::async_trait;

use super::{MemoryCatalog, State};
use crate::catalog::{AnswerRecord, CatalogError, Commits, Completion, NewImage};
use crate::model::{BlobRef, Image, Quota, Timestamp};

#[async_trait]
impl Commits for MemoryCatalog {
    async fn commit(
        &self,
        images: &[NewImage],
        quota: Quota,
        now: Timestamp,
    ) -> Result<Vec<BlobRef>, CatalogError> {
        self.write(|state, clock| state.commit(images, quota, now, clock))
            .await
    }
}

impl State {
    fn commit(
        &mut self,
        images: &[NewImage],
        quota: Quota,
        now: Timestamp,
        clock: Timestamp,
    ) -> Result<Vec<BlobRef>, CatalogError> {
        let in_force = |new: &NewImage| {
            let lease = self.leases.get(&new.lease);
            lease.is_some_and(|lease| lease.expires_at > now)
        };
        if !images.iter().all(in_force) {
            return Err(CatalogError::LeaseExpired);
        }
        let is_taken = |new: &NewImage| self.images.contains_key(&new.image.id);
        if let Some(taken) = images.iter().find(|new| is_taken(new)) {
            return Err(match taken.completes {
                Some(_) => CatalogError::UploadMoved,
                None => CatalogError::database("the image exists"),
            });
        }
        let owner = images.first().map_or("", |new| new.image.owner.as_str());
        let completions = images.iter().filter_map(|new| new.completes.as_ref());
        let completions: Vec<&Completion> = completions.collect();
        if !completions.iter().all(|done| self.may_complete(done)) {
            return Err(CatalogError::UploadMoved);
        }
        let mut kept = self.kept(owner);
        for completion in &completions {
            let freed = self.reserved_by(completion);
            kept.images -= freed.images;
            kept.bytes -= freed.bytes;
        }
        quota.admit(kept, NewImage::charges(images))?;
        let answers = images.iter().filter_map(|new| new.answer.as_ref());
        let answers: Vec<&AnswerRecord> = answers.collect();
        if !answers.iter().all(|answer| self.keys.holds(&answer.claim)) {
            return Err(CatalogError::ClaimLost);
        }
        let mut tickets = self.tickets.clone();
        for new in images {
            if let Some(ticket) = &new.image.ticket {
                tickets.count(ticket, new.image.created_at)?;
            }
        }
        self.tickets = tickets;
        for answer in answers {
            self.keys.answer(owner, answer);
        }
        for new in images {
            if let Some(completion) = &new.completes {
                self.complete(completion, new.image.created_at, clock);
            }
        }
        let inserted = images.iter().map(|new| self.insert(new.image.clone()));
        Ok(inserted.collect())
    }

    fn insert(&mut self, mut image: Image) -> BlobRef {
        image.blob = self.refer(&image.owner, image.sha256, &image.blob);
        let blob = image.blob.clone();
        self.images.insert(image.id, image);
        blob
    }
}
