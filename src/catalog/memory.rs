//! A catalog in memory: the model that the SQL one is held against.

mod audit;
mod keys;
mod remains;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use uuid::Uuid;

use super::{
    BlobCheck, BlobCount, Catalog, CatalogError, ImageCheck, KeyClaim, KeyState, Lease, Miscount,
    NewAnswer, NewImage, OwnerUsage, RecordedBlob, Statistics,
};
use crate::model::{BlobId, BlobRef, Image, ListQuery, Page, Quota, Sha256, Timestamp, Usage};

/// A [`Catalog`] in maps.
pub struct MemoryCatalog {
    state: Mutex<State>,
    /// Tells when a blob dies: the database's own clock, as it were.
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Default for MemoryCatalog {
    fn default() -> Self {
        Self::timed_by(wall_clock)
    }
}

#[derive(Debug, Default)]
struct State {
    images: BTreeMap<Uuid, Image>,
    blobs: BTreeMap<String, Blob>,
    leases: BTreeMap<String, Lease>,
    tickets: BTreeMap<String, Timestamp>,
    keys: keys::Keys,
    remains: remains::Remains,
}

#[derive(Debug)]
struct Blob {
    blob: BlobRef,
    owner: String,
    sha256: Sha256,
    refs: u64,
    died_at: Option<Timestamp>,
}

impl MemoryCatalog {
    /// An empty catalog whose database has this clock.
    pub fn timed_by(clock: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            state: Mutex::default(),
            clock: Box::new(clock),
        }
    }

    /// The names of all records that are not images: blobs, then leases, then keys, then
    /// remains.
    pub fn other_records(&self) -> Vec<String> {
        let state = self.lock();
        state
            .blobs
            .keys()
            .chain(state.leases.keys())
            .cloned()
            .chain(state.keys.names())
            .chain(state.remains.names())
            .collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn live_blob(&self, image: &Image) -> BlobRef {
        let same = |known: &&Blob| {
            known.refs > 0 && known.owner == image.owner && known.sha256 == image.sha256
        };
        self.blobs
            .values()
            .find(same)
            .map_or_else(|| image.blob.clone(), |known| known.blob.clone())
    }

    fn insert(&mut self, mut image: Image) -> BlobRef {
        image.blob = self.live_blob(&image);
        let blob = image.blob.clone();
        let record = self
            .blobs
            .entry(blob.id.to_string())
            .or_insert_with(|| Blob {
                blob: blob.clone(),
                owner: image.owner.clone(),
                sha256: image.sha256,
                refs: 0,
                died_at: None,
            });
        record.refs += 1;
        self.images.insert(image.id, image);
        blob
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
        owners.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        owners
    }

    /// What an owner keeps.
    fn kept(&self, owner: &str) -> Usage {
        let images = self.images.values();
        let images = charges(images.filter(|image| image.owner == owner));
        Usage {
            bytes: images.bytes.saturating_add(self.keys.kept(owner)),
            ..images
        }
    }

    fn remove(&mut self, image: &Image, now: Timestamp) {
        self.images.remove(&image.id);
        if let Some(record) = self.blobs.get_mut(image.blob.id.as_str()) {
            record.refs -= 1;
            record.died_at = (record.refs == 0).then_some(now);
        }
    }
}

/// What these images come to, with all that is counted of them.
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

/// What these blobs come to.
fn count<'a>(records: impl Iterator<Item = &'a Blob>) -> BlobCount {
    records.fold(BlobCount::default(), |sum, record| BlobCount {
        blobs: sum.blobs + 1,
        bytes: sum.bytes.saturating_add(record.blob.size),
    })
}

fn wall_clock() -> Timestamp {
    let since_epoch = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}

#[async_trait]
impl Catalog for MemoryCatalog {
    async fn lease(&self, lease: &Lease) -> Result<(), CatalogError> {
        let mut state = self.lock();
        if state.leases.contains_key(&lease.id) {
            return Err(CatalogError::Database("the lease exists".to_owned()));
        }
        state.leases.insert(lease.id.clone(), lease.clone());
        Ok(())
    }

    async fn commit(
        &self,
        images: &[NewImage],
        quota: Quota,
        now: Timestamp,
    ) -> Result<Vec<BlobRef>, CatalogError> {
        let mut state = self.lock();
        let in_force = |new: &NewImage| {
            let lease = state.leases.get(&new.lease);
            lease.is_some_and(|lease| lease.expires_at > now)
        };
        if !images.iter().all(in_force) {
            return Err(CatalogError::LeaseExpired);
        }
        if images
            .iter()
            .any(|new| state.images.contains_key(&new.image.id))
        {
            return Err(CatalogError::Database("the image exists".to_owned()));
        }
        let owner = images.first().map_or("", |new| new.image.owner.as_str());
        quota.admit(state.kept(owner), NewImage::charges(images))?;
        let answers: Vec<&NewAnswer> = images
            .iter()
            .filter_map(|new| new.answer.as_ref())
            .collect();
        if !answers.iter().all(|answer| state.keys.holds(&answer.claim)) {
            return Err(CatalogError::ClaimLost);
        }
        let mut tickets = state.tickets.clone();
        for new in images {
            let spent = new
                .ticket
                .clone()
                .and_then(|id| tickets.insert(id, new.image.created_at));
            if spent.is_some() {
                return Err(CatalogError::TicketSpent);
            }
        }
        state.tickets = tickets;
        for answer in answers {
            state.keys.answer(owner, answer);
        }
        Ok(images
            .iter()
            .map(|new| state.insert(new.image.clone()))
            .collect())
    }

