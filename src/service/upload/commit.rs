//! The commit: one statement turns all files into images, or none.

use std::collections::HashMap;

use super::idempotency::Answering;
use super::ids::ids_at;
use super::intake::Received;
use super::{Attributes, Service, ServiceError, UploadTerms};
use crate::catalog::{CatalogError, Completion, NewImage};
use crate::model::{BlobRef, Image, Sha256, Timestamp};
use crate::platform::Platform;
use uuid::Uuid;

/// The resumable upload that an image completes, and the id of the image.
pub(in crate::service) struct Completes {
    pub(in crate::service) image: Uuid,
    pub(in crate::service) completion: Completion,
}

impl Service {
    /// Turns all `files` into images, or none, and records the answer to the request under
    /// its key. Files that are not committed are deleted; where that is uncertain, they are
    /// left to the sweep.
    pub(super) async fn commit(
        &self,
        terms: &UploadTerms,
        files: Vec<Received>,
        attributes: &Attributes,
        answering: Option<Answering>,
        completes: Option<Completes>,
    ) -> Result<Vec<Image>, ServiceError> {
        let now = self.now();
        let written: Vec<BlobRef> = files.iter().map(|file| file.blob.clone()).collect();
        let mut new = new_images(&**self.platform(), terms, files, attributes, now);
        if let Some(answering) = answering {
            let answer = answering.record(new.iter().map(|new| &new.image), now);
            if let Some(first) = new.first_mut() {
                first.answer = Some(answer);
            }
        }
        if let (Some(completes), Some(first)) = (completes, new.first_mut()) {
            first.image.id = completes.image;
            first.completes = Some(completes.completion);
        }
        let committed = self.catalog().commit(&new, terms.quota, now).await;
        match self.find_out(committed, || self.committed(&new)).await {
            Ok(used) => {
                let unused = written.into_iter().filter(|blob| !used.contains(blob));
                self.delete_in_background(unused.collect());
                self.sweep_in_background();
                let images = new.into_iter().zip(used);
                let images = images.map(|(new, blob)| Image { blob, ..new.image });
                let images: Vec<Image> = images.collect();
                self.derive_eagerly(&images);
                Ok(images)
            }
            Err(error) => {
                if matches!(
                    error,
                    CatalogError::TicketSpent
                        | CatalogError::TicketRevoked
                        | CatalogError::ClaimLost
                        | CatalogError::UploadMoved
                        | CatalogError::LeaseExpired
                        | CatalogError::QuotaExceeded(_)
                ) {
                    self.delete_in_background(written);
                }
                // Otherwise the commit may have been made, or may still be: the bytes stay
                // until their lease ends, after which the commit can no longer be made.
                Err(error.into())
            }
        }
    }

    /// Looks for the images of a commit, and returns their blobs. One that has been deleted since
    /// counts as if it had its own.
    async fn committed(&self, new: &[NewImage]) -> Result<Option<Vec<BlobRef>>, CatalogError> {
        let ids: Vec<Uuid> = new.iter().map(|new| new.image.id).collect();
        let found = self.catalog().find_many(&ids).await?.into_iter();
        let mut found: HashMap<Uuid, BlobRef> = found.map(|image| (image.id, image.blob)).collect();
        if found.is_empty() {
            return Ok(None);
        }
        let blobs = new.iter().map(|NewImage { image, .. }| {
            let found = found.remove(&image.id);
            found.unwrap_or_else(|| image.blob.clone())
        });
        Ok(Some(blobs.collect()))
    }
}

/// Returns the images of these files, in the same order. Files with equal content share
/// the blob of the first.
fn new_images(
    platform: &dyn Platform,
    terms: &UploadTerms,
    files: Vec<Received>,
    attributes: &Attributes,
    now: Timestamp,
) -> Vec<NewImage> {
    let mut known: HashMap<Sha256, BlobRef> = HashMap::new();
    let with_ids = ids_at(platform, now, files.len()).zip(files);
    let new = with_ids.map(|(id, mut file)| {
        let first = known.entry(file.sha256).or_insert(file.blob);
        file.blob = first.clone();
        NewImage {
            lease: file.lease.clone(),
            answer: None,
            completes: None,
            image: file.into_image(id, terms, attributes, now),
        }
    });
    new.collect()
}
