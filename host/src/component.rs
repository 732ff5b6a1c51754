//! A component that serves requests with its instances.

use crate::instances::Instances;
use crate::single_use::{SingleUse, on};
use crate::under_way::UnderWay;
use crate::worker::{Accepted, Factory};
use http::{Request, Response};
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Handle;
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::ProxyHandler;

/// A component.
pub struct Component(Kind);

/// How a component's instances are used.
enum Kind {
    /// Instances serve many requests. They run on these threads, whoever makes the request.
    Reused(Instances, Handle),
    /// Instances serve one request each, which waits at most this long for a place.
    SingleUse(ProxyHandler<Factory>, Arc<SingleUse>, Option<Duration>),
}

impl Component {
    /// Creates a component whose instances `factory` creates. They serve many requests each, and
    /// run on the current threads.
    ///
    /// # Panics
    ///
    /// Panics outside of a Tokio runtime.
    pub fn reused(factory: Factory) -> Self {
        let instances = Instances::for_processors(&factory);
        Self(Kind::Reused(instances, Handle::current()))
    }

    /// Creates a component whose instances `factory` creates, for one request each. A request
    /// waits at most `patience` for one of the places.
    pub fn single_use(
        factory: Factory,
        places: Arc<SingleUse>,
        patience: Option<Duration>,
    ) -> Self {
        Self(Kind::SingleUse(
            ProxyHandler::new(factory),
            places,
            patience,
        ))
    }

    /// Answers a request with one of the instances.
    pub async fn answer(
        &self,
        request: Request<WasiBody>,
        under_way: Arc<UnderWay>,
    ) -> wasmtime::Result<Response<WasiBody>> {
        match &self.0 {
            Kind::Reused(instances, threads) => {
                let accepted = Accepted {
                    under_way,
                    single_use: None,
                };
                on(threads, instances.answer(accepted, request)).await
            }
            Kind::SingleUse(instances, places, patience) => {
                let single_use = places.place(under_way.link(), *patience).await?;
                let caller = single_use.caller();
                let accepted = Accepted {
                    under_way,
                    single_use: Some(single_use),
                };
                let answer = instances.handle(accepted, request);
                caller.answered(on(places.threads(), answer).await)
            }
        }
    }
}
