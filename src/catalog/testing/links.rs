//! Named links, in a map.

use async_trait::async_trait;
use uuid::Uuid;

use super::{MemoryCatalog, State, items};
use crate::catalog::{CatalogError, Links, NewLink};
use crate::model::{Image, NamedLink, Timestamp, Variant};

#[async_trait]
impl Links for MemoryCatalog {
    async fn create_links(
        &self,
        new: &[NewLink],
        most: u32,
        now: Timestamp,
    ) -> Result<Vec<Uuid>, CatalogError> {
        self.write(|state, _| {
            let mut created = Vec::new();
            for NewLink { link, epoch } in new {
                let image = state.images.get(&link.image);
                let is_current = image.is_some_and(|image| image.link_epoch == *epoch);
                if is_current && state.links_of(link.image, now).len() < items(most) {
                    state.links.insert(link.id, link.clone());
                    created.push(link.id);
                }
            }
            Ok(created)
        })
        .await
    }

    async fn links_of(&self, image: Uuid, now: Timestamp) -> Result<Vec<NamedLink>, CatalogError> {
        self.read(|state| state.links_of(image, now)).await
    }

    async fn find_linked(
        &self,
        id: Uuid,
        link: Uuid,
        transforms: &[String],
    ) -> Result<Option<(Image, Vec<Variant>, bool)>, CatalogError> {
        self.read(|state| {
            let (image, variants) = state.find_with_variants(id, transforms)?;
            let link = state.links.get(&link);
            let is_of_image = link.is_some_and(|link| link.image == id);
            Some((image, variants, is_of_image))
        })
        .await
    }

    async fn revoke_link(
        &self,
        image: Uuid,
        link: Uuid,
        owner: Option<&str>,
    ) -> Result<bool, CatalogError> {
        self.write(|state, _| {
            let image = state.images.get(&image);
            let image = image.filter(|image| owner.is_none_or(|owner| owner == image.owner));
            let known = state.links.get(&link);
            let is_revoked = image
                .zip(known)
                .is_some_and(|(image, known)| image.id == known.image);
            if is_revoked {
                state.links.remove(&link);
            }
            Ok(is_revoked)
        })
        .await
    }

    async fn forget_links(&self, at: Timestamp) -> Result<(), CatalogError> {
        self.write(|state, _| {
            state.links.retain(|_, link| link.expires_at > at);
            Ok(())
        })
        .await
    }
}

impl State {
    fn links_of(&self, image: Uuid, now: Timestamp) -> Vec<NamedLink> {
        let links = self.links.values();
        let links = links.filter(|link| link.image == image && link.expires_at > now);
        let mut links: Vec<NamedLink> = links.cloned().collect();
        links.sort_by_key(|link| (link.created_at, link.id));
        links.reverse();
        links
    }

    pub(super) fn remove_links_of(&mut self, image: Uuid) {
        self.links.retain(|_, link| link.image != image);
    }
}
