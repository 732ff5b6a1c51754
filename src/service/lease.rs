//! Issues blob ids: from leases that are recorded in the catalog before a byte is
//! written, so that whatever a crash leaves behind can be found.
//!
//! One record serves many uploads. An instance begins with a small lease and acquires
//! larger ones the longer it lives, since most instances are short-lived.
//!
//! A lease's term has three parts: first ids are issued, then the uploads that have begun
//! are finished, then nothing more is written, so that a slow write, even one that was
//! abandoned, completes before the sweep runs.

use std::sync::{Mutex, PoisonError};

use super::Service;
use crate::catalog::{CatalogError, Lease};
use crate::model::{BlobId, Timestamp};

const FIRST_CAPACITY: u32 = 4;
const LARGEST_CAPACITY: u32 = 64;

/// The parts of a lease's term, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Term {
    /// How long ids are issued.
    pub issue: i64,
    /// How long uploads may continue after that: each upload has at least this long.
    pub write: i64,
    /// How long before the lease ends nothing more is written: the longest that a store may
    /// take to complete a write, whether or not anything still waits for it.
    pub settle: i64,
}

impl Term {
    /// Creates a term that gives every upload at least `upload_seconds`, and every abandoned
    /// write at least `late_write_seconds`.
    pub const fn new(upload_seconds: u64, late_write_seconds: u64) -> Self {
        let write = millis(upload_seconds);
        let late_write = millis(late_write_seconds);
        Self {
            issue: write / 36,
            write,
            settle: if late_write > write / 12 {
                late_write
            } else {
                write / 12
            },
        }
    }

    /// How long a lease is in force.
    pub fn whole(self) -> i64 {
        self.issue
            .saturating_add(self.write)
            .saturating_add(self.settle)
    }
}

const fn millis(seconds: u64) -> i64 {
    seconds.cast_signed().saturating_mul(1000)
}

/// A blob id and the lease that it belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct LeasedId {
    pub(super) blob: BlobId,
    pub(super) lease: String,
    /// Nothing is written under the id from this time on.
    pub(super) write_until: Timestamp,
}

/// The lease that an instance takes ids from.
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
    write_until: Timestamp,
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
            write_until: self.write_until,
        })
    }
}

impl LeasePool {
    /// Takes an id from the current lease; otherwise returns the capacity for the next lease.
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
    /// Returns a blob id that has never been issued before.
    pub(super) async fn next_blob_id(&self) -> Result<LeasedId, CatalogError> {
        let now = self.now();
        let capacity = match self.parts.leases.draw(now) {
            Ok(id) => return Ok(id),
            Err(capacity) => capacity,
        };
        let term = self.lease_term();
        let lease = Lease {
            id: self.new_id(),
            capacity,
            expires_at: now.plus_millis(term.whole()),
        };
        self.catalog().lease(&lease).await?;
        let mut current = Current {
            lease,
            next: 0,
            issue_until: now.plus_millis(term.issue),
            write_until: now.plus_millis(term.issue.saturating_add(term.write)),
        };
        let id = current.draw(now);
        // Another request may have replaced the lease meanwhile: the ids left in the lease
        // that is replaced here remain unused.
        self.parts.leases.replace(current);
        id.ok_or(CatalogError::LeaseExpired)
    }
}
