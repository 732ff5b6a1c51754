//! Finding, serving and deleting images.

use std::ops::Range;

use futures_util::{StreamExt as _, TryStreamExt as _};
use uuid::Uuid;

use super::verify::verified;
use super::{AsSeen, Found, Service, ServiceError, Wanted};
use crate::auth::Grant;
use crate::blobs::{BlobError, ByteStream};
use crate::catalog::CatalogError;
use crate::model::{
    BlobRef, Filters, Image, Kind, ListQuery, Page, Position, Sha256, Sort, Timestamp, Variant,
    Visibility,
};

/// The most images that are examined for a page. Where filters match a smaller share than
/// one in this many, a page may be empty although it is not the last.
const SCAN: u32 = 1000;

/// A request for a list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// Only images of this owner. The images in reach may be fewer.
    pub owner: Option<String>,
    /// Only images that match.
    pub filters: Filters,
    /// The order of the images.
    pub sort: Sort,
    /// The place where the previous page ended.
    pub after: Option<Position>,
    /// The most images on the page.
    pub limit: u32,
}

/// Bytes that can be served: those of an image, or of a variant of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// The image.
    pub image: Uuid,
    /// Where the bytes are, and how many there are.
    pub blob: BlobRef,
    /// Their SHA-256.
    pub sha256: Sha256,
    /// Their format.
    pub kind: Kind,
    /// Since when they have existed. They never change.
    pub since: Timestamp,
}

impl Content {
    /// The content of an image itself.
    pub fn of(image: &Image) -> Self {
        Self {
            image: image.id,
            blob: image.blob.clone(),
            sha256: image.sha256,
            kind: image.kind,
            since: image.created_at,
        }
    }

    /// The content of a variant of an image.
    pub(super) fn of_variant(image: &Image, variant: Variant) -> Self {
        Self {
            image: image.id,
            blob: variant.blob,
            sha256: variant.sha256,
            kind: variant.kind,
            since: variant.created_at,
        }
    }
}

impl Service {
    /// Finds the image, if `grant` reaches it. Images of other owners are treated as absent.
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

    /// Finds the image and what is wanted of it, if its bytes may be read: because `grant`
    /// reaches it or it is public.
    pub async fn find_readable(
        &self,
        grant: Option<&Grant>,
        id: Uuid,
        wanted: &Wanted,
    ) -> Result<Found, ServiceError> {
        let found = self.look_up(id, wanted).await?;
        let is_public = found.image.visibility == Visibility::Public;
        if is_public || grant.is_some_and(|grant| grant.reaches(&found.image.owner)) {
            Ok(found)
        } else {
            Err(ServiceError::NotFound)
        }
    }

    /// Reads the bytes of `ranges` of a content, one range after the other. Damage that shows
    /// only after the first bytes breaks off the stream and is logged.
    pub async fn read(
        &self,
        content: &Content,
        ranges: &[Range<u64>],
    ) -> Result<ByteStream, ServiceError> {
        let blob = &content.blob;
        let mut stream = self.blobs().read_ranges(blob, ranges).await?;
        if self.settings().stores.verify_downloads
            && matches!(ranges, [all] if *all == (0..blob.size))
        {
            stream = verified(stream, blob.id.clone(), content.sha256);
        }
        let (service, id) = (self.clone(), content.image);
        let log = move |error: &BlobError| {
            service.log(&format!("the transfer of image {id} broke off: {error}"));
        };
        Ok(stream.inspect_err(log).boxed())
    }

    /// Returns a page of the images that `grant` reaches.
    pub async fn list(&self, grant: &Grant, request: ListRequest) -> Result<Page, ServiceError> {
        let query = ListQuery {
            owner: grant.confined_to().map(str::to_owned).or(request.owner),
            filters: request.filters,
            sort: request.sort,
            after: request.after,
            limit: request.limit,
            scan: SCAN,
        };
        Ok(self.catalog().list(&query).await?)
    }

    /// Deletes an image; if `as_seen` is given, only if it accepts the current image. The
    /// bytes are deleted later, when nobody is reading them any more.
    pub async fn delete(
        &self,
        grant: &Grant,
        id: Uuid,
        as_seen: Option<&AsSeen<'_>>,
    ) -> Result<(), ServiceError> {
        let owner = grant.confined_to();
        match as_seen {
            None if self.delete_unless_changed(id, owner, None).await? => {}
            None => return Err(ServiceError::NotFound),
            Some(as_seen) => loop {
                let image = self.find(grant, id).await?;
                if !as_seen(&image) {
                    return Err(ServiceError::Changed);
                }
                let unchanged_since = Some(image.updated_at);
                if self
                    .delete_unless_changed(id, owner, unchanged_since)
                    .await?
                {
                    break;
                }
            },
        }
        self.sweep_in_background();
        Ok(())
    }

    async fn delete_unless_changed(
        &self,
        id: Uuid,
        owner: Option<&str>,
        unchanged_since: Option<Timestamp>,
    ) -> Result<bool, CatalogError> {
        let deleted = self.catalog().delete(id, owner, unchanged_since).await;
        let look = || async {
            let found = self.catalog().find(id).await?;
            Ok(found.is_none().then_some(true))
        };
        self.find_out(deleted, look).await
    }
}
