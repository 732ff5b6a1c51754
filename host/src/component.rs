//! A component that serves requests with its instances.

use crate::under_way::UnderWay;
use crate::worker::Factory;
use http::{Request, Response};
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::ProxyHandler;

/// A component.
pub struct Component(Mutex<ProxyHandler<Factory>>);

impl Component {
    /// Creates a component whose instances `factory` creates.
    pub fn new(factory: Factory) -> Self {
        Self(Mutex::new(ProxyHandler::new(factory)))
    }

    /// Answers a request with one of the instances.
    pub async fn answer(
        &self,
        request: Request<WasiBody>,
        under_way: Arc<UnderWay>,
    ) -> wasmtime::Result<Response<WasiBody>> {
        let instances = self.instances();
        instances.handle(under_way, request).await
    }

    /// The instances that accept new requests. Requests are also passed to an instance that is
    /// computing, and would wait for it. So if an instance computes for a long time, new requests
    /// go to a new set of instances.
    fn instances(&self) -> ProxyHandler<Factory> {
        let mut instances = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if instances.state().is_stuck() {
            *instances = ProxyHandler::new(instances.state().afresh());
        }
        instances.clone()
    }
}
