//! Access by signed URLs.

use uuid::Uuid;

use super::{Found, Service, ServiceError, Wanted};
use crate::auth::Grant;
use crate::auth::link::VerifiedLink;

impl Service {
    /// Finds the image that a verified link was made for, and what is wanted of it, unless the
    /// link has been revoked since, or all links of the image.
    pub async fn find_linked(
        &self,
        id: Uuid,
        link: VerifiedLink,
        wanted: &Wanted,
    ) -> Result<Found, ServiceError> {
        let (found, is_listed) = match link.id {
            Some(link) => self.look_up_linked(id, link, wanted).await?,
            None => (self.look_up(id, wanted).await?, true),
        };
        if is_listed && found.image.link_epoch == link.epoch {
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
