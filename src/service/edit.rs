//! Editing: what an owner may change of an image.

use std::collections::BTreeMap;

use uuid::Uuid;

use super::fields::{self, FieldError};
use super::{AsSeen, Service, ServiceError};
use crate::auth::Grant;
use crate::model::{Image, Quota, Timestamp, Visibility};

/// What is to be changed. A field that is `None` stays; `Some(None)` sets it back
/// to what a new image has (RFC 7396: `null`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Patch {
    /// The file name.
    pub filename: Option<Option<String>>,
    /// All tags.
    pub tags: Option<Option<Vec<String>>>,
    /// Who may read the bytes without a token.
    pub visibility: Option<Option<Visibility>>,
    /// Members of the metadata: a value sets one, `None` removes it.
    pub metadata: Option<Option<BTreeMap<String, Option<String>>>>,
}

impl Patch {
    /// Makes the changes.
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
    /// A field cannot be so.
    #[error(transparent)]
    Field(#[from] FieldError),
    /// The image is not there, or a store failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl Service {
    /// Changes an image that `grant` reaches, within what its owner may keep, where asked
    /// only if it is still as it was seen, and gives what it is then. Changes by others at the same time are kept:
    /// the patch is made again on what they left.
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
            // Later than before even if the clock is not: it tells changes apart.
            let next = Timestamp::from_millis(seen.millis() + 1);
            image.updated_at = self.now().max(next);
            // A quota is that of the token's owner: an admin is not held to it elsewhere.
            let ours = image.owner == grant.owner;
            let quota = if ours { quota } else { Quota::default() };
            let updated = self.catalog().update(&image, seen, quota).await;
            if updated.map_err(ServiceError::from)? {
                return Ok(image);
            }
        }
    }
}
