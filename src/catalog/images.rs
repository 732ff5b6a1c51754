//! Images, one by one.

use async_trait::async_trait;
use uuid::Uuid;

use super::CatalogError;
use crate::model::{Image, Quota, Timestamp};

/// Images, one by one. [`Commits`](super::Commits) adds them, and
/// [`Listings`](super::Listings) reads many.
#[async_trait]
pub trait Images: Send + Sync {
    /// The image, whoever owns it.
    async fn find(&self, id: Uuid) -> Result<Option<Image>, CatalogError>;

    /// Writes the image's file name, visibility, tags, metadata and time of
    /// change, if its time of change is still `unchanged_since`. Whether it did. Fails
    /// with [`CatalogError::QuotaExceeded`] if it makes what the owner keeps larger, and
    /// more than `quota` has bytes.
    async fn update(
        &self,
        image: &Image,
        unchanged_since: Timestamp,
        quota: Quota,
    ) -> Result<bool, CatalogError>;

    /// Raises the image's link epoch, if it is there and `owner` (where given)
    /// has it. Whether it did.
    async fn revoke_links(&self, id: Uuid, owner: Option<&str>) -> Result<bool, CatalogError>;

    /// Deletes an image, if it is there, `owner` (where given) has it, and its time of
    /// change is still `unchanged_since` (where given). Whether it did.
    async fn delete(
        &self,
        id: Uuid,
        owner: Option<&str>,
        unchanged_since: Option<Timestamp>,
    ) -> Result<bool, CatalogError>;
}
