//! Records of blobs, in a map.

use std::collections::BTreeSet;

use async_trait::async_trait;
use uuid::Uuid;

use super::{Blob, MemoryCatalog, State, items};
use crate::catalog::{BlobEntry, BlobRecord, Blobs, CatalogError};
use crate::model::{BlobId, BlobRef, Image, Timestamp};

#[async_trait]
impl Blobs for MemoryCatalog {
    async fn blobs_after(&self, after: &str, limit: u32) -> Result<Vec<BlobEntry>, CatalogError> {
        self.read(|state| {
            let later = state.blobs.iter().filter(|(id, _)| id.as_str() > after);
            let entry = |(id, record): (&String, &Blob)| BlobEntry {
                id: id.clone(),
                record: Ok(BlobRecord {
                    blob: record.blob.clone(),
                    sha256: record.sha256,
                    refs: record.refs,
                    died_at: record.died_at,
                }),
                uses: state.references(id),
            };
            later.take(items(limit)).map(entry).collect()
        })
        .await
    }

    async fn is_recorded(&self, id: &BlobId) -> Result<bool, CatalogError> {
        self.read(|state| state.blobs.contains_key(id.as_str()))
            .await
    }

    async fn images_of(&self, blob: &str, limit: u32) -> Result<Vec<String>, CatalogError> {
        self.read(|state| {
            let images = state.images_of(blob).map(|image| image.id);
            let variants = state.variants_of(blob).map(|(image, _)| *image);
            let ids: BTreeSet<Uuid> = images.chain(variants).collect();
            let ids = ids.into_iter().map(|id| id.to_string());
            ids.take(items(limit)).collect()
        })
        .await
    }

    async fn dead_blobs(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<BlobRef>, CatalogError> {
        self.read(|state| {
            let is_dead = |record: &&Blob| {
                let died = record.died_at.is_some_and(|died_at| died_at < before);
                record.refs == 0 && died && state.references(record.blob.id.as_str()) == 0
            };
            let mut dead: Vec<&Blob> = state.blobs.values().filter(is_dead).collect();
            dead.sort_by_key(|record| record.died_at);
            dead.truncate(items(limit));
            dead.into_iter().map(|record| record.blob.clone()).collect()
        })
        .await
    }

    async fn forget_blob(&self, id: &BlobId) -> Result<(), CatalogError> {
        self.write(|state, now| {
            let record = state.blobs.get(id.as_str());
            if let Some(record) = record.filter(|record| record.refs == 0) {
                let blob = record.blob.clone();
                state.blobs.remove(id.as_str());
                state.remains.add(blob, now);
            }
            Ok(())
        })
        .await
    }
}

impl State {
    /// How many images and variants refer to the blob.
    pub(super) fn references(&self, blob: &str) -> u64 {
        (self.images_of(blob).count() + self.variants_of(blob).count()) as u64
    }

    /// The images and transforms of the variants that refer to the blob.
    fn variants_of(&self, blob: &str) -> impl Iterator<Item = &(Uuid, String)> {
        let variants = self.variants.variants.iter();
        let with_blob = variants.filter(move |(_, variant)| variant.blob.id.as_str() == blob);
        with_blob.map(|(key, _)| key)
    }

    pub(super) fn images_of(&self, blob: &str) -> impl Iterator<Item = &Image> {
        self.images
            .values()
            .filter(move |image| image.blob.id.as_str() == blob)
    }
}
