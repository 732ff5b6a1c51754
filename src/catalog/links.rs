//! Named links: signed URLs that are recorded, so that each can be revoked by itself. They go with
//! their image, and when all links of the image are revoked
//! ([`Images::revoke_links`](super::Images::revoke_links)).

use async_trait::async_trait;
use uuid::Uuid;

use super::CatalogError;
use crate::model::{Image, NamedLink, Timestamp, Variant};

/// A link to be recorded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLink {
    /// The link.
    pub link: NamedLink,
    /// How often the links of its image had been revoked when it was made.
    pub epoch: u64,
}

/// Named links.
#[async_trait]
pub trait Links: Send + Sync {
    /// Records links that are created at `now`: each whose image exists, has its epoch, and would
    /// not have more than `most` links. Returns the ids of those that were recorded.
    async fn create_links(
        &self,
        new: &[NewLink],
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<Uuid>, CatalogError>;

    /// Returns the links of an image that have not expired at `now`, newest first.
    async fn links_of(&self, image: Uuid, now: Timestamp) -> Result<Vec<NamedLink>, CatalogError>;

    /// Finds the image and variants as
    /// [`Variants::find_with_variants`](super::Variants::find_with_variants) does, and whether the
    /// image has this link: all in one read.
    async fn find_linked(
        &self,
        id: Uuid,
        link: Uuid,
        transforms: &[String],
    ) -> Result<Option<(Image, Vec<Variant>, bool)>, CatalogError>;

    /// Revokes a link of an image that belongs to `owner` (if given). Returns whether it did.
    async fn revoke_link(
        &self,
        image: Uuid,
        link: Uuid,
        owner: Option<&str>,
    ) -> Result<bool, CatalogError>;

    /// Deletes the records of links that had expired at `at`.
    async fn forget_links(&self, at: Timestamp) -> Result<(), CatalogError>;
}
