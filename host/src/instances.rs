//! The instances that serve many requests each, in one set for each processor.
//!
//! Within a set, requests go to one instance until it serves as many as it may at the same time,
//! even while it computes, and an instance computes on one processor. So with a single set, all of
//! these requests would share a processor. A request goes to the set that serves the fewest: few
//! instances use all processors.

use crate::worker::{Accepted, Factory};
use http::{Request, Response};
use std::fmt;
use std::num::NonZero;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::{InstantiationError, ProxyHandler};

/// How long a request waits if there are too many instances to start another one. Those that are
/// alive may have room meanwhile: an instance takes no second request before it has begun to wait
/// for something on behalf of the first.
const PATIENCE: Duration = Duration::from_secs(1);
/// The pause between two attempts.
const PAUSE: Duration = Duration::from_millis(5);

/// The sets of instances of a component.
pub struct Instances(Vec<Set>);

impl Instances {
    /// A set for each processor, whose instances `factory` creates.
    pub fn for_processors(factory: &Factory) -> Self {
        let processors = available_parallelism().map_or(1, NonZero::get);
        let sets = (0..processors).map(|_| Set::new(factory.afresh()));
        Self(sets.collect())
    }

    /// Answers a request with an instance of the set that serves the fewest requests. If as many
    /// instances are alive as may be, waits a while until one of them takes the request.
    ///
    /// # Errors
    ///
    /// Fails if no instance takes the request or can be started, or if it fails to answer.
    pub async fn answer(
        &self,
        mut accepted: Accepted,
        mut request: Request<WasiBody>,
    ) -> wasmtime::Result<Response<WasiBody>> {
        let end = Instant::now() + PATIENCE;
        loop {
            let error = match self.try_answer(accepted, request).await {
                Ok(response) => return Ok(response),
                Err(error) => error,
            };
            let refused = error.downcast::<InstantiationError<Accepted>>()?;
            if !refused.error.is::<Full>() || Instant::now() > end {
                return Err(refused.into());
            }
            (accepted, request) = returned(refused);
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Answers a request with an instance of the set that serves the fewest requests, or of another
    /// one if that set needs another instance, and it cannot be started.
    async fn try_answer(
        &self,
        accepted: Accepted,
        request: Request<WasiBody>,
    ) -> wasmtime::Result<Response<WasiBody>> {
        let (others, preferred) = self.0.split_at(self.least_used());
        let mut sets = preferred.iter().chain(others);
        let mut answer = match sets.next() {
            Some(set) => set.answer(accepted, request).await,
            None => wasmtime::bail!("there is no processor"),
        };
        for set in sets {
            let Err(error) = answer else { break };
            let (accepted, request) = returned(error.downcast()?);
            answer = set.answer(accepted, request).await;
        }
        answer
    }

    /// The position of the set that serves the fewest requests: the first of several.
    fn least_used(&self) -> usize {
        let sets = self.0.iter().enumerate();
        let least = sets.min_by_key(|(_, set)| set.requests());
        least.map_or(0, |(position, _)| position)
    }
}

/// The request that an instance was to be started for.
fn returned(refused: InstantiationError<Accepted>) -> (Accepted, Request<WasiBody>) {
    let request = refused.request.into_inner();
    let request = request.unwrap_or_else(PoisonError::into_inner);
    (refused.request_data, request)
}

/// A request's share in the load of a set.
pub type Seat = Arc<()>;

/// A set of instances.
struct Set {
    handler: Mutex<ProxyHandler<Factory>>,
    /// Cloned for each request.
    seat: Seat,
}

impl Set {
    fn new(factory: Factory) -> Self {
        Self {
            handler: Mutex::new(ProxyHandler::new(factory)),
            seat: Seat::default(),
        }
    }

    /// The number of requests under way.
    fn requests(&self) -> usize {
        Arc::strong_count(&self.seat) - 1
    }

    async fn answer(
        &self,
        accepted: Accepted,
        request: Request<WasiBody>,
    ) -> wasmtime::Result<Response<WasiBody>> {
        accepted.under_way.sit(self.seat.clone());
        self.handler().handle(accepted, request).await
    }

    /// The instances that accept new requests. Requests are also passed to an instance that is
    /// computing, and would wait for it. So if an instance computes for a long time, new requests
    /// go to a new set of instances.
    fn handler(&self) -> ProxyHandler<Factory> {
        let mut handler = self.handler.lock().unwrap_or_else(PoisonError::into_inner);
        if handler.state().is_stuck() {
            *handler = ProxyHandler::new(handler.state().afresh());
        }
        handler.clone()
    }
}

/// As many instances are alive as may be.
#[derive(Debug)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("as many instances are alive as may be")
    }
}

impl std::error::Error for Full {}
