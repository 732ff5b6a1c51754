//! Finding images, giving them out and deleting them.

use std::ops::Range;

use futures_util::{StreamExt as _, TryStreamExt as _};
use uuid::Uuid;

use super::verify::verified;
use super::{AsSeen, Service, ServiceError};
use crate::auth::Grant;
use crate::blobs::{BlobError, ByteStream};
use crate::model::{Filters, Image, ListQuery, Page, Position, Sort, Visibility};

/// At most this many images are looked at for a page. Where filters match fewer than
/// one in so many, a page may be empty and yet not the last.
const SCAN: u32 = 1000;

/// What is asked of a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// Only images that match.
    pub filters: Filters,
    /// In this order.
    pub sort: Sort,
    /// After this place, where the page before ended.
    pub after: Option<Position>,
    /// At most this many.
    pub limit: u32,
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
        let mut stream = self.blobs().read_ranges(&image.blob, ranges).await?;
        if self.settings().stores.verify_downloads
            && matches!(ranges, [all] if *all == (0..image.blob.size))
        {
            stream = verified(stream, image.blob.id.clone(), image.sha256);
        }
        let (service, id) = (self.clone(), image.id);
        let log = move |error: &BlobError| {
            service.log(&format!(
                "the transfer of image {id} was broken off: {error}"
            ));
        };
        Ok(stream.inspect_err(log).boxed())
    }

    /// A page of what `grant` reaches.
    pub async fn list(&self, grant: &Grant, request: ListRequest) -> Result<Page, ServiceError> {
        let query = ListQuery {
            owner: grant.confined_to().map(str::to_owned),
            filters: request.filters,
            sort: request.sort,
            after: request.after,
            limit: request.limit,
            scan: SCAN,
        };
        Ok(self.catalog().list(&query).await?)
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
