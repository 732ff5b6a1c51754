//! The passing time, and how long everything that depends on it lasts.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use crate::model::Timestamp;
use crate::service::Term;

/// How long leases last, in milliseconds.
pub(super) const TERM: Term = Term::new(UPLOAD_SECONDS, LATE_WRITE_SECONDS);
pub(super) const UPLOAD_SECONDS: u64 = 3600;
pub(super) const LATE_WRITE_SECONDS: u64 = 900;
/// How long dead blobs are kept, in milliseconds.
pub(super) const GRACE: i64 = 900_000;
/// How far the clocks of the two instances are ahead of the database's.
pub(super) const AHEAD: [i64; 2] = [0, 30_000];
/// How far a clock may be set back from the latest that it has shown.
const BACK: i64 = 75_000;
/// How much shorter than measured a time may have been, for both reasons.
pub(super) const UNSURE: i64 = AHEAD[1] + BACK;

/// A clock that the test sets.
#[derive(Clone)]
pub(super) struct Clock {
    now: Arc<AtomicI64>,
    latest: Arc<AtomicI64>,
}

impl Clock {
    pub(super) fn new() -> Self {
        let start = 1_800_000_000_000;
        Self {
            now: Arc::new(AtomicI64::new(start)),
            latest: Arc::new(AtomicI64::new(start)),
        }
    }

    /// Milliseconds since the Unix epoch.
    pub(super) fn read(&self) -> i64 {
        self.now.load(Ordering::Relaxed)
    }

    /// The latest time that it has shown.
    pub(super) fn latest(&self) -> i64 {
        self.latest.load(Ordering::Relaxed)
    }

    /// The time as the catalog stores it.
    pub(super) fn timestamp(&self) -> Timestamp {
        Timestamp::from_millis(self.read())
    }

    /// Lets time pass, or sets the clock back.
    pub(super) fn advance(&self, millis: i64) {
        let now = (self.read() + millis).max(self.latest() - BACK);
        self.now.store(now, Ordering::Relaxed);
        self.latest.fetch_max(now, Ordering::Relaxed);
    }
}
