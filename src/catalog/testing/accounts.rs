//! Accounts of the maps: recounted each time, so that no count is ever wrong.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{Blob, MemoryCatalog, State, items};
use crate::catalog::{
    Accounts, BlobCount, CatalogError, Miscount, OwnerUsage, Statistics, VariantCount,
};
use crate::model::{Image, Timestamp, Usage};

#[async_trait]
impl Accounts for MemoryCatalog {
    async fn usage(&self, owner: &str) -> Result<Usage, CatalogError> {
        self.read(|state| state.kept(owner)).await
    }

    async fn statistics(&self, owners: u32) -> Result<Statistics, CatalogError> {
        self.read(|state| state.statistics(owners)).await
    }

    async fn miscounts(&self, _limit: u32) -> Result<Vec<Miscount>, CatalogError> {
        self.read(|_| Vec::new()).await
    }

    async fn recount_usage(&self) -> Result<(), CatalogError> {
        self.write(|_, _| Ok(())).await
    }
}

impl State {
    /// What an owner keeps.
    pub(super) fn kept(&self, owner: &str) -> Usage {
        let images = self.images.values();
        let images = charges(images.filter(|image| image.owner == owner));
        let reserved = self.reserved(owner);
        let bytes = images.bytes.saturating_add(self.keys.kept(owner));
        Usage {
            images: images.images + reserved.images,
            bytes: bytes.saturating_add(reserved.bytes),
        }
    }

    fn statistics(&self, owners: u32) -> Statistics {
        let is_dead = |record: &&Blob| record.refs == 0;
        let live = self.blobs.values().filter(|record| record.refs > 0);
        let dead = self.blobs.values().filter(is_dead);
        let closed = Timestamp::default();
        let expiries = self.leases.values().map(|lease| lease.expires_at);
        let expiries = expiries.filter(|expires_at| *expires_at > closed);
        Statistics {
            images: sizes(self.images.values()),
            live: count(live),
            dead: count(dead.clone()),
            oldest_death: dead.filter_map(|record| record.died_at).min(),
            variants: VariantCount {
                variants: self.variants.variants.len() as u64,
                bytes: self.variants.bytes(),
            },
            leases: self.leases.len() as u64,
            oldest_expiry: expiries.min(),
            owners: self.largest_owners(owners),
        }
    }

    fn largest_owners(&self, most: u32) -> Vec<OwnerUsage> {
        let mut images: BTreeMap<&str, Vec<&Image>> = BTreeMap::new();
        for image in self.images.values() {
            images.entry(&image.owner).or_default().push(image);
        }
        let mut owners: Vec<OwnerUsage> = images
            .into_iter()
            .map(|(owner, images)| OwnerUsage {
                owner: owner.to_owned(),
                usage: charges(images.into_iter()),
            })
            .collect();
        owners.sort_by(|a, b| (b.usage.bytes, &b.owner).cmp(&(a.usage.bytes, &a.owner)));
        owners.truncate(items(most));
        owners
    }
}

/// What these images add up to, with everything that counts.
fn charges<'a>(images: impl Iterator<Item = &'a Image>) -> Usage {
    images.fold(Usage::default(), |sum, image| Usage {
        images: sum.images + 1,
        bytes: sum.bytes.saturating_add(image.charge()),
    })
}

/// How many images these are, and the sum of their sizes.
fn sizes<'a>(images: impl Iterator<Item = &'a Image>) -> Usage {
    images.fold(Usage::default(), |sum, image| Usage {
        images: sum.images + 1,
        bytes: sum.bytes.saturating_add(image.blob.size),
    })
}

/// The number of these blobs and the sum of their lengths.
fn count<'a>(records: impl Iterator<Item = &'a Blob>) -> BlobCount {
    records.fold(BlobCount::default(), |sum, record| BlobCount {
        blobs: sum.blobs + 1,
        bytes: sum.bytes.saturating_add(record.blob.size),
    })
}
