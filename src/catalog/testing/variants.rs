//! Variants, in maps.

use std::collections::BTreeMap;

use async_trait::async_trait;
use uuid::Uuid;

use super::{Blob, MemoryCatalog, State, items};
use crate::catalog::variants::MOST_FAILURES;
use crate::catalog::{
    CatalogError, NewVariant, VariantClaim, VariantCommit, VariantState, Variants,
};
use crate::model::{BlobRef, Image, Sha256, Timestamp, Variant};

/// An image and a transform.
type Key = (Uuid, String);

/// What is known of variants.
#[derive(Debug, Default)]
pub(super) struct Records {
    pub(super) variants: BTreeMap<Key, Variant>,
    claims: BTreeMap<Key, (String, Timestamp)>,
    failures: BTreeMap<Sha256, (u32, Timestamp)>,
}

#[async_trait]
impl Variants for MemoryCatalog {
    async fn find_with_variants(
        &self,
        id: Uuid,
        transforms: &[String],
    ) -> Result<Option<(Image, Vec<Variant>)>, CatalogError> {
        self.read(|state| state.find_with_variants(id, transforms))
            .await
    }

    async fn variant_state(
        &self,
        image: Uuid,
        transform: &str,
        now: Timestamp,
    ) -> Result<VariantState, CatalogError> {
        self.read(|state| state.variant_state(image, transform, now))
            .await
    }

    async fn claim_variant(
        &self,
        claim: &VariantClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, CatalogError> {
        self.write(|state, _| {
            let known = state.variant_state(claim.image, &claim.transform, now);
            let is_absent = known == VariantState::Absent;
            if is_absent {
                let held = (claim.id.clone(), until);
                state.variants.claims.insert(key(claim), held);
            }
            Ok(is_absent)
        })
        .await
    }

    async fn release_variant(&self, claim: &VariantClaim) -> Result<(), CatalogError> {
        self.write(|state, _| {
            if state.variants.holds(claim) {
                state.variants.claims.remove(&key(claim));
            }
            Ok(())
        })
        .await
    }

    async fn commit_variant(
        &self,
        new: &NewVariant,
        budget: u64,
        now: Timestamp,
    ) -> Result<VariantCommit, CatalogError> {
        self.write(|state, _| Ok(state.commit_variant(new, budget, now)))
            .await
    }

    async fn count_failure(
        &self,
        image: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), CatalogError> {
        self.write(|state, _| {
            if let Some(image) = state.images.get(&image) {
                let record = state.variants.failures.entry(image.sha256);
                let record = record.or_insert((0, until));
                let before = if record.1 <= now { 0 } else { record.0 };
                *record = (before + 1, until);
            }
            Ok(())
        })
        .await
    }

    async fn touch_variant(
        &self,
        image: Uuid,
        transform: &str,
        at: Timestamp,
    ) -> Result<(), CatalogError> {
        self.write(|state, _| {
            let key = (image, transform.to_owned());
            if let Some(variant) = state.variants.variants.get_mut(&key) {
                variant.used_at = variant.used_at.max(at);
            }
            Ok(())
        })
        .await
    }

    async fn delete_variants(
        &self,
        image: Uuid,
        owner: Option<&str>,
    ) -> Result<bool, CatalogError> {
        self.write(|state, now| {
            let known = state.images.get(&image);
            let is_meant =
                known.is_some_and(|image| owner.is_none_or(|owner| owner == image.owner));
            if is_meant {
                state.remove_variants_of(image, now);
            }
            Ok(is_meant)
        })
        .await
    }

    async fn evict_variants(&self, keep: u64, limit: u32) -> Result<u32, CatalogError> {
        self.write(|state, now| {
            let mut oldest: Vec<(Timestamp, Key)> = state
                .variants
                .variants
                .iter()
                .map(|(key, variant)| (variant.used_at, key.clone()))
                .collect();
            oldest.sort();
            let mut evicted = 0;
            for (_, key) in oldest.into_iter().take(items(limit)) {
                if state.variants.bytes() <= keep {
                    break;
                }
                state.remove_variant(&key, now);
                evicted += 1;
            }
            Ok(evicted)
        })
        .await
    }

    async fn forget_variant_records(&self, at: Timestamp) -> Result<(), CatalogError> {
        self.write(|state, _| {
            let records = &mut state.variants;
            records.claims.retain(|_, (_, expires_at)| *expires_at > at);
            records
                .failures
                .retain(|_, (_, expires_at)| *expires_at > at);
            Ok(())
        })
        .await
    }
}

fn key(claim: &VariantClaim) -> Key {
    (claim.image, claim.transform.clone())
}

impl Records {
    pub(super) fn of(&self, image: Uuid) -> impl Iterator<Item = (&Key, &Variant)> {
        let variants = self.variants.iter();
        variants.filter(move |((of, _), _)| *of == image)
    }

