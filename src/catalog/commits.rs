//! Commits: uploaded files become images.

use async_trait::async_trait;

use super::{AnswerRecord, CatalogError, Completion};
use crate::model::{BlobRef, Image, Quota, Timestamp, Usage};

/// An image to be committed, and the lease under which its blob was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewImage {
    /// The image.
    pub image: Image,
    /// The lease's id.
    pub lease: String,
    /// The answer to the request, which one image of a call carries, to be recorded with it.
    pub answer: Option<AnswerRecord>,
    /// The resumable upload that becomes this image, to be completed with it.
    pub completes: Option<Completion>,
}

impl NewImage {
    /// How much these images, and the answers that they carry, count towards the quota.
    pub(super) fn charges(images: &[Self]) -> Usage {
        let charge = |new: &Self| {
            let answer = new.answer.as_ref().map_or(0, AnswerRecord::charge);
            new.image.charge().saturating_add(answer)
        };
        Usage {
            images: images.len() as u64,
            bytes: images.iter().map(charge).fold(0, u64::saturating_add),
        }
    }
}

/// Commits: uploaded files become images.
#[async_trait]
pub trait Commits: Send + Sync {
    /// Adds images of one owner, all or none, and returns for each the blob that it
    /// now refers to, in the same order: its own, or an older one of the same owner
    /// with the same SHA-256. Images in one call with equal content must refer to equal
    /// blobs. Fails with [`CatalogError::LeaseExpired`] if a lease is not in
    /// force at `now`, with [`CatalogError::TicketSpent`] if a ticket allows
    /// fewer images, those of the same call included, with [`CatalogError::TicketRevoked`], with
    /// [`CatalogError::ClaimLost`] if an answer's claim does not hold its key, with
    /// [`CatalogError::UploadMoved`] if a resumable upload is not where its completion begins,
    /// and with [`CatalogError::QuotaExceeded`] if the owner would then keep more than `quota`.
    /// What a completed upload had reserved does not count.
    async fn commit(
        &self,
        images: &[NewImage],
        quota: Quota,
        now: Timestamp,
    ) -> Result<Vec<BlobRef>, CatalogError>;
}
