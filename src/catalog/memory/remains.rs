//! Blobs whose bytes are deleted once more after a while, in a map.

use std::collections::BTreeMap;

use crate::model::{BlobId, BlobRef, Timestamp};

/// Each blob by its id, and since when.
#[derive(Debug, Default)]
pub(super) struct Remains {
    records: BTreeMap<String, (BlobRef, Timestamp)>,
}

impl Remains {
    pub(super) fn add(&mut self, mut blob: BlobRef, now: Timestamp) {
        if let Some((known, _)) = self.records.get(blob.id.as_str()) {
            blob.size = blob.size.max(known.size);
        }
        self.records.insert(blob.id.to_string(), (blob, now));
    }

    /// Those from before `before`, longest ago first, that are not `used`.
    pub(super) fn due(
        &self,
        before: Timestamp,
        limit: u32,
        used: impl Fn(&str) -> bool,
    ) -> Vec<BlobRef> {
        let is_due = |(id, (_, since)): &(&String, &(BlobRef, Timestamp))| {
            *since < before && !used(id.as_str())
        };
        let mut due: Vec<_> = self.records.iter().filter(is_due).collect();
        due.sort_by_key(|(_, (_, since))| *since);
        due.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        due.into_iter().map(|(_, (blob, _))| blob.clone()).collect()
    }

    pub(super) fn forget(&mut self, ids: &[BlobId]) {
        for id in ids {
            self.records.remove(id.as_str());
        }
    }

    /// The ids of all.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.records.keys().cloned()
    }
}
