//! Audits of the maps.

use uuid::Uuid;

use super::{Blob, State};
use crate::catalog::{BlobCheck, BlobRecord, ImageCheck, ImageFault};
use crate::model::{Image, Timestamp};

impl State {
    pub(super) fn check_images(&self, after: &str, limit: u32) -> Vec<ImageCheck> {
        let checks = self.images.values().map(|image| ImageCheck {
            id: image.id.to_string(),
            fault: self.fault(image),
        });
        let later = checks.filter(|check| check.id.as_str() > after);
        later.take(to_usize(limit)).collect()
    }

    pub(super) fn check_blobs(&self, after: &str, limit: u32) -> Vec<BlobCheck> {
        let check = |(id, record): (&String, &Blob)| BlobCheck {
            id: id.clone(),
            record: Some(BlobRecord {
                blob: record.blob.clone(),
                sha256: record.sha256,
                refs: record.refs,
                died_at: record.died_at,
            }),
            images: self.count(id),
        };
        let later = self.blobs.iter().filter(|(id, _)| id.as_str() > after);
        later.take(to_usize(limit)).map(check).collect()
    }

    pub(super) fn names_of(&self, blob: &str, limit: u32) -> Vec<String> {
        let ids = self.images_of(blob).map(|image| image.id.to_string());
        ids.take(to_usize(limit)).collect()
    }

    pub(super) fn record_blob(&mut self, image: &str, now: Timestamp) {
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
        });
        self.recount(&blob, now);
    }

    pub(super) fn remove_images_of(&mut self, blob: &str, now: Timestamp) {
        let images: Vec<Image> = self.images_of(blob).cloned().collect();
        for image in images {
            self.remove(&image, now);
        }
    }

    /// Counts a blob's images, unless another of equal content is alive: then they
    /// become images of that.
    pub(super) fn recount(&mut self, id: &str, now: Timestamp) {
        let Some(record) = self.blobs.get(id) else {
            return;
        };
        let content = (record.owner.clone(), record.sha256);
        let same = |other: &&Blob| (&other.owner, &other.sha256) == (&content.0, &content.1);
        let mut others = self.blobs.values().filter(|other| other.refs > 0);
        let live = others.find(|other| same(other) && other.blob.id.as_str() != id);
        let live = live.map(|other| other.blob.clone());
        if let Some(live) = live.filter(|_| record.refs == 0) {
            let ours = |image: &&mut Image| image.blob.id.as_str() == id;
            for image in self.images.values_mut().filter(ours) {
                image.blob.clone_from(&live);
            }
            self.set_count(live.id.as_str(), now);
        }
        self.set_count(id, now);
    }

    fn set_count(&mut self, id: &str, now: Timestamp) {
        let images = self.count(id);
        if let Some(record) = self.blobs.get_mut(id) {
            record.refs = images;
            record.died_at = (images == 0).then(|| record.died_at.unwrap_or(now));
        }
    }

    /// How many images refer to the blob.
    pub(super) fn count(&self, blob: &str) -> u64 {
        self.images_of(blob).count() as u64
    }

    fn images_of(&self, blob: &str) -> impl Iterator<Item = &Image> {
        self.images
            .values()
            .filter(move |image| image.blob.id.as_str() == blob)
    }

    fn fault(&self, image: &Image) -> Option<ImageFault> {
        let Some(record) = self.blobs.get(image.blob.id.as_str()) else {
            return Some(ImageFault::Unrecorded);
        };
        let found = (&record.blob, &record.owner, &record.sha256);
        let agrees = found == (&image.blob, &image.owner, &image.sha256);
        (!agrees).then_some(ImageFault::Contradicted)
    }
}

fn to_usize(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
