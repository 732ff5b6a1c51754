//! Images, one by one.

use async_trait::async_trait;
use darkroom_transform::Placeholder;
use uuid::Uuid;

use super::CatalogError;
use crate::model::{Image, Quota, Timestamp};

/// Images, one by one. [`Commits`](super::Commits) adds them, and
/// [`Listings`](super::Listings) reads many.
#[async_trait]
pub trait Images: Send + Sync {
    /// Finds the image, whatever its owner.
    async fn find(&self, id: Uuid) -> Result<Option<Image>, CatalogError>;

    /// Finds the images with these ids, whatever their owners, in no particular order.
    async fn find_many(&self, ids: &[Uuid]) -> Result<Vec<Image>, CatalogError>;

    /// Writes the image's file name, visibility, tags, metadata and time of change, if its
    /// time of change is still `unchanged_since`. Returns whether it did. Fails with
    /// [`CatalogError::QuotaExceeded`] if the update would increase what the owner keeps to
    /// more bytes than `quota` allows.
    async fn update(
        &self,
        image: &Image,
        unchanged_since: Timestamp,
        quota: Quota,
    ) -> Result<bool, CatalogError>;

    /// Stores the placeholder of an image's content, unless the content has one or the image is
    /// gone. It is no change of the image.
    async fn set_placeholder(
        &self,
        id: Uuid,
        placeholder: &Placeholder,
    ) -> Result<(), CatalogError>;

    /// Raises the image's link epoch, and deletes its named links, if the image exists and belongs
    /// to `owner` (if given). Returns whether it did.
    async fn revoke_links(&self, id: Uuid, owner: Option<&str>) -> Result<bool, CatalogError>;

    /// Deletes an image, if it exists, belongs to `owner` (if given), and its time of change
    /// is still `unchanged_since` (if given). Returns whether it did.
    async fn delete(
        &self,
        id: Uuid,
        owner: Option<&str>,
        unchanged_since: Option<Timestamp>,
    ) -> Result<bool, CatalogError>;

    /// Deletes those of the images that exist and belong to `owner` (if given): all of them, or
    /// none if the call fails. Returns their ids, in no particular order.
    async fn delete_many(
        &self,
        ids: &[Uuid],
        owner: Option<&str>,
    ) -> Result<Vec<Uuid>, CatalogError>;

    /// Deletes the owner's oldest images, at most `limit`. Returns how many there were.
    async fn delete_oldest(&self, owner: &str, limit: u32) -> Result<u32, CatalogError>;
}
