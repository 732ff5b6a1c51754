//! Editing: the parts of an image that its owner may change.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::fields::{self, FieldError};
use super::{AsSeen, Service, ServiceError};
use crate::auth::Grant;
use crate::model::{Image, Quota, Timestamp, Visibility};

/// The changes to make. A field that is `None` stays as it is; `Some(None)` resets it to
/// the default of a new image (RFC 7396: `null`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// The file name.
    pub filename: Option<Option<String>>,
    /// All tags.
    pub tags: Option<Option<Vec<String>>>,
    /// Who may read the bytes without a token.
    pub visibility: Option<Option<Visibility>>,
    /// Members of the metadata: `Some` sets a member, `None` removes it.
    pub metadata: Option<Option<BTreeMap<String, Option<String>>>>,
}

impl Patch {
    /// Applies the changes.
    fn apply(&self, image: &mut Image) -> Result<(), FieldError> {
        if let Some(name) = &self.filename {
            image.filename = name.as_deref().map(fields::filename).transpose()?;
        }
        if let Some(tags) = &self.tags {
            let tags = tags.as_deref().unwrap_or_default();
            image.tags = fields::tags(tags.iter().map(String::as_str))?;
        }
        if let Some(visibility) = self.visibility {
            image.visibility = visibility.unwrap_or_default();
        }
        match &self.metadata {
            None => {}
            Some(None) => image.metadata.clear(),
            Some(Some(members)) => {
                let mut metadata = std::mem::take(&mut image.metadata);
                for (name, value) in members {
                    match value {
                        Some(value) => metadata.insert(name.clone(), value.clone()),
                        None => metadata.remove(name),
                    };
                }
                image.metadata = fields::metadata(metadata)?;
            }
        }
        Ok(())
    }
}

/// Why an edit was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// A field has an invalid value.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The image does not exist, or a store failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl Service {
    /// Changes an image that `grant` reaches, within its owner's quota, and returns the
    /// changed image; if `as_seen` is given, only if it accepts the current image.
    /// Concurrent changes are kept: the patch is applied again to their result.
    pub async fn edit(
        &self,
        grant: &Grant,
        id: Uuid,
        patch: &Patch,
        quota: Quota,
        as_seen: Option<&AsSeen<'_>>,
    ) -> Result<Image, EditError> {
        loop {
            let mut image = self.find(grant, id).await?;
            if as_seen.is_some_and(|as_seen| !as_seen(&image)) {
                return Err(ServiceError::Changed.into());
            }
            let seen = image.updated_at;
            patch.apply(&mut image)?;
            // Always later than the previous time, even if the clock is not: it
            // distinguishes changes.
            let next = Timestamp::from_millis(seen.millis() + 1);
            image.updated_at = self.now().max(next);
            // The quota is that of the token's owner: it does not apply to an admin's edit
            // of another owner's image.
            let ours = image.owner == grant.owner;
            let quota = if ours { quota } else { Quota::default() };
            let updated = self.catalog().update(&image, seen, quota).await;
            let look = || async {
                let found = self.catalog().find(id).await?;
                let is_ours = |found: &Image| found.updated_at == image.updated_at;
                Ok(found.filter(is_ours).map(|_| true))
            };
            let updated = self.find_out(updated, look).await;
            if updated.map_err(ServiceError::from)? {
                return Ok(image);
            }
        }
    }
}
