//! Single-use instances, which serve one request each: those of components of WASI 0.2. A trap
//! ends one request, and the memory of a request is freed with it.
//!
//! Such components may compute, so they have threads of their own, one for each processor, which
//! give way to the other threads of the process: what else the host serves hardly notices them.
//! A bounded number of instances runs at the same time; further requests wait in the order of
//! their arrival.

use crate::chain::Link;
use anyhow::Result;
use bytes::Bytes;
use http::Response;
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use std::num::NonZero;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use std::thread::available_parallelism;
use std::time::Duration;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::futures::OwnedNotified;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use wasmtime_wasi_http::handler::ExpirationError;
use wasmtime_wasi_http::{Error, WasiBody};

/// How much the threads give way to others (`nice`). The others get 9 times the processor time
/// of these threads, if both have work.
#[cfg(target_os = "linux")]
const NICENESS: i32 = 10;

/// The number of instances that run at the same time unless the operator says otherwise: enough
/// for the processors while some instances wait for the bodies of their requests.
pub fn default_places() -> usize {
    processors().saturating_mul(2)
}

fn processors() -> usize {
    available_parallelism().map_or(1, NonZero::get)
}

/// The threads and the places of all single-use instances.
pub struct SingleUse {
    threads: Handle,
    places: Arc<Semaphore>,
    /// Taken when this is dropped.
    runtime: Option<Runtime>,
}

impl SingleUse {
    /// Starts the threads, for this many instances at the same time.
    ///
    /// # Errors
    ///
    /// Fails if the threads cannot be started.
    pub fn start(places: usize) -> Result<Self> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(processors())
            .thread_name("single-use")
            .on_thread_start(give_way)
            .enable_all()
            .build()?;
        Ok(Self {
            threads: runtime.handle().clone(),
            places: Arc::new(Semaphore::new(places)),
            runtime: Some(runtime),
        })
    }

    /// The threads, as tasks are spawned on them.
    pub(crate) fn threads(&self) -> &Handle {
        &self.threads
    }

    /// Waits for a place. A request that another one waits for, which itself holds a place, needs
    /// none: otherwise, they might wait for each other.
    ///
    /// # Errors
    ///
    /// Fails with [`ExpirationError`] if no place becomes free within `patience`.
    pub(crate) async fn place(
        &self,
        link: Link,
        patience: Option<Duration>,
    ) -> wasmtime::Result<Use> {
        let place = match (link.holds_place, patience) {
            (true, _) => None,
            (false, None) => Some(self.places.clone().acquire_owned().await?),
            (false, Some(patience)) => {
                let place = self.places.clone().acquire_owned();
                let place = tokio::time::timeout(patience, place).await;
                Some(place.map_err(|_| ExpirationError)??)
            }
        };
        Ok(Use {
            fate: Arc::default(),
            _place: place,
        })
    }
}

impl Drop for SingleUse {
    fn drop(&mut self) {
        // Dropping a runtime would wait for its tasks.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// Makes the current thread give way to others. Only on Linux do threads have priorities.
fn give_way() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{getpriority_process, setpriority_process};
        let lowered = getpriority_process(None)
            .and_then(|niceness| setpriority_process(None, niceness.saturating_add(NICENESS)));
        if let Err(error) = lowered {
            crate::log::debug(format_args!("cannot lower a thread's priority: {error}"));
        }
    }
}

/// The use of an instance for one request. The instance owns it, and with it the place.
pub struct Use {
    fate: Arc<Fate>,
    _place: Option<OwnedSemaphorePermit>,
}

impl Use {
    /// How the use ends, as far as the instance and the caller have to tell each other.
    pub(crate) fn fate(&self) -> &Arc<Fate> {
        &self.fate
    }

    /// The one who waits for the response.
    pub(crate) fn caller(&self) -> Caller {
        Caller {
            fate: self.fate.clone(),
            is_answered: false,
        }
    }
}

/// How the use of an instance ends.
#[derive(Default)]
pub(crate) struct Fate {
    has_failed: AtomicBool,
    is_abandoned: AtomicBool,
    abandoned: Arc<Notify>,
}

impl Fate {
    /// Records that the instance has ended with an error.
    pub(crate) fn fail(&self) {
        self.has_failed.store(true, Relaxed);
    }

    /// Whether nobody waits for the response any more.
    pub(crate) fn is_abandoned(&self) -> bool {
        self.is_abandoned.load(Relaxed)
    }

    /// Completes when nobody waits for the response any more.
    pub(crate) fn abandoned(&self) -> OwnedNotified {
        self.abandoned.clone().notified_owned()
    }
}

/// The one who waits for a response. If this is dropped before the response begins, the instance
/// is ended.
pub(crate) struct Caller {
    fate: Arc<Fate>,
    is_answered: bool,
}

