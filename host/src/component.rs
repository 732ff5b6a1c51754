//! A component at work: requests go to its instances.

use crate::under_way::UnderWay;
use crate::worker::Factory;
use http::{Request, Response};
use std::sync::{Arc, Mutex, PoisonError};
use wasmtime_wasi_http::WasiBody;
use wasmtime_wasi_http::handler::ProxyHandler;

/// A component.
pub struct Component(Mutex<ProxyHandler<Factory>>);

impl Component {
    /// The component of which these are the instances.
    pub fn new(factory: Factory) -> Self {
        Self(Mutex::new(ProxyHandler::new(factory)))
    }

    /// Has an instance answer.
    pub async fn answer(
        &self,
        request: Request<WasiBody>,
        under_way: Arc<UnderWay>,
    ) -> wasmtime::Result<Response<WasiBody>> {
        let instances = self.instances();
        instances.handle(under_way, request).await
    }

    /// The instances that take new requests. An instance that computes still counts as one
    /// that could take more, and those would wait for it; so where one computes for long,
    /// new requests go to new instances.
    fn instances(&self) -> ProxyHandler<Factory> {
        let mut instances = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if instances.state().is_stuck() {
            *instances = ProxyHandler::new(instances.state().afresh());
        }
        instances.clone()
    }
}
