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
mod tests;
