//! Access by signed URLs.

use uuid::Uuid;

use super::{Service, ServiceError};
use crate::auth::Grant;
use crate::auth::link::VerifiedLink;
use crate::model::Image;

impl Service {
    /// Finds the image that a verified link was made for, unless its links have been revoked
    /// since.
    pub async fn find_linked(&self, id: Uuid, link: VerifiedLink) -> Result<Image, ServiceError> {
        let image = self
            .catalog()
            .find(id)
            .await?
            .ok_or(ServiceError::NotFound)?;
        if image.link_epoch == link.epoch {
            Ok(image)
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
