//! Access by signed URLs.

use uuid::Uuid;

use super::{Found, Service, ServiceError, Wanted};
use crate::auth::Grant;
use crate::auth::link::VerifiedLink;

impl Service {
    /// Finds the image that a verified link was made for, and what is wanted of it, unless its
    /// links have been revoked since.
    pub async fn find_linked(
        &self,
        id: Uuid,
        link: VerifiedLink,
        wanted: &Wanted,
    ) -> Result<Found, ServiceError> {
        let found = self.look_up(id, wanted).await?;
        if found.image.link_epoch == link.epoch {
            Ok(found)
        } else {
            Err(ServiceError::LinkRevoked)
        }
    }

    /// Revokes every link made so far for an image that `grant` reaches.
    pub async fn revoke_links(&self, grant: &Grant, id: Uuid) -> Result<(), ServiceError> {
        if self.catalog().revoke_links(id, grant.confined_to()).await? {
            Ok(())
        } else {
            Err(ServiceError::NotFound)
        }
    }
}
