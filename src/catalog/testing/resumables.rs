//! Resumable uploads, in maps.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::{MemoryCatalog, State, items};
use crate::catalog::{
    Begun, CatalogError, Completion, Ending, Growth, NewSegment, Position, Resumable, Resumables,
    Segment,
};
use crate::model::{Quota, Timestamp, Usage};

/// An upload and its bytes.
#[derive(Clone, Debug)]
pub(super) struct Upload {
    pub(super) record: Resumable,
    pub(super) segments: Vec<Segment>,
    tail: Vec<u8>,
}

impl Upload {
    fn is_open(&self) -> bool {
        self.record.completed_at.is_none()
    }

    fn is_at(&self, position: &Position) -> bool {
        let record = &self.record;
        self.is_open() && record.received == position.received && record.epoch == position.epoch
    }

    fn grow(&mut self, end: u64, growth: Growth) {
        self.record.received = end;
        self.record.expires_at = growth.expires_at.min(self.record.deadline);
    }
}

/// Each upload by its id.
pub(super) type Records = BTreeMap<String, Upload>;

impl State {
    /// What an owner's open uploads have reserved.
    pub(super) fn reserved(&self, owner: &str) -> Usage {
        let uploads = self.resumables.values();
        let open = uploads.filter(|upload| upload.is_open() && upload.record.owner == owner);
        open.fold(Usage::default(), |sum, upload| Usage {
            images: sum.images + u64::from(!upload.record.is_partial),
            bytes: sum.bytes.saturating_add(upload.record.reserved()),
        })
    }

    /// What of it belongs to the parts of a completion.
    pub(super) fn reserved_by(&self, completion: &Completion) -> Usage {
        let parts = completion.parts.iter();
        let parts = parts.filter_map(|id| self.resumables.get(id));
        let open = parts.filter(|upload| upload.is_open());
        open.fold(Usage::default(), |sum, upload| Usage {
            images: sum.images + u64::from(!upload.record.is_partial),
            bytes: sum.bytes.saturating_add(upload.record.reserved()),
        })
    }

    /// Whether an upload is where its completion begins.
    pub(super) fn may_complete(&self, completion: &Completion) -> bool {
        let upload = self.resumables.get(&completion.at.id);
        upload.is_some_and(|upload| {
            upload.is_open() && upload.record.received == completion.at.received
        })
    }

    /// Completes an upload.
    pub(super) fn complete(&mut self, completion: &Completion, at: Timestamp, now: Timestamp) {
        for part in &completion.parts {
            if *part != completion.at.id {
                self.end_resumable(part, now);
            }
        }
        if let Some(upload) = self.resumables.get_mut(&completion.at.id) {
            upload.record.received = completion.length;
            upload.record.length = Some(completion.length);
            upload.record.terms.clone_from(&completion.terms);
            upload.record.completed_at = Some(at);
            upload.record.expires_at = completion.expires_at;
            upload.tail.clear();
            for segment in std::mem::take(&mut upload.segments) {
                self.remains.add(segment.blob, now);
            }
        }
    }

    fn end_resumable(&mut self, id: &str, now: Timestamp) -> bool {
        let Some(upload) = self.resumables.remove(id) else {
            return false;
        };
        for segment in upload.segments {
            self.remains.add(segment.blob, now);
        }
        true
    }

    /// Adds bytes to an upload up to `end`, if it may grow.
    fn grow(
        &mut self,
        at: &Position,
        end: u64,
        growth: Growth,
    ) -> Result<Option<&mut Upload>, CatalogError> {
        let Some(upload) = self.resumables.get(&at.id) else {
            return Ok(None);
        };
        if !upload.is_at(at) || upload.record.length.is_some_and(|length| end > length) {
            return Ok(None);
        }
        if upload.record.length.is_none() {
            let kept = self.kept(&upload.record.owner).bytes;
            growth.quota.admit_growth(kept, at.received, end)?;
        }
        let Some(upload) = self.resumables.get_mut(&at.id) else {
            return Ok(None);
        };
        upload.grow(end, growth);
        Ok(Some(upload))
    }
}

#[async_trait]
impl Resumables for MemoryCatalog {
    async fn begin_resumable(
        &self,
        new: &Resumable,
        quota: Quota,
        most: u32,
    ) -> Result<Begun, CatalogError> {
        self.write(|state, _| {
            let same =
                |upload: &&Upload| new.begun_by.is_some() && upload.record.begun_by == new.begun_by;
            if let Some(known) = state.resumables.values().find(same) {
                return Ok(Begun::Before(Box::new(known.record.clone())));
            }
            let added = Usage {
                images: u64::from(!new.is_partial),
                bytes: new.reserved(),
            };
            quota.admit(state.kept(&new.owner), added)?;
            let is_theirs = |upload: &&Upload| upload.is_open() && upload.record.owner == new.owner;
            if state.resumables.values().filter(is_theirs).count() >= items(most) {
                return Ok(Begun::TooMany);
            }
            if state.resumables.contains_key(&new.id) {
                return Err(CatalogError::database("the upload exists"));
            }
            let upload = Upload {
                record: new.clone(),
                segments: Vec::new(),
                tail: Vec::new(),
            };
            state.resumables.insert(new.id.clone(), upload);
            Ok(Begun::Now)
        })
        .await
    }

    async fn find_resumable(&self, id: &str) -> Result<Option<Resumable>, CatalogError> {
        self.read(|state| {
            let upload = state.resumables.get(id);
            upload.map(|upload| upload.record.clone())
        })
        .await
    }