    fn holds(&self, claim: &VariantClaim) -> bool {
        let held = self.claims.get(&key(claim));
        held.is_some_and(|(id, _)| *id == claim.id)
    }

    /// The sum of the sizes of all variants.
    pub(super) fn bytes(&self) -> u64 {
        self.variants
            .values()
            .map(|variant| variant.blob.size)
            .sum()
    }

    /// The names of all records.
    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        let variants = self.variants.keys().chain(self.claims.keys());
        let names = variants.map(|(image, transform)| format!("{image}?{transform}"));
        names.chain(self.failures.keys().map(Sha256::to_string))
    }
}

impl State {
    pub(super) fn find_with_variants(
        &self,
        id: Uuid,
        transforms: &[String],
    ) -> Option<(Image, Vec<Variant>)> {
        let image = self.seen(self.images.get(&id)?);
        let variants = self.variants.of(id).map(|(_, variant)| variant);
        let meant = variants.filter(|variant| transforms.contains(&variant.transform));
        Some((image, meant.cloned().collect()))
    }

    fn variant_state(&self, image: Uuid, transform: &str, now: Timestamp) -> VariantState {
        let Some(source) = self.images.get(&image) else {
            return VariantState::NoImage;
        };
        let records = &self.variants;
        let key = (image, transform.to_owned());
        if let Some(variant) = records.variants.get(&key) {
            return VariantState::Stored(Box::new(variant.clone()));
        }
        let failures = records.failures.get(&source.sha256);
        if failures.is_some_and(|(count, until)| *count >= MOST_FAILURES && *until > now) {
            return VariantState::SourceFailed;
        }
        let held = records
            .claims
            .get(&key)
            .is_some_and(|(_, until)| *until > now);
        match held {
            true => VariantState::InProgress,
            false => VariantState::Absent,
        }
    }

    fn commit_variant(&mut self, new: &NewVariant, budget: u64, now: Timestamp) -> VariantCommit {
        let lease = self.leases.get(&new.lease);
        let in_force = lease.is_some_and(|lease| lease.expires_at > now);
        let room = self.variants.bytes().saturating_add(new.variant.blob.size) <= budget;
        let image = self.images.get(&new.claim.image).cloned();
        let image = image.filter(|_| in_force && room && self.variants.holds(&new.claim));
        let Some(image) = image else {
            return match room {
                true => VariantCommit::Refused,
                false => VariantCommit::OverBudget,
            };
        };
        let blob = self.refer(&image.owner, new.variant.sha256, &new.variant.blob);
        let variant = Variant {
            blob: blob.clone(),
            ..new.variant.clone()
        };
        self.variants.claims.remove(&key(&new.claim));
        self.variants.variants.insert(key(&new.claim), variant);
        VariantCommit::Stored(blob)
    }

    /// Adds a reference to the blob of this content that the owner already has, or to `blob`.
    pub(super) fn refer(&mut self, owner: &str, sha256: Sha256, blob: &BlobRef) -> BlobRef {
        let same = |known: &&Blob| known.refs > 0 && known.owner == owner && known.sha256 == sha256;
        let known = self.blobs.values().find(same);
        let blob = known.map_or_else(|| blob.clone(), |known| known.blob.clone());
        let record = self.blobs.entry(blob.id.to_string());
        let record = record.or_insert_with(|| Blob {
            blob: blob.clone(),
            owner: owner.to_owned(),
            sha256,
            refs: 0,
            died_at: None,
            placeholder: None,
        });
        record.refs += 1;
        blob
    }

    /// Takes a reference to a blob away.
    pub(super) fn release(&mut self, blob: &str, now: Timestamp) {
        if let Some(record) = self.blobs.get_mut(blob) {
            record.refs = record.refs.saturating_sub(1);
            record.died_at = (record.refs == 0).then(|| record.died_at.unwrap_or(now));
        }
    }

    pub(super) fn remove_variants_of(&mut self, image: Uuid, now: Timestamp) {
        self.variants.claims.retain(|(of, _), _| *of != image);
        let keys: Vec<Key> = self
            .variants
            .of(image)
            .map(|(key, _)| key.clone())
            .collect();
        for key in keys {
            self.remove_variant(&key, now);
        }
    }

    pub(super) fn remove_variants_with(&mut self, blob: &str, now: Timestamp) {
        let variants = self.variants.variants.iter();
        let with_blob = variants.filter(|(_, variant)| variant.blob.id.as_str() == blob);
        let keys: Vec<Key> = with_blob.map(|(key, _)| key.clone()).collect();
        for key in keys {
            self.remove_variant(&key, now);
        }
    }

    fn remove_variant(&mut self, key: &Key, now: Timestamp) {
        if let Some(variant) = self.variants.variants.remove(key) {
            self.release(variant.blob.id.as_str(), now);
        }
    }
}
