//! Counters of the whole process.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

static MEMORY: AtomicUsize = AtomicUsize::new(0);
static INSTANCES: AtomicU64 = AtomicU64::new(0);
static REQUESTS: AtomicU64 = AtomicU64::new(0);
static TRAPS: AtomicU64 = AtomicU64::new(0);
static STATEMENTS: AtomicU64 = AtomicU64::new(0);
static STORE_CALLS: AtomicU64 = AtomicU64::new(0);
static OUTBOUND: AtomicU64 = AtomicU64::new(0);
static LIVE: AtomicUsize = AtomicUsize::new(0);

/// A guest's memory has grown to `bytes`.
pub fn memory(bytes: usize) {
    MEMORY.fetch_max(bytes, Relaxed);
}

/// An instance has been made.
pub fn instance() {
    INSTANCES.fetch_add(1, Relaxed);
    LIVE.fetch_add(1, Relaxed);
}

/// An instance has been dropped.
pub fn dropped() {
    LIVE.fetch_sub(1, Relaxed);
}

/// Instances that live now.
pub fn live() -> usize {
    LIVE.load(Relaxed)
}

/// A request has come in.
pub fn request() {
    REQUESTS.fetch_add(1, Relaxed);
}

/// A guest has trapped.
pub fn trap() {
    TRAPS.fetch_add(1, Relaxed);
}

/// A guest runs a statement of SQL.
pub fn statement() {
    STATEMENTS.fetch_add(1, Relaxed);
}

/// A guest calls a key-value store.
pub fn store_call() {
    STORE_CALLS.fetch_add(1, Relaxed);
}

/// A request goes out to another server.
pub fn outbound() {
    OUTBOUND.fetch_add(1, Relaxed);
}

/// Prints the counters in one line on standard error.
pub fn print() {
    eprintln!(
        "stats peak_guest_memory_bytes={} instances_created={} requests={} traps={} \
         sql_statements={} store_calls={} outbound_requests={}",
        MEMORY.load(Relaxed),
        INSTANCES.load(Relaxed),
        REQUESTS.load(Relaxed),
        TRAPS.load(Relaxed),
        STATEMENTS.load(Relaxed),
        STORE_CALLS.load(Relaxed),
        OUTBOUND.load(Relaxed)
    );
}
