//! Cleaning up: the bytes of deleted images, and what crashes left behind.
//!
//! Everything is found from the catalog's records, never by listing keys. Bytes
//! go first and their record last, so that a sweep which is cut short is repeated
//! by the next; two sweeps at once only do the same work twice.

use std::sync::atomic::{AtomicI64, Ordering};

use super::{Service, ServiceError};
use crate::catalog::{Lease, Timestamp};

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
        loop {
            let left = limit.saturating_sub(all.blobs + all.leases);
            let step = self.sweep_step(left).await?;
            all.blobs += step.blobs;
            all.leases += step.leases;
            all.more = step.more;
            if !step.more || step.blobs + step.leases >= left || self.now() >= latest {
                break;
            }
        }
        let used_before = self.now().plus_seconds(-super::TICKET_RECORD_SECONDS);
        self.catalog().forget_tickets(used_before).await?;
        self.catalog().forget_keys(self.now()).await?;
        Ok(all)
    }

    /// One step, of at most `limit` records.
    async fn sweep_step(&self, limit: u32) -> Result<Swept, ServiceError> {
        let (mut blobs, mut leases) = (0, 0);
        let most_leases = limit.min(LEASES_PER_STEP);
        let expired = self.catalog().expired_leases(self.now(), most_leases);
        for lease in expired.await? {
            self.sweep_lease(&lease).await?;
            leases += 1;
        }
        let most_blobs = limit.min(STEP) - leases;
        let died_before = self.now().plus_millis(-self.limits().grace_millis);
        for blob in self.catalog().dead_blobs(died_before, most_blobs).await? {
            self.blobs().delete(&blob).await?;
            self.catalog().forget_blob(&blob.id).await?;
            blobs += 1;
        }
        let more = leases == most_leases || blobs == most_blobs;
        Ok(Swept {
            blobs,
            leases,
            more,
        })
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
