//! Where blob ids come from: leases recorded in the catalog before a byte is
//! written, so that what a crash leaves behind can be found.
//!
//! One record serves many uploads. An instance begins with a small lease and
//! takes larger ones while it lives, since most instances live short.

use std::sync::{Mutex, PoisonError};

use uuid::Uuid;

use super::Service;
use crate::blobs::BlobId;
use crate::catalog::{CatalogError, Lease, Timestamp};

/// How long a lease is in force: the longest that an upload may take, and how
/// long a crash's remains may stay.
pub const TERM_SECONDS: i64 = 6 * 3600;
/// For how long ids are given out under a lease. The rest of its term is left
/// for the uploads that have begun.
pub const ISSUE_SECONDS: i64 = 600;

const FIRST_CAPACITY: u32 = 4;
const LARGEST_CAPACITY: u32 = 64;

/// A blob id, and the lease that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LeasedId {
    pub(super) blob: BlobId,
    pub(super) lease: String,
}

/// The lease that an instance draws from.
#[derive(Debug, Default)]
pub(super) struct LeasePool {
    // Never held across an await.
    current: Mutex<Option<Current>>,
}

#[derive(Debug)]
struct Current {
    lease: Lease,
    next: u32,
    issue_until: Timestamp,
}

impl Current {
    fn draw(&mut self, now: Timestamp) -> Option<LeasedId> {
        if now >= self.issue_until {
            return None;
        }
        let blob = self.lease.blob_id(self.next)?;
        self.next += 1;
        Some(LeasedId {
            blob,
            lease: self.lease.id.clone(),
        })
    }
}

impl LeasePool {
    /// An id from the current lease, or the capacity that the next should have.
    fn draw(&self, now: Timestamp) -> Result<LeasedId, u32> {
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(current) = current.as_mut() else {
            return Err(FIRST_CAPACITY);
        };
        let next_capacity = (current.lease.capacity * 4).min(LARGEST_CAPACITY);
        current.draw(now).ok_or(next_capacity)
    }

    fn replace(&self, current: Current) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = Some(current);
    }
}

impl Service {
    /// A blob id that nobody else has.
    pub(super) async fn next_blob_id(&self) -> Result<LeasedId, CatalogError> {
        let now = self.now();
        let capacity = match self.parts.leases.draw(now) {
            Ok(id) => return Ok(id),
            Err(capacity) => capacity,
        };
        let lease = Lease {
            id: Uuid::now_v7().simple().to_string(),
            capacity,
            expires_at: now.plus_seconds(TERM_SECONDS),
        };
        self.catalog().lease(&lease).await?;
        let issue_until = now.plus_seconds(ISSUE_SECONDS);
        let mut current = Current {
            lease,
            next: 0,
            issue_until,
        };
        let id = current.draw(now);
        // Another request may have done the same meanwhile: the ids left in the
        // lease that is replaced stay unused.
        self.parts.leases.replace(current);
        id.ok_or(CatalogError::LeaseExpired)
    }
}
