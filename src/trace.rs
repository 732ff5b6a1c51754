//! What is noted of a request while it is served: whose it is, what came in, and
//! where the time goes.
//!
//! The stores do not know for which request they work, and requests of one instance
//! take turns at every await. So a request is the current one for as long as its
//! future is polled ([`Trace::scope`]), and what is noted meanwhile is its own. Work
//! that goes on after the response, as the reading of a body's later chunks, belongs
//! to none.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// What a request's time goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Judging tokens, links and tickets.
    Auth,
    /// Statements of the catalog.
    Catalog,
    /// Calls of the blob store.
    Blob,
}

impl Phase {
    /// All phases, in the order in which they are told.
    pub const ALL: [Self; 3] = [Self::Auth, Self::Catalog, Self::Blob];

    /// Its name, in lower case.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::Catalog => "catalog",
            Self::Blob => "blob",
        }
    }
}

/// The notes of one request.
#[derive(Debug, Default)]
pub struct Trace {
    is_timed: bool,
    owner: OnceLock<String>,
    bytes_in: AtomicU64,
    auth_nanos: AtomicU64,
    catalog_nanos: AtomicU64,
    blob_nanos: AtomicU64,
}

thread_local! {
    static CURRENT: RefCell<Option<Arc<Trace>>> = const { RefCell::new(None) };
}

impl Trace {
    /// No notes yet; phases are measured if `is_timed`.
    pub fn new(is_timed: bool) -> Arc<Self> {
        Arc::new(Self {
            is_timed,
            ..Self::default()
        })
    }

    /// Runs `future` as the request that this is of.
    pub async fn scope<F: Future>(self: Arc<Self>, future: F) -> F::Output {
        let mut future = std::pin::pin!(future);
        std::future::poll_fn(|context| {
            let _entered = Entered::new(&self);
            future.as_mut().poll(context)
        })
        .await
    }

    /// For whom the request acts, once its token or ticket has been found good.
    pub fn owner(&self) -> Option<&str> {
        self.owner.get().map(String::as_str)
    }

    /// How many bytes of its body have been read.
    pub fn bytes_in(&self) -> u64 {
        self.bytes_in.load(Ordering::Relaxed)
    }

    /// Notes that bytes of its body were read.
    pub fn add_bytes_in(&self, bytes: u64) {
        self.bytes_in.fetch_add(bytes, Ordering::Relaxed);
    }

    /// How long a phase took, all its calls together: those that ran at the same
    /// time may come to more than the request took.
    pub fn spent(&self, phase: Phase) -> Duration {
        Duration::from_nanos(self.nanos(phase).load(Ordering::Relaxed))
    }

    fn nanos(&self, phase: Phase) -> &AtomicU64 {
        match phase {
            Phase::Auth => &self.auth_nanos,
            Phase::Catalog => &self.catalog_nanos,
            Phase::Blob => &self.blob_nanos,
        }
    }
}

/// Notes for whom the current request acts.
pub fn note_owner(owner: &str) {
    if let Some(trace) = current() {
        trace.owner.get_or_init(|| owner.to_owned());
    }
}

/// Measures a phase of the current request until the timer is dropped.
#[must_use = "the phase ends when the timer is dropped"]
pub fn start(phase: Phase) -> Timer {
    let trace = current().filter(|trace| trace.is_timed);
    Timer(trace.map(|trace| (trace, phase, Instant::now())))
}

/// A phase that is being measured; nothing where nothing is.
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
        // Nobody wants to know: the clock is not asked.
        assert_eq!(second.spent(Phase::Catalog), Duration::ZERO);
        assert_eq!(first.spent(Phase::Blob), Duration::ZERO);
    }

    #[test]
    fn outside_of_a_request_nothing_is_noted() {
        note_owner("nobody");
        assert!(current().is_none() && start(Phase::Auth).0.is_none());
    }
}
