//! Named links: recorded when they are made, listed, revoked one by one.

use std::collections::{BTreeSet, HashMap};

use uuid::Uuid;

use super::{Service, ServiceError};
use crate::auth::Grant;
use crate::catalog::{CatalogError, NewLink as NewRecord};
use crate::model::{Image, NamedLink, Timestamp};
use crate::platform;

/// The most named links of an image that have not expired.
pub const MAX_NAMED_LINKS: u32 = 100;

/// How often links are made again whose image has had all its links revoked meanwhile.
const ATTEMPTS: u32 = 3;

/// A named link to be made.
#[derive(Clone, Debug)]
pub struct NewLink {
    /// The image that it opens, which the caller reaches.
    pub image: Image,
    /// Its name.
    pub name: String,
    /// What it opens, in a form that only the caller knows.
    pub terms: String,
    /// From when on it is refused.
    pub expires_at: Timestamp,
}

/// The outcome for a link: its record, and the image as it was then.
pub type CreatedLink = Result<(Image, NamedLink), ServiceError>;

impl Service {
    /// Makes named links, and returns the outcome for each, in the same order:
    /// [`ServiceError::NotFound`] if its image is gone, [`ServiceError::TooManyLinks`], or a link.
    pub async fn create_links(&self, new: Vec<NewLink>) -> Result<Vec<CreatedLink>, ServiceError> {
        let now = self.now();
        let limit = MAX_NAMED_LINKS;
        let mut outcomes: Vec<CreatedLink> = Vec::with_capacity(new.len());
        for NewLink {
            image,
            name,
            terms,
            expires_at,
        } in new
        {
            let link = NamedLink {
                id: platform::new_id(&**self.platform()),
                image: image.id,
                name,
                terms,
                created_at: now,
                expires_at,
            };
            outcomes.push(Ok((image, link)));
        }
        let mut left: Vec<usize> = (0..outcomes.len()).collect();
        for _ in 0..ATTEMPTS {
            let records = left.iter().filter_map(|index| record(&outcomes[*index]));
            let records: Vec<NewRecord> = records.collect();
            let made = self.catalog().create_links(&records, limit, now).await;
            let made = self.find_out(made, || self.made(&records, now)).await?;
            left.retain(|index| match &outcomes[*index] {
                Ok((_, link)) => !made.contains(&link.id),
                Err(_) => false,
            });
            if left.is_empty() {
                return Ok(outcomes);
            }
            self.explain(&mut outcomes, &mut left).await?;
        }
        for index in left {
            outcomes[index] = Err(ServiceError::LinkRevoked);
        }
        Ok(outcomes)
    }

    /// Looks for links that may have been made. Either none of them has been looked for yet, or
    /// those that could be made were made together.
    async fn made(
        &self,
        records: &[NewRecord],
        now: Timestamp,
    ) -> Result<Option<Vec<Uuid>>, CatalogError> {
        let wanted: BTreeSet<Uuid> = records.iter().map(|record| record.link.id).collect();
        let images: BTreeSet<Uuid> = records.iter().map(|record| record.link.image).collect();
        let mut found = Vec::new();
        for image in images {
            let links = self.catalog().links_of(image, now).await?;
            found.extend(links.into_iter().map(|link| link.id));
        }
        found.retain(|id| wanted.contains(id));
        Ok((!found.is_empty()).then_some(found))
    }

    /// Finds out why the links that are `left` were not made. Those stay whose image has had its
    /// links revoked since it was read: they have the image as it is now.
    async fn explain(
        &self,
        outcomes: &mut [CreatedLink],
        left: &mut Vec<usize>,
    ) -> Result<(), ServiceError> {
        let of = |index: &usize| outcomes[*index].as_ref().ok().map(|(image, _)| image.id);
        let ids: Vec<Uuid> = left.iter().filter_map(of).collect();
        let images = self.catalog().find_many(&ids).await?.into_iter();
        let images: HashMap<Uuid, Image> = images.map(|image| (image.id, image)).collect();
        left.retain(|index| {
            let outcome = &mut outcomes[*index];
            let Ok((image, _)) = outcome else {
                return false;
            };
            match images.get(&image.id) {
                Some(now) if now.link_epoch != image.link_epoch => {
                    image.clone_from(now);
                    return true;
                }
                Some(_) => {
                    let limit = MAX_NAMED_LINKS;
                    *outcome = Err(ServiceError::TooManyLinks { limit });
                }
                None => *outcome = Err(ServiceError::NotFound),
            }
            false
        });
        Ok(())
    }

    /// Returns the named links of an image that `grant` reaches, newest first, and the image.
    pub async fn links(
        &self,
        grant: &Grant,
        image: Uuid,
    ) -> Result<(Image, Vec<NamedLink>), ServiceError> {
        let image = self.find(grant, image).await?;
        let links = self.catalog().links_of(image.id, self.now()).await?;
        Ok((image, links))
    }

    /// Revokes a named link of an image that `grant` reaches.
    pub async fn revoke_link(
        &self,
        grant: &Grant,
        image: Uuid,
        link: Uuid,
    ) -> Result<(), ServiceError> {
        let owner = grant.confined_to();
        let revoked = self.catalog().revoke_link(image, link, owner).await;
        let look = || async {
            let left = self
                .catalog()
                .links_of(image, Timestamp::from_millis(0))
                .await?;
            let is_gone = left.iter().all(|left| left.id != link);
            Ok(is_gone.then_some(true))
        };
        match self.find_out(revoked, look).await? {
            true => Ok(()),
            false => Err(ServiceError::NoSuchLink),
        }
    }
}

fn record(outcome: &CreatedLink) -> Option<NewRecord> {
    let (image, link) = outcome.as_ref().ok()?;
    Some(NewRecord {
        link: link.clone(),
        epoch: image.link_epoch,
    })
}
