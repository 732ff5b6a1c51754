//! Cleaning up: deletes the bytes of deleted images and whatever crashes left behind.
//!
//! Everything is found through the catalog's records, never by listing keys. Bytes are
//! deleted first and their record last, so that a sweep that is interrupted is repeated by
//! the next; two concurrent sweeps merely do the same work twice.
//!
//! A write that was abandoned, by an upload or by a migration of blobs, may complete after
//! its blob was deleted. Therefore deleted blobs are recorded as remains, and deleted once
//! more when no write can complete any more.

use std::sync::atomic::{AtomicI64, Ordering};

use super::{Service, ServiceError};
use crate::catalog::Lease;
use crate::model::{BlobId, Timestamp};

/// How often an instance sweeps by itself.
const INTERVAL_MILLIS: i64 = 60_000;
/// The most records that one step handles, so that no step delays requests.
const STEP: u32 = 16;
/// The most leases among them, since each may have many remains.
const LEASES_PER_STEP: u32 = 2;
/// The most expired uploads among them, since each may have many segments.
const UPLOADS_PER_STEP: u32 = 2;
/// The sweep keeps one part in this many of the variants' budget free.
const ROOM: u64 = 16;
/// A call that sweeps in many steps begins no further step after this long.
pub(super) const LONGEST_MILLIS: i64 = 10_000;

/// When this instance last swept.
#[derive(Debug, Default)]
pub(super) struct Schedule {
    last: AtomicI64,
}

impl Schedule {
    /// Whether a sweep is due. If so, the next one is due an interval later.
    pub(super) fn begin(&self, now: Timestamp) -> bool {
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
    /// Deleted blobs whose bytes have been removed.
    pub blobs: u32,
    /// Expired leases whose remains have been removed.
    pub leases: u32,
    /// Resumable uploads that had expired.
    pub uploads: u32,
    /// Variants that made room for others.
    pub variants: u32,
    /// Whether there may be more to do.
    pub more: bool,
}

impl Service {
    /// Sweeps step by step until nothing is left, `limit` records have been removed, or the
    /// time is up.
    pub async fn sweep(&self, limit: u32) -> Result<Swept, ServiceError> {
        let latest = self.now().plus_millis(LONGEST_MILLIS);
        let mut all = Swept::default();
        let mut left = limit;
        loop {
            let (step, handled) = self.sweep_step(left).await?;
            all.blobs += step.blobs;
            all.leases += step.leases;
            all.uploads += step.uploads;
            all.variants += step.variants;
            all.more = step.more;
            left = left.saturating_sub(handled);
            if !step.more || left == 0 || self.now() >= latest {
                break;
            }
        }
        let ended_before = self.now().plus_seconds(-super::TICKET_RECORD_SECONDS);
        self.catalog().forget_tickets(ended_before).await?;
        self.catalog().forget_links(self.now()).await?;
        // The record of an abandoned claim blocks a claim that arrives late.
        let settled = self.now().plus_millis(-self.lease_term().settle);
        self.catalog().forget_keys(settled).await?;
        self.catalog().forget_variant_records(self.now()).await?;
        self.sweep_rates().await?;
        Ok(all)
    }

    /// Sweeps at most `limit` records; returns what was swept and the number of records.
    async fn sweep_step(&self, limit: u32) -> Result<(Swept, u32), ServiceError> {
        let (mut blobs, mut leases) = (0, 0);
        // They come first, because they reserve what others could use.
        let most_uploads = limit.min(UPLOADS_PER_STEP);
        let uploads = self.sweep_resumables(most_uploads).await?;
        let limit = limit - uploads;
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
        let evicted = self.evict(limit.min(STEP)).await?;
        let most_remains = most_blobs - blobs;
        let remains = self.sweep_remains(most_remains).await?;
        let more = uploads == most_uploads
            || leases == most_leases
            || blobs == most_blobs
            || remains == most_remains
            || evicted == limit.min(STEP);
        let swept = Swept {
            blobs,
            leases,
            uploads,
            variants: evicted,
            more,
        };
        Ok((swept, uploads + leases + blobs + remains + evicted))
    }

    /// Evicts the least recently used variants while there are more than the budget allows,
    /// less some room, so that new ones are seldom held up by making it.
    async fn evict(&self, limit: u32) -> Result<u32, ServiceError> {
        let Some(budget) = self.settings().derived.max_bytes else {
            return Ok(0);
        };
        let keep = budget - budget / ROOM;
        Ok(self.catalog().evict_variants(keep, limit).await?)
    }

    /// Deletes once more the blobs that had been deleted before their last write could
    /// complete: a write of an upload within the time that a lease reserves for it, a write
    /// of a migration within the time that it may additionally take itself.
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

    /// Deletes the blobs that were written under the lease and never committed. The lease is
    /// closed first: a commit in progress that carries a slightly older time, or the time of
    /// a clock that is behind, either takes effect before the records are read or fails.
    async fn sweep_lease(&self, lease: &Lease) -> Result<(), ServiceError> {
        self.catalog().close_lease(&lease.id).await?;
        let recorded = self.catalog().recorded_blobs(lease).await?;
        let issued = (0..lease.capacity).filter_map(|number| lease.blob_id(number));
        for id in issued.filter(|id| !recorded.contains(id)) {
            self.blobs().delete_remains(&id).await?;
        }
        Ok(self.catalog().forget_lease(&lease.id).await?)
    }

    /// Sweeps one step after the response, if one is due.
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
