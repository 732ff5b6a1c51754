//! Cleaning up: the bytes of deleted images, and what crashes left behind.
//!
//! Everything is found from the catalog's records, never by listing keys. Bytes
//! go first and their record last, so that a sweep which is cut short is repeated
//! by the next; two sweeps at once only do the same work twice.
//!
//! A write that was given up, by an upload or by one that moves blobs, may land after its
//! blob was deleted. So what was deleted is recorded as remains, and deleted once more
//! when nothing can land any more.

use std::sync::atomic::{AtomicI64, Ordering};

use super::{Service, ServiceError};
use crate::catalog::Lease;
use crate::model::{BlobId, Timestamp};

/// How often one instance sweeps on its own.
const INTERVAL_MILLIS: i64 = 60_000;
/// How many records one step takes on, so that none holds up requests.
const STEP: u32 = 16;
/// How many of them may be leases, each of which may have many remains.
const LEASES_PER_STEP: u32 = 2;
/// A call that sweeps many steps begins none after this long.
const LONGEST_MILLIS: i64 = 10_000;

/// When this instance last swept.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    last: AtomicI64,
}

impl Schedule {
    /// Whether a sweep is due; if so, the next is due an interval later.
    fn begin(&self, now: Timestamp) -> bool {
        let last = self.last.load(Ordering::Relaxed);
        let due = now.millis() >= last.saturating_add(INTERVAL_MILLIS);
        if due {
            self.last.store(now.millis(), Ordering::Relaxed);
        }
        due
    }
}

/// What was swept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Deleted blobs whose bytes are gone now.
    pub blobs: u32,
    /// Expired leases whose remains are gone now.
    pub leases: u32,
    /// Whether there may be more to do.
    pub more: bool,
}

impl Service {
    /// Sweeps step by step until nothing is left, `limit` records are gone, or it
    /// has taken long enough.
    pub async fn sweep(&self, limit: u32) -> Result<Swept, ServiceError> {
        let latest = self.now().plus_millis(LONGEST_MILLIS);
        let mut all = Swept::default();
        let mut left = limit;
        loop {
            let (step, taken) = self.sweep_step(left).await?;
            all.blobs += step.blobs;
            all.leases += step.leases;
            all.more = step.more;
            left = left.saturating_sub(taken);
            if !step.more || left == 0 || self.now() >= latest {
                break;
            }
        }
        let used_before = self.now().plus_seconds(-super::TICKET_RECORD_SECONDS);
        self.catalog().forget_tickets(used_before).await?;
        // The record of a claim that was abandoned stands in the way of one that is late.
        let settled = self.now().plus_millis(-self.lease_term().settle);
        self.catalog().forget_keys(settled).await?;
        Ok(all)
    }

    /// One step, of at most `limit` records; what was swept, and how many records that was.
    async fn sweep_step(&self, limit: u32) -> Result<(Swept, u32), ServiceError> {
        let (mut blobs, mut leases) = (0, 0);
        let most_leases = limit.min(LEASES_PER_STEP);
        let expired = self.catalog().expired_leases(self.now(), most_leases);
        for lease in expired.await? {
            self.sweep_lease(&lease).await?;
            leases += 1;
        }
        let most_blobs = limit.min(STEP) - leases;
        let grace = self.settings().stores.delete_grace_seconds;
        let died_before = self.now().plus_seconds(-grace.cast_signed());
        for blob in self.catalog().dead_blobs(died_before, most_blobs).await? {
            self.blobs().delete(&blob).await?;
            self.catalog().forget_blob(&blob.id).await?;
            blobs += 1;
        }
        let most_remains = most_blobs - blobs;
        let remains = self.sweep_remains(most_remains).await?;
        let more = leases == most_leases || blobs == most_blobs || remains == most_remains;
        let swept = Swept {
            blobs,
            leases,
            more,
        };
        Ok((swept, leases + blobs + remains))
    }

    /// Deletes once more what had been deleted before the last write of it could land: one
    /// of an upload within the time that a lease leaves for it, one that moves blobs
    /// within the time that it may take itself besides.
    async fn sweep_remains(&self, limit: u32) -> Result<u32, ServiceError> {
        if limit == 0 {
            return Ok(0);
        }
        let term = self.lease_term();
        let is_migrating = self.settings().stores.previous_blobs.is_some();
        let moving = if is_migrating { term.write } else { 0 };
        let settled = self.now().plus_millis(-term.settle.saturating_add(moving));
        let remains = self.catalog().remains(settled, limit).await?;
        if remains.is_empty() {
            return Ok(0);
        }
        for blob in &remains {
            self.blobs().delete(blob).await?;
            self.blobs().delete_remains(&blob.id).await?;
        }
        let ids: Vec<BlobId> = remains.into_iter().map(|blob| blob.id).collect();
        self.catalog().forget_remains(&ids).await?;
        Ok(u32::try_from(ids.len()).unwrap_or(u32::MAX))
    }

    /// Deletes what was written under the lease and is no blob. Its end is recorded
    /// first: a commit that is on its way with the time of a moment ago, or by a
    /// clock that is behind, comes either before the look at the records or to nothing.
    async fn sweep_lease(&self, lease: &Lease) -> Result<(), ServiceError> {
        self.catalog().close_lease(&lease.id).await?;
        let recorded = self.catalog().recorded_blobs(lease).await?;
        let issued = (0..lease.capacity).filter_map(|number| lease.blob_id(number));
        for id in issued.filter(|id| !recorded.contains(id)) {
            self.blobs().delete_remains(&id).await?;
        }
        Ok(self.catalog().forget_lease(&lease.id).await?)
    }

    /// Sweeps a step after the response, if one is due.
    pub(super) fn sweep_in_background(&self) {
        if !self.parts.sweeps.begin(self.now()) {
            return;
        }
        let service = self.clone();
        self.spawn(async move {
            if let Err(error) = service.sweep(STEP).await {
                service.log(&format!("a sweep was cut short: {error}"));
            }
        });
    }
}
