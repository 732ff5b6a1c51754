//! Blobs whose bytes are deleted once more after a while, in a map.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{MemoryCatalog, items};
use crate::catalog::{CatalogError, Remains};
use crate::model::{BlobId, BlobRef, Timestamp};

#[async_trait]
impl Remains for MemoryCatalog {
    async fn record_remains(&self, blob: &BlobRef) -> Result<(), CatalogError> {
        self.write(|state, now| {
            state.remains.add(blob.clone(), now);
            Ok(())
        })
        .await
    }

    async fn remains(&self, before: Timestamp, limit: u32) -> Result<Vec<BlobRef>, CatalogError> {
        self.read(|state| {
            let used = |id: &str| {
                state.blobs.contains_key(id) || state.references(id) > 0 || state.is_segment(id)
            };
            state.remains.due(before, limit, used)
        })
        .await
    }

    async fn forget_remains(&self, ids: &[BlobId]) -> Result<(), CatalogError> {
        self.write(|state, _| {
            state.remains.forget(ids);
            Ok(())
        })
        .await
    }
}

/// Each blob by its id, and the time since when it has been recorded.
#[derive(Debug, Default)]
pub(super) struct Records {
    records: BTreeMap<String, (BlobRef, Timestamp)>,
}

impl Records {
    pub(super) fn add(&mut self, mut blob: BlobRef, now: Timestamp) {
        if let Some((known, _)) = self.records.get(blob.id.as_str()) {
            blob.size = blob.size.max(known.size);
        }
        self.records.insert(blob.id.to_string(), (blob, now));
    }

    /// The remains recorded before `before`, longest ago first, that are not `used`.
    fn due(&self, before: Timestamp, limit: u32, used: impl Fn(&str) -> bool) -> Vec<BlobRef> {
        let is_due = |(id, (_, since)): &(&String, &(BlobRef, Timestamp))| {
            *since < before && !used(id.as_str())
        };
        let mut due: Vec<_> = self.records.iter().filter(is_due).collect();
        due.sort_by_key(|(_, (_, since))| *since);
        due.truncate(items(limit));
        due.into_iter().map(|(_, (blob, _))| blob.clone()).collect()
    }

    fn forget(&mut self, ids: &[BlobId]) {
        for id in ids {
            self.records.remove(id.as_str());
        }
    }

    /// The ids of all remains.
    #[cfg(test)]
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.records.keys().cloned()
    }
}
