//! Counters of the whole process.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

static MEMORY: AtomicUsize = AtomicUsize::new(0);
static INSTANCES: AtomicU64 = AtomicU64::new(0);
static REQUESTS: AtomicU64 = AtomicU64::new(0);
static TRAPS: AtomicU64 = AtomicU64::new(0);
static STATEMENTS: AtomicU64 = AtomicU64::new(0);
static STORE_CALLS: AtomicU64 = AtomicU64::new(0);
static OUTBOUND: AtomicU64 = AtomicU64::new(0);
static CHAINED: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// Records that a guest's memory has grown to `bytes`.
pub fn memory(bytes: usize) {
    MEMORY.fetch_max(bytes, Relaxed);
}

/// The most memory that a guest has had, in bytes.
pub fn peak_memory() -> usize {
    MEMORY.load(Relaxed)
}

/// Counts an instance that has been created.
pub fn instance() {
    INSTANCES.fetch_add(1, Relaxed);
    LIVE.fetch_add(1, Relaxed);
}

/// Records that an instance has been dropped.
pub fn dropped() {
    LIVE.fetch_sub(1, Relaxed);
}

/// The number of instances that are alive.
pub fn live() -> usize {
    LIVE.load(Relaxed)
}

/// The number of instances that have been created.
pub fn created() -> u64 {
    INSTANCES.load(Relaxed)
}

/// The number of guests that have trapped.
pub fn traps() -> u64 {
    TRAPS.load(Relaxed)
}

/// Counts a request that has arrived.
pub fn request() {
    REQUESTS.fetch_add(1, Relaxed);
}

/// Counts a guest that has trapped.
pub fn trap() {
    TRAPS.fetch_add(1, Relaxed);
}

/// Counts an SQL statement of a guest.
pub fn statement() {
    STATEMENTS.fetch_add(1, Relaxed);
}

/// Counts a guest's call to a key-value store.
pub fn store_call() {
    STORE_CALLS.fetch_add(1, Relaxed);
}

/// Counts a request that is sent to another server.
pub fn outbound() {
    OUTBOUND.fetch_add(1, Relaxed);
}

/// Counts a request of one component to another.
pub fn chained() {
    CHAINED.fetch_add(1, Relaxed);
}

/// Prints the counters on one line to standard error.
pub fn print() {
    eprintln!(
        "stats peak_guest_memory_bytes={} instances_created={} requests={} traps={} \
         sql_statements={} store_calls={} outbound_requests={} chained_requests={}",
        peak_memory(),
        INSTANCES.load(Relaxed),
        REQUESTS.load(Relaxed),
        TRAPS.load(Relaxed),
        STATEMENTS.load(Relaxed),
        STORE_CALLS.load(Relaxed),
        OUTBOUND.load(Relaxed),
        CHAINED.load(Relaxed)
    );
}