impl Caller {
    /// Ends the wait with a response. Its body fails if the instance does: otherwise, it would
    /// seem to be complete.
    pub(crate) fn answered(
        mut self,
        response: wasmtime::Result<Response<WasiBody>>,
    ) -> wasmtime::Result<Response<WasiBody>> {
        self.is_answered = true;
        let fate = self.fate.clone();
        response.map(|response| response.map(|body| Checked { body, fate }.boxed_unsync()))
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        if !self.is_answered {
            self.fate.is_abandoned.store(true, Relaxed);
            self.fate.abandoned.notify_one();
        }
    }
}

/// The body of a response, which ends with an error if its instance does.
struct Checked {
    body: WasiBody,
    fate: Arc<Fate>,
}

impl Body for Checked {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if frame.is_none() && self.fate.has_failed.swap(false, Relaxed) {
            return Poll::Ready(Some(Err(Error::HttpResponseIncomplete)));
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream() && !self.fate.has_failed.load(Relaxed)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Runs a future so that the tasks that it spawns run on these threads.
pub(crate) async fn on<F: Future>(threads: &Handle, future: F) -> F::Output {
    let mut future = pin!(future);
    std::future::poll_fn(|context| {
        let _threads = threads.enter();
        future.as_mut().poll(context)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt as _;
    use http_body_util::Full;

    const FIRST: Link = Link {
        depth: 0,
        holds_place: false,
    };

    #[tokio::test]
    async fn requests_wait_for_a_place_in_the_order_of_their_arrival() {
        let single_use = SingleUse::start(1).unwrap();
        let running = single_use.place(FIRST, None).await.unwrap();
        let mut second = pin!(single_use.place(FIRST, None));
        assert!(second.as_mut().now_or_never().is_none());
        let mut third = pin!(single_use.place(FIRST, None));
        assert!(third.as_mut().now_or_never().is_none());
        drop(running);
        assert!(third.as_mut().now_or_never().is_none());
        let second = second.now_or_never().expect("its turn");
        assert!(third.as_mut().now_or_never().is_none());
        drop(second);
        assert!(third.now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_request_whose_caller_holds_a_place_does_not_wait_for_another() {
        let single_use = SingleUse::start(1).unwrap();
        let _running = single_use.place(FIRST, None).await.unwrap();
        let chained = Link {
            depth: 1,
            holds_place: true,
        };
        assert!(single_use.place(chained, None).now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_request_waits_no_longer_than_it_may_take() {
        let single_use = SingleUse::start(1).unwrap();
        let _running = single_use.place(FIRST, None).await.unwrap();
        let waited = single_use.place(FIRST, Some(Duration::from_millis(1)));
        let error = waited.await.err().expect("no place");
        assert!(error.is::<ExpirationError>());
    }

    #[tokio::test]
    async fn an_instance_learns_that_its_caller_is_gone_only_before_the_response() {
        let single_use = SingleUse::start(2).unwrap();
        let gone = single_use.place(FIRST, None).await.unwrap();
        drop(gone.caller());
        assert!(gone.fate().is_abandoned());
        assert!(gone.fate().abandoned().now_or_never().is_some());
        let answered = single_use.place(FIRST, None).await.unwrap();
        let error = wasmtime::format_err!("a trap");
        assert!(answered.caller().answered(Err(error)).is_err());
        assert!(!answered.fate().is_abandoned());
    }

    #[tokio::test]
    async fn a_body_is_not_complete_if_its_instance_failed() {
        for has_failed in [false, true] {
            let single_use = SingleUse::start(1).unwrap();
            let used = single_use.place(FIRST, None).await.unwrap();
            let body = Full::new(Bytes::from_static(b"a piece"));
            let body = body.map_err(|never| match never {}).boxed_unsync();
            let answered = used.caller().answered(Ok(Response::new(body)));
            let mut body = answered.unwrap().into_body();
            if has_failed {
                used.fate().fail();
            }
            assert!(matches!(body.frame().await, Some(Ok(_))));
            let end = body.frame().await;
            let is_broken = matches!(end, Some(Err(Error::HttpResponseIncomplete)));
            assert_eq!((is_broken, end.is_none()), (has_failed, !has_failed));
            assert!(body.frame().await.is_none());
        }
    }

    #[tokio::test]
    async fn tasks_are_spawned_on_the_threads_of_single_use_instances() {
        let single_use = SingleUse::start(1).unwrap();
        let threads = single_use.threads();
        let name = async || {
            let task = tokio::spawn(async { std::thread::current().name().map(str::to_owned) });
            task.await.unwrap()
        };
        let name = on(threads, name()).await;
        assert_eq!(name.as_deref(), Some("single-use"));
    }
}
