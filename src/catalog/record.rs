//! The records that the catalog keeps besides images.

use super::NewAnswer;
use crate::model::{BlobId, BlobRef, Image, Sha256, Timestamp, Usage};

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
    pub answer: Option<NewAnswer>,
}

impl NewImage {
    /// What these images, and the answers that they bring, count of their owner's quota.
    pub(super) fn charges(images: &[Self]) -> Usage {
        let charge = |new: &Self| {
            let answer = new.answer.as_ref().map_or(0, NewAnswer::charge);
            new.image.charge().saturating_add(answer)
        };
        Usage {
            images: images.len() as u64,
            bytes: images.iter().map(charge).fold(0, u64::saturating_add),
        }
    }
}

/// A blob that the catalog has a record of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordedBlob {
    /// The blob.
    pub blob: BlobRef,
    /// Of its bytes.
    pub sha256: Sha256,
}

/// The right to write blobs under the ids `{id}.0` to `{id}.{capacity - 1}`
/// until `expires_at`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lease {
    /// Letters and digits.
    pub id: String,
    /// How many blob ids it holds.
    pub capacity: u32,
    /// Nothing is committed under it from this time on.
    pub expires_at: Timestamp,
}

impl Lease {
    /// The blob id with this number. `None` past the capacity, or if the lease's
    /// own id has other than letters and digits.
    pub fn blob_id(&self, number: u32) -> Option<BlobId> {
        (number < self.capacity)
            .then(|| BlobId::new(format!("{}.{number}", self.id)))
            .flatten()
    }
}
