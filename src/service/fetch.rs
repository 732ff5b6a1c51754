//! Finding images, giving them out and deleting them.

use std::ops::Range;

use uuid::Uuid;

use super::{Service, ServiceError};
use crate::auth::Grant;
use crate::blobs::ByteStream;
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

    /// The bytes of `range` of an image that was found. Damage that shows only
    /// after the first bytes breaks the stream, and is logged.
    pub async fn read(&self, image: &Image, range: Range<u64>) -> Result<ByteStream, ServiceError> {
        let stream = self.blobs().read(&image.blob, range).await;
        stream.map_err(ServiceError::from)
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

    /// Deletes an image. Its bytes go later, when nobody reads them any more.
    pub async fn delete(&self, grant: &Grant, id: Uuid) -> Result<(), ServiceError> {
        if !self.catalog().delete(id, grant.confined_to()).await? {
            return Err(ServiceError::NotFound);
        }
        self.sweep_in_background();
        Ok(())
    }
}
