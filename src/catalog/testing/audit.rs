//! Audits of the maps.

use async_trait::async_trait;
use uuid::Uuid;

use super::{Blob, MemoryCatalog, State, items};
use crate::catalog::{Audit, CatalogError, ImageCheck, ImageFault};
use crate::model::{BlobRef, Image, Sha256, Timestamp, Variant};

#[async_trait]
impl Audit for MemoryCatalog {
    async fn check_images(&self, after: &str, limit: u32) -> Result<Vec<ImageCheck>, CatalogError> {
        self.read(|state| {
            let checks = state.images.values().map(|image| ImageCheck {
                id: image.id.to_string(),
                fault: state.fault(image),
            });
            let later = checks.filter(|check| check.id.as_str() > after);
            later.take(items(limit)).collect()
        })
        .await
    }

    async fn record_blob(&self, image: &str) -> Result<(), CatalogError> {
        self.write(|state, now| {
            state.record_blob(image, now);
            Ok(())
        })
        .await
    }

    async fn recount_blob(&self, id: &str) -> Result<(), CatalogError> {
        self.write(|state, now| {
            state.recount(id, now);
            Ok(())
        })
        .await
    }

    async fn delete_images_of(&self, blob: &str) -> Result<(), CatalogError> {
        self.write(|state, now| {
            state.remove_variants_with(blob, now);
            let images: Vec<Image> = state.images_of(blob).cloned().collect();
            for image in images {
                state.remove(&image, now);
            }
            Ok(())
        })
        .await
    }

    async fn delete_variants_of(&self, blob: &str) -> Result<(), CatalogError> {
        self.write(|state, now| {
            state.remove_variants_with(blob, now);
            Ok(())
        })
        .await
    }
}

impl State {
    fn record_blob(&mut self, image: &str, now: Timestamp) {
        let id = Uuid::try_parse(image).ok();
        let Some(image) = id.and_then(|id| self.images.get(&id)).cloned() else {
            return;
        };
        let blob = image.blob.id.to_string();
        self.blobs.entry(blob.clone()).or_insert_with(|| Blob {
            blob: image.blob,
            owner: image.owner,
            sha256: image.sha256,
            refs: 0,
            died_at: None,
            placeholder: None,
        });
        self.recount(&blob, now);
    }

    /// Recounts the references to a blob, unless a live blob has equal content: then its images
    /// become images of that one, and its variants are dropped.
    fn recount(&mut self, id: &str, now: Timestamp) {
        let Some(record) = self.blobs.get(id) else {
            return;
        };
        let content = (record.owner.clone(), record.sha256);
        let same = |other: &&Blob| (&other.owner, &other.sha256) == (&content.0, &content.1);
        let mut others = self.blobs.values().filter(|other| other.refs > 0);
        let live = others.find(|other| same(other) && other.blob.id.as_str() != id);
        let live = live.map(|other| other.blob.clone());
        if let Some(live) = live.filter(|_| record.refs == 0) {
            self.remove_variants_with(id, now);
            let ours = |image: &&mut Image| image.blob.id.as_str() == id;
            for image in self.images.values_mut().filter(ours) {
                image.blob.clone_from(&live);
            }
            self.set_count(live.id.as_str(), now);
        }
        self.set_count(id, now);
    }

    fn set_count(&mut self, id: &str, now: Timestamp) {
        let uses = self.references(id);
        if let Some(record) = self.blobs.get_mut(id) {
            record.refs = uses;
            record.died_at = (uses == 0).then(|| record.died_at.unwrap_or(now));
        }
    }

    fn fault(&self, image: &Image) -> Option<ImageFault> {
        let Some(agrees) = self.agrees(image, &image.blob, image.sha256) else {
            return Some(ImageFault::Unrecorded);
        };
        if !agrees {
            return Some(ImageFault::Contradicted);
        }
        let mut variants = self.variants.of(image.id).map(|(_, variant)| variant);
        let at_odds =
            |variant: &Variant| self.agrees(image, &variant.blob, variant.sha256) != Some(true);
        variants.any(at_odds).then_some(ImageFault::Variant)
    }

    /// Whether the record of a blob says what an image or a variant of it says; `None` if there
    /// is no record.
    fn agrees(&self, image: &Image, blob: &BlobRef, sha256: Sha256) -> Option<bool> {
        let record = self.blobs.get(blob.id.as_str())?;
        let found = (&record.blob, &record.owner, record.sha256);
        Some(found == (blob, &image.owner, sha256))
    }
}
