//! A component that serves requests with its instances.

use crate::single_use::{SingleUse, on};
use crate::under_way::UnderWay;
use crate::worker::{Accepted, Factory};
use http::{Request, Response};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::runtime::Handle;
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::ProxyHandler;

/// A component.
pub struct Component {
    instances: Mutex<ProxyHandler<Factory>>,
    kind: Kind,
}

/// How a component's instances are used.
enum Kind {
    /// Instances serve many requests. They run on these threads, whoever makes the request.
    Reused(Handle),
    /// Instances serve one request each, which waits at most this long for a place.
    SingleUse(Arc<SingleUse>, Option<Duration>),
}

impl Component {
    /// Creates a component whose instances `factory` creates. They serve many requests each, and
    /// run on the current threads.
    ///
    /// # Panics
    ///
    /// Panics outside of a Tokio runtime.
    pub fn reused(factory: Factory) -> Self {
        Self {
            instances: Mutex::new(ProxyHandler::new(factory)),
            kind: Kind::Reused(Handle::current()),
        }
    }

    /// Creates a component whose instances `factory` creates, for one request each. A request
    /// waits at most `patience` for one of the places.
    pub fn single_use(
        factory: Factory,
        places: Arc<SingleUse>,
        patience: Option<Duration>,
    ) -> Self {
        Self {
            instances: Mutex::new(ProxyHandler::new(factory)),
            kind: Kind::SingleUse(places, patience),
        }
    }

    /// Answers a request with one of the instances.
    pub async fn answer(
        &self,
        request: Request<WasiBody>,
        under_way: Arc<UnderWay>,
    ) -> wasmtime::Result<Response<WasiBody>> {
        match &self.kind {
            Kind::Reused(threads) => {
                let accepted = Accepted {
                    under_way,
                    single_use: None,
                };
                let instances = self.instances();
                on(threads, instances.handle(accepted, request)).await
            }
            Kind::SingleUse(places, patience) => {
                let single_use = places.place(under_way.link(), *patience).await?;
                let caller = single_use.caller();
                let accepted = Accepted {
                    under_way,
                    single_use: Some(single_use),
                };
                let instances = self.instances();
                let answer = instances.handle(accepted, request);
                caller.answered(on(places.threads(), answer).await)
            }
        }
    }

    /// The instances that accept new requests. Requests are also passed to an instance that is
    /// computing, and would wait for it. So if an instance computes for a long time, new requests
    /// go to a new set of instances.
    fn instances(&self) -> ProxyHandler<Factory> {
        let mut instances = self
            .instances
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if instances.state().is_stuck() {
            *instances = ProxyHandler::new(instances.state().afresh());
        }
        instances.clone()
    }
}