    async fn find(&self, id: Uuid) -> Result<Option<Image>, CatalogError> {
        Ok(self.lock().images.get(&id).cloned())
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, CatalogError> {
        Ok(query.page_of(self.lock().images.values()))
    }

    async fn update(
        &self,
        image: &Image,
        unchanged_since: Timestamp,
        quota: Quota,
    ) -> Result<bool, CatalogError> {
        let mut state = self.lock();
        let known = state.images.get(&image.id);
        let Some(known) = known.filter(|known| known.updated_at == unchanged_since) else {
            return Ok(false);
        };
        let kept = state.kept(&known.owner).bytes;
        quota.admit_growth(kept, known.described(), image.described())?;
        let Some(known) = state.images.get_mut(&image.id) else {
            return Ok(false);
        };
        known.filename.clone_from(&image.filename);
        known.visibility = image.visibility;
        known.tags.clone_from(&image.tags);
        known.metadata.clone_from(&image.metadata);
        known.updated_at = image.updated_at;
        Ok(true)
    }

    async fn revoke_links(&self, id: Uuid, owner: Option<&str>) -> Result<bool, CatalogError> {
        let mut state = self.lock();
        let image = state.images.get_mut(&id);
        let image = image.filter(|image| owner.is_none_or(|owner| owner == image.owner));
        Ok(image.map(|image| image.link_epoch += 1).is_some())
    }

    async fn is_ticket_spent(&self, id: &str) -> Result<bool, CatalogError> {
        Ok(self.lock().tickets.contains_key(id))
    }

    async fn forget_tickets(&self, before: Timestamp) -> Result<(), CatalogError> {
        self.lock()
            .tickets
            .retain(|_, spent_at| *spent_at >= before);
        Ok(())
    }

    async fn claim_key(
        &self,
        claim: &KeyClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyState, CatalogError> {
        Ok(self.lock().keys.claim(claim, now, until))
    }

    async fn release_key(&self, claim: &KeyClaim) -> Result<(), CatalogError> {
        self.lock().keys.let_go(claim);
        Ok(())
    }

    async fn abandon_key(&self, claim: &KeyClaim, at: Timestamp) -> Result<(), CatalogError> {
        self.lock().keys.abandon(claim, at);
        Ok(())
    }

    async fn forget_keys(&self, at: Timestamp) -> Result<(), CatalogError> {
        self.lock().keys.forget_expired(at);
        Ok(())
    }

    async fn delete(
        &self,
        id: Uuid,
        owner: Option<&str>,
        unchanged_since: Option<Timestamp>,
    ) -> Result<bool, CatalogError> {
        let mut state = self.lock();
        let found = state.images.get(&id).cloned();
        let found = found
            .filter(|image| owner.is_none_or(|owner| owner == image.owner))
            .filter(|image| unchanged_since.is_none_or(|time| time == image.updated_at));
        if let Some(image) = &found {
            state.remove(image, (self.clock)());
        }
        Ok(found.is_some())
    }

    async fn dead_blobs(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<BlobRef>, CatalogError> {
        let state = self.lock();
        let is_dead = |record: &&Blob| {
            let died = record.died_at.is_some_and(|died_at| died_at < before);
            record.refs == 0 && died && state.count(record.blob.id.as_str()) == 0
        };
        let mut dead: Vec<&Blob> = state.blobs.values().filter(is_dead).collect();
        dead.sort_by_key(|record| record.died_at);
        dead.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(dead.into_iter().map(|record| record.blob.clone()).collect())
    }

    async fn blobs_after(
        &self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<RecordedBlob>, CatalogError> {
        let state = self.lock();
        let later = state.blobs.iter().filter(|(id, _)| id.as_str() > after);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let recorded = later.take(limit).map(|(_, record)| RecordedBlob {
            blob: record.blob.clone(),
            sha256: record.sha256,
        });
        Ok(recorded.collect())
    }

    async fn is_recorded(&self, id: &BlobId) -> Result<bool, CatalogError> {
        Ok(self.lock().blobs.contains_key(id.as_str()))
    }

    async fn forget_blob(&self, id: &BlobId) -> Result<(), CatalogError> {
        let mut state = self.lock();
        let record = state.blobs.get(id.as_str());
        if let Some(record) = record.filter(|record| record.refs == 0) {
            let blob = record.blob.clone();
            state.blobs.remove(id.as_str());
            state.remains.add(blob, (self.clock)());
        }
        Ok(())
    }

    async fn record_remains(&self, blob: &BlobRef) -> Result<(), CatalogError> {
        self.lock().remains.add(blob.clone(), (self.clock)());
        Ok(())
    }

    async fn remains(&self, before: Timestamp, limit: u32) -> Result<Vec<BlobRef>, CatalogError> {
        let state = self.lock();
        let images = state.images.values();
        let referred: BTreeSet<&str> = images.map(|image| image.blob.id.as_str()).collect();
        let used = |id: &str| state.blobs.contains_key(id) || referred.contains(id);
        Ok(state.remains.due(before, limit, used))
    }

    async fn forget_remains(&self, ids: &[BlobId]) -> Result<(), CatalogError> {
        self.lock().remains.forget(ids);
        Ok(())
    }

    async fn expired_leases(&self, at: Timestamp, limit: u32) -> Result<Vec<Lease>, CatalogError> {
        let state = self.lock();
        let is_expired = |lease: &&Lease| lease.expires_at <= at;
        let mut expired: Vec<Lease> = state.leases.values().filter(is_expired).cloned().collect();
        expired.sort_by_key(|lease| lease.expires_at);
        expired.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
        Ok(expired)
    }

    async fn close_lease(&self, id: &str) -> Result<(), CatalogError> {
        if let Some(lease) = self.lock().leases.get_mut(id) {
            lease.expires_at = Timestamp::default();
        }
        Ok(())
    }

    async fn recorded_blobs(&self, lease: &Lease) -> Result<Vec<BlobId>, CatalogError> {
        let prefix = format!("{}.", lease.id);
        let state = self.lock();
        let recorded = state.blobs.values().map(|record| &record.blob.id);
        let ids = recorded.chain(state.images.values().map(|image| &image.blob.id));
        let ids: BTreeSet<&str> = ids.map(BlobId::as_str).collect();
        let ours = ids.into_iter().filter(|id| id.starts_with(&prefix));
        Ok(ours.filter_map(BlobId::new).collect())
    }

    async fn forget_lease(&self, id: &str) -> Result<(), CatalogError> {
        self.lock().leases.remove(id);
        Ok(())
    }

    async fn usage(&self, owner: &str) -> Result<Usage, CatalogError> {
        Ok(self.lock().kept(owner))
    }

    async fn statistics(&self, owners: u32) -> Result<Statistics, CatalogError> {
        let state = self.lock();
        let is_dead = |record: &&Blob| record.refs == 0;
        let live = state.blobs.values().filter(|record| record.refs > 0);
        let dead = state.blobs.values().filter(is_dead);
        let closed = Timestamp::default();
        let expiries = state.leases.values().map(|lease| lease.expires_at);
        let expiries = expiries.filter(|expires_at| *expires_at > closed);
        Ok(Statistics {
            images: sizes(state.images.values()),
            live: count(live),
            dead: count(dead.clone()),
            oldest_death: dead.filter_map(|record| record.died_at).min(),
            leases: state.leases.len() as u64,
            oldest_expiry: expiries.min(),
            owners: state.largest_owners(owners),
        })
    }

    async fn check_images(&self, after: &str, limit: u32) -> Result<Vec<ImageCheck>, CatalogError> {
        Ok(self.lock().check_images(after, limit))
    }

    async fn check_blobs(&self, after: &str, limit: u32) -> Result<Vec<BlobCheck>, CatalogError> {
        Ok(self.lock().check_blobs(after, limit))
    }

    async fn images_of(&self, blob: &str, limit: u32) -> Result<Vec<String>, CatalogError> {
        Ok(self.lock().names_of(blob, limit))
    }

    async fn record_blob(&self, image: &str) -> Result<(), CatalogError> {
        self.lock().record_blob(image, (self.clock)());
        Ok(())
    }

    async fn recount_blob(&self, id: &str) -> Result<(), CatalogError> {
        self.lock().recount(id, (self.clock)());
        Ok(())
    }

    /// Nothing is counted ahead here.
    async fn miscounts(&self, _limit: u32) -> Result<Vec<Miscount>, CatalogError> {
        Ok(Vec::new())
    }

    async fn recount_usage(&self) -> Result<(), CatalogError> {
        Ok(())
    }

    async fn delete_images_of(&self, blob: &str) -> Result<(), CatalogError> {
        self.lock().remove_images_of(blob, (self.clock)());
        Ok(())
    }

    async fn check(&self) -> Result<(), CatalogError> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::conformance;

    #[tokio::test]
    async fn the_memory_catalog_conforms() {
        let catalog = MemoryCatalog::default();
        conformance::run(&catalog, "run").await.expect("conforms");
        assert_eq!(catalog.other_records(), Vec::<String>::new());
    }
}
