//! Finding images, giving them out and deleting them.

use std::ops::Range;

use futures_util::{StreamExt as _, TryStreamExt as _};
use uuid::Uuid;

use super::{AsSeen, Service, ServiceError};
use crate::auth::Grant;
use crate::blobs::{BlobError, ByteStream};
use crate::catalog::{Image, ListQuery, Position, Visibility};

/// A page of images, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// The images.
    pub images: Vec<Image>,
    /// Where the next page begins; `None` on the last.
    pub next: Option<Position>,
}

impl Service {
    /// The image, if `grant` reaches it. Foreign images are as good as absent.
    pub async fn find(&self, grant: &Grant, id: Uuid) -> Result<Image, ServiceError> {
        let image = self
            .catalog()
            .find(id)
            .await?
            .ok_or(ServiceError::NotFound)?;
        if grant.reaches(&image.owner) {
            Ok(image)
        } else {
            Err(ServiceError::NotFound)
        }
    }

    /// The image, if its bytes may be read: because `grant` reaches it, or by anybody.
    pub async fn find_readable(
        &self,
        grant: Option<&Grant>,
        id: Uuid,
    ) -> Result<Image, ServiceError> {
        let image = self
            .catalog()
            .find(id)
            .await?
            .ok_or(ServiceError::NotFound)?;
        let is_public = image.visibility == Visibility::Public;
        if is_public || grant.is_some_and(|grant| grant.reaches(&image.owner)) {
            Ok(image)
        } else {
            Err(ServiceError::NotFound)
        }
    }

    /// The bytes of `ranges` of an image that was found, one after the other. Damage
    /// that shows only after the first bytes breaks the stream, and is logged.
    pub async fn read(
        &self,
        image: &Image,
        ranges: &[Range<u64>],
    ) -> Result<ByteStream, ServiceError> {
        let stream = self.blobs().read_ranges(&image.blob, ranges).await?;
        let (service, id) = (self.clone(), image.id);
        let log = move |error: &BlobError| {
            service.log(&format!(
                "the transfer of image {id} was broken off: {error}"
            ));
        };
        Ok(stream.inspect_err(log).boxed())
    }

    /// A page of what `grant` reaches.
    pub async fn list(
        &self,
        grant: &Grant,
        after: Option<Position>,
        limit: u32,
    ) -> Result<Page, ServiceError> {
        let query = ListQuery {
            owner: grant.confined_to().map(str::to_owned),
            after,
            // One more than asked for tells whether there is a next page.
            limit: limit.saturating_add(1),
        };
        let mut images = self.catalog().list(&query).await?;
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = images.len() > limit;
        images.truncate(limit);
        let next = images.last().filter(|_| more).map(Image::position);
        Ok(Page { images, next })
    }

    /// Deletes an image, where asked only if it is still as it was seen. Its bytes go
    /// later, when nobody reads them any more.
    pub async fn delete(
        &self,
        grant: &Grant,
        id: Uuid,
        as_seen: Option<&AsSeen<'_>>,
    ) -> Result<(), ServiceError> {
        let owner = grant.confined_to();
        match as_seen {
            None if self.catalog().delete(id, owner, None).await? => {}
            None => return Err(ServiceError::NotFound),
            Some(as_seen) => loop {
                let image = self.find(grant, id).await?;
                if !as_seen(&image) {
                    return Err(ServiceError::Changed);
                }
                let unchanged_since = Some(image.updated_at);
                if self.catalog().delete(id, owner, unchanged_since).await? {
                    break;
                }
            },
        }
        self.sweep_in_background();
        Ok(())
    }
}
