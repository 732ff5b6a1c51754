//! Cleaning up: the bytes of deleted images, and what crashes left behind.
//!
//! Everything is found from the catalog's records, never by listing keys. Bytes
//! go first and their record last, so that a sweep which is cut short is repeated
//! by the next; two sweeps at once only do the same work twice.

use std::sync::atomic::{AtomicI64, Ordering};

use super::{Service, ServiceError};
use crate::catalog::{Lease, Timestamp};

/// How long the bytes of a deleted image stay for those who are reading them.
pub const GRACE_SECONDS: i64 = 15 * 60;

/// How often one instance sweeps on its own.
const INTERVAL_MILLIS: i64 = 60_000;
/// How much one step takes on, so that none holds up requests.
const BLOBS_PER_STEP: u32 = 16;
const LEASES_PER_STEP: u32 = 2;

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

/// What a step of the sweep did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Deleted blobs whose bytes are gone now.
    pub blobs: usize,
    /// Expired leases whose remains are gone now.
    pub leases: usize,
}

impl Service {
    /// One bounded step. When it did nothing, there is nothing left to do.
    pub async fn sweep(&self) -> Result<Swept, ServiceError> {
        let now = self.now();
        let dead = self
            .catalog()
            .dead_blobs(now.plus_seconds(-GRACE_SECONDS), BLOBS_PER_STEP)
            .await?;
        for blob in &dead {
            self.blobs().delete(blob).await?;
            self.catalog().forget_blob(&blob.id).await?;
        }
        let leases = self.catalog().expired_leases(now, LEASES_PER_STEP).await?;
        for lease in &leases {
            self.sweep_lease(lease).await?;
        }
        let expired = now.plus_seconds(-super::TICKET_RECORD_SECONDS);
        self.catalog().forget_tickets(expired).await?;
        self.catalog().forget_keys(now).await?;
        Ok(Swept {
            blobs: dead.len(),
            leases: leases.len(),
        })
    }

    async fn sweep_lease(&self, lease: &Lease) -> Result<(), ServiceError> {
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
            if let Err(error) = service.sweep().await {
                service.log(&format!("a sweep was cut short: {error}"));
            }
        });
    }
}
