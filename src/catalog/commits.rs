//! Commits: uploaded files become images.

use async_trait::async_trait;

use super::{AnswerRecord, CatalogError};
use crate::model::{BlobRef, Image, Quota, Timestamp, Usage};

/// An image to be committed, and the lease under which its blob was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewImage {
    /// The image.
    pub image: Image,
    /// The lease's id.
    pub lease: String,
    /// The id of the upload ticket that it comes by. A ticket is used once.
    pub ticket: Option<String>,
    /// What is recorded with it, by one image of a call: what its request is answered.
    pub answer: Option<AnswerRecord>,
}

impl NewImage {
    /// What these images, and the answers that they bring, count of their owner's quota.
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
    /// Adds images of one owner, all or none, and gives for each the blob that it
    /// refers to now, in the same order: its own, or an older one of the same owner
    /// with the same SHA-256. Images in one call with equal content must name equal
    /// blobs. Fails with [`CatalogError::LeaseExpired`] if a lease is not in
    /// force at `now`, with [`CatalogError::TicketSpent`] if a ticket was used
    /// before, also by another image of the same call, with
    /// [`CatalogError::ClaimLost`] if an answer comes without its key, and with
    /// [`CatalogError::QuotaExceeded`] if the owner would then keep more than `quota`.
    async fn commit(
        &self,
        images: &[NewImage],
        quota: Quota,
        now: Timestamp,
    ) -> Result<Vec<BlobRef>, CatalogError>;
}