    async fn resumable_begun_by(&self, begun_by: &str) -> Result<Option<Resumable>, CatalogError> {
        self.read(|state| {
            let mut records = state.resumables.values().map(|upload| &upload.record);
            let begun = records.find(|record| record.begun_by.as_deref() == Some(begun_by));
            begun.cloned()
        })
        .await
    }

    async fn resume(&self, id: &str) -> Result<Option<Resumable>, CatalogError> {
        self.write(|state, _| {
            let upload = state.resumables.get_mut(id);
            Ok(upload.map(|upload| {
                upload.record.epoch += u64::from(upload.is_open());
                upload.record.clone()
            }))
        })
        .await
    }

    async fn segments(&self, id: &str) -> Result<Vec<Segment>, CatalogError> {
        self.read(|state| {
            let upload = state.resumables.get(id);
            upload.map_or_else(Vec::new, |upload| upload.segments.clone())
        })
        .await
    }

    async fn tail(&self, id: &str) -> Result<Vec<u8>, CatalogError> {
        self.read(|state| {
            let upload = state.resumables.get(id);
            upload.map_or_else(Vec::new, |upload| upload.tail.clone())
        })
        .await
    }

    async fn append_segment(
        &self,
        at: &Position,
        new: &NewSegment,
        growth: Growth,
        now: Timestamp,
    ) -> Result<bool, CatalogError> {
        self.write(|state, _| {
            let lease = state.leases.get(&new.lease);
            if lease.is_none_or(|lease| lease.expires_at <= now) {
                return Err(CatalogError::LeaseExpired);
            }
            let grown = state.grow(at, new.segment.end(), growth)?;
            Ok(grown.is_some_and(|upload| {
                upload.tail.clear();
                upload.segments.push(new.segment.clone());
                true
            }))
        })
        .await
    }

    async fn append_tail(
        &self,
        at: &Position,
        bytes: &[u8],
        growth: Growth,
    ) -> Result<bool, CatalogError> {
        self.write(|state, _| {
            let end = at.received + bytes.len() as u64;
            let grown = state.grow(at, end, growth)?;
            Ok(grown.is_some_and(|upload| {
                upload.tail.extend_from_slice(bytes);
                true
            }))
        })
        .await
    }

    async fn set_length(&self, id: &str, length: u64, quota: Quota) -> Result<bool, CatalogError> {
        self.write(|state, _| {
            let Some(upload) = state.resumables.get(id) else {
                return Ok(false);
            };
            let record = &upload.record;
            if record.length.is_some() || record.received > length {
                return Ok(record.length == Some(length));
            }
            let kept = state.kept(&record.owner).bytes;
            quota.admit_growth(kept, record.received, length)?;
            if let Some(upload) = state.resumables.get_mut(id) {
                upload.record.length = Some(length);
            }
            Ok(true)
        })
        .await
    }

    async fn end_resumable(&self, id: &str, ending: Ending) -> Result<bool, CatalogError> {
        self.write(|state, now| {
            let upload = state.resumables.get(id);
            let may_end = upload.is_some_and(|upload| match ending {
                Ending::Wanted => true,
                Ending::Refused => upload.is_open(),
                Ending::Expired(at) => upload.record.expires_at <= at,
            });
            Ok(may_end && state.end_resumable(id, now))
        })
        .await
    }

    async fn expired_resumables(
        &self,
        at: Timestamp,
        limit: u32,
    ) -> Result<Vec<String>, CatalogError> {
        self.read(|state| {
            let records = state.resumables.values().map(|upload| &upload.record);
            let mut expired: Vec<_> = records.filter(|record| record.expires_at <= at).collect();
            expired.sort_by_key(|record| record.expires_at);
            expired.truncate(items(limit));
            expired
                .into_iter()
                .map(|record| record.id.clone())
                .collect()
        })
        .await
    }

    async fn open_resumables(
        &self,
        owner: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Resumable>, CatalogError> {
        self.read(|state| {
            let uploads = state.resumables.values().filter(|upload| upload.is_open());
            let records = uploads.map(|upload| upload.record.clone());
            let mut open: Vec<Resumable> = records
                .filter(|record| record.owner == owner && record.expires_at > now)
                .collect();
            open.sort_by_key(|record| std::cmp::Reverse(record.created_at));
            open.truncate(items(limit));
            open
        })
        .await
    }

    async fn resumables_after(
        &self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Resumable>, CatalogError> {
        self.read(|state| {
            let uploads = state.resumables.values();
            let later = uploads.filter(|upload| upload.record.id.as_str() > after);
            later
                .take(items(limit))
                .map(|upload| upload.record.clone())
                .collect()
        })
        .await
    }

    async fn end_resumables_of(&self, owner: &str, limit: u32) -> Result<u32, CatalogError> {
        self.write(|state, now| {
            let uploads = state.resumables.values();
            let theirs = uploads.filter(|upload| upload.record.owner == owner);
            let theirs = theirs.map(|upload| upload.record.id.clone());
            let theirs: Vec<String> = theirs.take(items(limit)).collect();
            let mut ended = 0;
            for id in theirs {
                ended += u32::from(state.end_resumable(&id, now));
            }
            Ok(ended)
        })
        .await
    }
}

impl State {
    /// Whether a blob is a segment of an upload.
    pub(super) fn is_segment(&self, blob: &str) -> bool {
        let segments = self.resumables.values().flat_map(|upload| &upload.segments);
        segments
            .into_iter()
            .any(|segment| segment.blob.id.as_str() == blob)
    }
}
