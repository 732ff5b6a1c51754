//! Notes about a request while it is served: its owner, the bytes received, how its time is spent,
//! and the trace that it belongs to.
//!
//! The stores do not know which request they work for, and the requests of one
//! instance take turns at every await. A request is therefore the current one while
//! its future is polled ([`Trace::scope`]), and notes taken meanwhile are its own. Work
//! that continues after the response, such as reading the later chunks of a body,
//! belongs to no request.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// A part of the time that a request takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Checking tokens, links and tickets.
    Auth,
    /// Statements of the catalog.
    Catalog,
    /// Calls of the blob store.
    Blob,
    /// Deriving an image, until its first bytes arrive.
    Derive,
}

impl Phase {
    /// All phases, in the order in which they are reported.
    pub const ALL: [Self; 4] = [Self::Auth, Self::Catalog, Self::Blob, Self::Derive];

    /// The phase's name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Catalog => "catalog",
            Self::Blob => "blob",
            Self::Derive => "derive",
        }
    }
}

/// The notes of one request.
#[derive(Debug, Default)]
pub struct Trace {
    is_timed: bool,
    owner: OnceLock<String>,
    /// The request's `traceparent`.
    parent: Option<String>,
    bytes_in: AtomicU64,
    auth_nanos: AtomicU64,
    catalog_nanos: AtomicU64,
    blob_nanos: AtomicU64,
    derive_nanos: AtomicU64,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Trace>>> = const { RefCell::new(None) };
}

impl Trace {
    /// Starts with no notes; phases are measured if `is_timed`.
    pub fn new(is_timed: bool) -> Arc<Self> {
        Arc::new(Self {
            is_timed,
            ..Self::default()
        })
    }

    /// The same for a request with this valid `traceparent` (W3C Trace Context).
    pub fn within(parent: Option<&str>, is_timed: bool) -> Arc<Self> {
        Arc::new(Self {
            is_timed,
            parent: parent.map(str::to_owned),
            ..Self::default()
        })
    }

    /// The request's `traceparent`.
    pub fn parent(&self) -> Option<&str> {
        self.parent.as_deref()
    }

    /// Runs `future` as the request that these notes are about.
    pub async fn scope<F: Future>(self: Arc<Self>, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|context| {
            let _entered = Entered::new(&self);
            future.as_mut().poll(context)
        })
        .await
    }

    /// The owner that the request acts for, once its token or ticket has been verified.
    pub fn owner(&self) -> Option<&str> {
        self.owner.get().map(String::as_str)
    }

    /// The number of bytes of the request's body that have been read.
    pub fn bytes_in(&self) -> u64 {
        self.bytes_in.load(Ordering::Relaxed)
    }

    /// Notes that `bytes` more of the request's body were read.
    pub fn add_bytes_in(&self, bytes: u64) {
        self.bytes_in.fetch_add(bytes, Ordering::Relaxed);
    }

    /// The time spent in a phase, summed over all its calls. Calls may run at the same
    /// time, so the sum may exceed the duration of the request.
    pub fn spent(&self, phase: Phase) -> Duration {
        Duration::from_nanos(self.nanos(phase).load(Ordering::Relaxed))
    }

    fn nanos(&self, phase: Phase) -> &AtomicU64 {
        match phase {
            Phase::Auth => &self.auth_nanos,
            Phase::Catalog => &self.catalog_nanos,
            Phase::Blob => &self.blob_nanos,
            Phase::Derive => &self.derive_nanos,
        }
    }
}

/// Notes the owner that the current request acts for.
pub fn note_owner(owner: &str) {
    if let Some(trace) = current() {
        trace.owner.get_or_init(|| owner.to_owned());
    }
}

/// The `traceparent` of the current request, for the requests that it causes. Darkroom records no
/// spans of its own, so it is passed on as it came.
pub fn parent() -> Option<String> {
    current()?.parent.clone()
}

/// Measures a phase of the current request until the timer is dropped.
#[must_use = "the phase ends when the timer is dropped"]
pub fn start(phase: Phase) -> Timer {
    let trace = current().filter(|trace| trace.is_timed);
    Timer(trace.map(|trace| (trace, phase, Instant::now())))
}

/// A phase that is being measured; does nothing if the request is not timed.
#[derive(Debug)]
pub struct Timer(Option<(Arc<Trace>, Phase, Instant)>);

impl Drop for Timer {
    fn drop(&mut self) {
        if let Some((trace, phase, start)) = &self.0 {
            let nanos = u64::try_from(start.elapsed().as_nanos()).unwrap_or(u64::MAX);
            trace.nanos(*phase).fetch_add(nanos, Ordering::Relaxed);
        }
    }
}

fn current() -> Option<Arc<Trace>> {
    CURRENT.with_borrow(Option::clone)
}

/// Makes a request the current one until it is dropped.
struct Entered {
    before: Option<Arc<Trace>>,
}

impl Entered {
    fn new(trace: &Arc<Trace>) -> Self {
        Self {
            before: CURRENT.replace(Some(Arc::clone(trace))),
        }
    }
}

impl Drop for Entered {
    fn drop(&mut self) {
        CURRENT.set(self.before.take());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn requests_that_take_turns_keep_apart() {
        let request = async |trace: &Arc<Trace>, owner: &str| {
            let work = async {
                tokio::task::yield_now().await;
                note_owner(owner);
                let timer = start(Phase::Catalog);
                tokio::task::yield_now().await;
                drop(timer);
                note_owner("another");
            };
            Arc::clone(trace).scope(work).await;
        };
        let (first, second) = (Trace::new(true), Trace::new(false));
        tokio::join!(request(&first, "alice"), request(&second, "bob"));
        assert_eq!(
            (first.owner(), second.owner()),
            (Some("alice"), Some("bob"))
        );
        assert!(first.spent(Phase::Catalog) > Duration::ZERO);
        // This request is not timed, so the clock is never read.
        assert_eq!(second.spent(Phase::Catalog), Duration::ZERO);
        assert_eq!(first.spent(Phase::Blob), Duration::ZERO);
    }

    #[test]
    fn outside_a_request_nothing_is_noted() {
        note_owner("nobody");
        assert!(parent().is_none() && current().is_none() && start(Phase::Auth).0.is_none());
    }
}
