//! Images, in a map.

use async_trait::async_trait;
use darkroom_transform::Placeholder;
use uuid::Uuid;

use super::{MemoryCatalog, State, items};
use crate::catalog::{CatalogError, Images};
use crate::model::{Image, Quota, Timestamp};

#[async_trait]
impl Images for MemoryCatalog {
    async fn find(&self, id: Uuid) -> Result<Option<Image>, CatalogError> {
        self.read(|state| Some(state.seen(state.images.get(&id)?)))
            .await
    }

    async fn find_many(&self, ids: &[Uuid]) -> Result<Vec<Image>, CatalogError> {
        self.read(|state| {
            let found = state.images.values();
            found
                .filter(|image| ids.contains(&image.id))
                .map(|image| state.seen(image))
                .collect()
        })
        .await
    }

    async fn update(
        &self,
        image: &Image,
        unchanged_since: Timestamp,
        quota: Quota,
    ) -> Result<bool, CatalogError> {
        self.write(|state, _| {
            let known = state.images.get(&image.id);
            let Some(known) = known.filter(|known| known.updated_at == unchanged_since) else {
                return Ok(false);
            };
            let kept = state.kept(&known.owner).bytes;
            quota.admit_growth(kept, known.described(), image.described())?;
            let Some(known) = state.images.get_mut(&image.id) else {
                return Ok(false);
            };
            known.filename.clone_from(&image.filename);
            known.visibility = image.visibility;
            known.tags.clone_from(&image.tags);
            known.metadata.clone_from(&image.metadata);
            known.updated_at = image.updated_at;
            Ok(true)
        })
        .await
    }

    async fn set_placeholder(
        &self,
        id: Uuid,
        placeholder: &Placeholder,
    ) -> Result<(), CatalogError> {
        self.write(|state, _| {
            let image = state.images.get(&id);
            let blob = image.and_then(|image| state.blobs.get_mut(image.blob.id.as_str()));
            if let Some(blob) = blob {
                blob.placeholder.get_or_insert_with(|| placeholder.clone());
            }
            Ok(())
        })
        .await
    }

    async fn revoke_links(&self, id: Uuid, owner: Option<&str>) -> Result<bool, CatalogError> {
        self.write(|state, _| {
            let image = state.images.get_mut(&id);
            let image = image.filter(|image| owner.is_none_or(|owner| owner == image.owner));
            let is_known = image.map(|image| image.link_epoch += 1).is_some();
            if is_known {
                state.remove_links_of(id);
            }
            Ok(is_known)
        })
        .await
    }

    async fn delete(
        &self,
        id: Uuid,
        owner: Option<&str>,
        unchanged_since: Option<Timestamp>,
    ) -> Result<bool, CatalogError> {
        self.write(|state, now| {
            let found = state.images.get(&id).cloned();
            let found = found
                .filter(|image| owner.is_none_or(|owner| owner == image.owner))
                .filter(|image| unchanged_since.is_none_or(|time| time == image.updated_at));
            if let Some(image) = &found {
                state.remove(image, now);
            }
            Ok(found.is_some())
        })
        .await
    }

    async fn delete_many(
        &self,
        ids: &[Uuid],
        owner: Option<&str>,
    ) -> Result<Vec<Uuid>, CatalogError> {
        self.write(|state, now| {
            let is_meant = |image: &&Image| {
                ids.contains(&image.id) && owner.is_none_or(|owner| owner == image.owner)
            };
            let meant = state.images.values().filter(is_meant).cloned().collect();
            Ok(state.remove_all(meant, now))
        })
        .await
    }

    async fn delete_oldest(&self, owner: &str, limit: u32) -> Result<u32, CatalogError> {
        self.write(|state, now| {
            let images = state.images.values();
            let mut ours: Vec<Image> = images
                .filter(|image| image.owner == owner)
                .cloned()
                .collect();
            ours.sort_by_key(|image| (image.created_at, image.id));
            ours.truncate(items(limit));
            let deleted = state.remove_all(ours, now).len();
            Ok(u32::try_from(deleted).unwrap_or(u32::MAX))
        })
        .await
    }
}

impl State {
    fn remove_all(&mut self, images: Vec<Image>, now: Timestamp) -> Vec<Uuid> {
        images.iter().for_each(|image| self.remove(image, now));
        images.into_iter().map(|image| image.id).collect()
    }

    pub(super) fn remove(&mut self, image: &Image, now: Timestamp) {
        self.images.remove(&image.id);
        self.release(image.blob.id.as_str(), now);
        self.remove_variants_of(image.id, now);
        self.remove_links_of(image.id);
    }
}
