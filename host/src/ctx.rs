//! The state of an instance: the resources that its component may use, and the guest's handles.

use crate::allowed_hosts::AllowedHosts;
use crate::chain::Neighbours;
use crate::key_value::Store;
use crate::outbound::Outbound;
use crate::postgres::Pools;
use crate::single_use::Use;
use crate::sqlite::Database;
use crate::under_way::Requests;
use crate::{log, metrics, stats};
use std::collections::HashMap;
use std::sync::Arc;
use wasmtime::ResourceLimiter;
use wasmtime::component::{HasData, ResourceTable};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};
use wasmtime_wasi_http::{WasiHttpCtx, WasiHttpCtxView, WasiHttpView};

/// The resources that a component may use.
pub struct Granted {
    /// Its variables, evaluated.
    pub variables: HashMap<String, String>,
    /// Its key-value stores by label.
    pub key_value: HashMap<String, Store>,
    /// Its databases by label.
    pub sqlite: HashMap<String, Arc<Database>>,
    /// Its connections to PostgreSQL.
    pub postgres: Arc<Pools>,
    /// The servers that it may send requests to.
    pub outbound: Arc<AllowedHosts>,
    /// The components that it may send requests to, if the former allows them.
    pub neighbours: Arc<Neighbours>,
    /// Whether its instances serve one request each.
    pub is_single_use: bool,
}

/// The state of one instance.
pub struct Ctx {
    /// The resources that the instance's component may use.
    pub component: Arc<Granted>,
    /// The resources that the guest has handles on.
    pub table: ResourceTable,
    /// How many key-value stores the guest has open.
    pub open_stores: usize,
    /// The requests that the instance is answering.
    pub requests: Requests,
    /// The use of the instance, if it serves one request.
    pub single_use: Option<Use>,
    /// Limits and records the instance's memory.
    pub limiter: Limiter,
    wasi: WasiCtx,
    http: WasiHttpCtx,
    hooks: Outbound,
}

impl Ctx {
    /// The state of a new instance.
    pub fn new(component: Arc<Granted>, max_memory: Option<usize>) -> Self {
        let wasi = WasiCtx::builder()
            .env(metrics::VARIABLE, metrics::ROUTE)
            .stdout(log::GuestOutput)
            .stderr(log::GuestOutput)
            .build();
        let requests = Requests::default();
        let hooks = Outbound::new(&component, requests.clone());
        Self {
            component,
            table: ResourceTable::new(),
            open_stores: 0,
            requests,
            single_use: None,
            limiter: Limiter(max_memory.unwrap_or(usize::MAX)),
            wasi,
            http: WasiHttpCtx::new(),
            hooks,
        }
    }
}

impl WasiView for Ctx {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView {
            ctx: &mut self.wasi,
            table: &mut self.table,
        }
    }
}

impl WasiHttpView for Ctx {
    fn http(&mut self) -> WasiHttpCtxView<'_> {
        WasiHttpCtxView {
            hooks: &mut self.hooks,
            table: &mut self.table,
            ctx: &mut self.http,
        }
    }
}

/// Gives the generated bindings access to [`Ctx`].
pub struct HostState;

impl HasData for HostState {
    type Data<'a> = &'a mut Ctx;
}

/// Limits the memory of an instance, and records the peak in [`stats`].
pub struct Limiter(usize);

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        _: usize,
        desired: usize,
        _: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = desired <= self.0;
        if granted {
            stats::memory(desired);
        }
        Ok(granted)
    }

    fn table_growing(&mut self, _: usize, _: usize, _: Option<usize>) -> wasmtime::Result<bool> {
        Ok(true)
    }
}
