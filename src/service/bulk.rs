//! Operations on many images at once. Each image is treated as if it were the only one.

use uuid::Uuid;

use super::{Service, ServiceError};
use crate::auth::Grant;
use crate::model::Image;

impl Service {
    /// Finds those of the images that `grant` reaches, in no particular order.
    pub async fn find_many(&self, grant: &Grant, ids: &[Uuid]) -> Result<Vec<Image>, ServiceError> {
        let mut images = self.catalog().find_many(ids).await?;
        images.retain(|image| grant.reaches(&image.owner));
        Ok(images)
    }

    /// Deletes those of the images that `grant` reaches, in one statement. Returns their ids, in
    /// no particular order.
    pub async fn delete_many(
        &self,
        grant: &Grant,
        ids: &[Uuid],
    ) -> Result<Vec<Uuid>, ServiceError> {
        let owner = grant.confined_to();
        let deleted = self.catalog().delete_many(ids, owner).await?;
        self.sweep_in_background();
        Ok(deleted)
    }
}
