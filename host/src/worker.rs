//! Instances and their reuse: how many requests an instance serves, how long it waits for more,
//! and how it ends.

use crate::ctx::{Ctx, Granted};
use crate::under_way::UnderWay;
use crate::{compute, log, stats};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio::time::Sleep;
use wasmtime::component::GuestTaskId;
use wasmtime::{Store, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, Proxy, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};
use wasmtime_wasi_http::p3::bindings::ServicePre;

/// The limits on instances and their reuse.
#[derive(Clone, Copy)]
pub struct Limits {
    /// The maximum number of instances that are alive at the same time.
    pub instances: u32,
    /// The maximum memory of an instance in bytes, if it is limited.
    pub max_memory: Option<usize>,
    /// The maximum number of requests that an instance serves in all.
    pub reuse: usize,
    /// The maximum number of requests that an instance serves at the same time.
    pub concurrent: usize,
    /// How long an idle instance is kept.
    pub idle: Duration,
    /// How long a request may take to be answered.
    pub request: Option<Duration>,
    /// How long an instance may compute without letting its other requests run.
    pub compute: Option<Duration>,
}

impl Limits {
    /// Whether computing guests must be interruptible.
    pub fn interrupt(&self) -> bool {
        self.request.is_some() || self.compute.is_some()
    }
}

/// Creates instances of one component.
#[derive(Clone)]
pub struct Factory {
    /// The component, ready to be instantiated.
    pre: ServicePre<Ctx>,
    /// The resources that the component may use.
    granted: Arc<Granted>,
    /// The limits on its instances.
    limits: Limits,
    /// Notified when idle instances should end at once.
    stopping: Arc<Notify>,
    /// Set once an instance has computed for a long time.
    stuck: Arc<AtomicBool>,
}

impl Factory {
    /// Creates a factory for a component that may use the resources in `granted`.
    pub fn new(
        pre: ServicePre<Ctx>,
        granted: Arc<Granted>,
        limits: Limits,
        stopping: Arc<Notify>,
    ) -> Self {
        Self {
            pre,
            granted,
            limits,
            stopping,
            stuck: Arc::default(),
        }
    }

    /// Whether one of the instances has computed for a long time.
    pub fn is_stuck(&self) -> bool {
        self.stuck.load(Relaxed)
    }

    /// A factory for the same component that is not stuck, for a new set of instances.
    pub fn afresh(&self) -> Self {
        let Self {
            pre,
            granted,
            limits,
            stopping,
            stuck: _,
        } = self.clone();
        Self::new(pre, granted, limits, stopping)
    }
}

impl HandlerState for Factory {
    type StoreData = Ctx;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<Ctx, Expiration, Worker>> {
        let ctx = Ctx::new(self.granted.clone(), self.limits.max_memory);
        let mut store = Store::new(self.pre.engine(), ctx);
        store.limiter(|ctx| &mut ctx.limiter);
        if self.limits.interrupt() {
            compute::bound(&mut store, self.limits.compute, self.stuck.clone())?;
        }
        let service = self.pre.instantiate_async(&mut store).await?;
        stats::instance();
        let expiration = Expiration {
            limits: self.limits,
            sleep: Box::pin(tokio::time::sleep(self.limits.idle)),
            stopping: Box::pin(self.stopping.clone().notified_owned()),
        };
        Ok(Instance {
            store,
            proxy: Proxy::P3(service),
            view: Ctx::http,
            expiration,
            state: Worker(self.limits),
        })
    }
}

/// Determines when an instance expires.
pub struct Expiration {
    limits: Limits,
    sleep: Pin<Box<Sleep>>,
    stopping: Pin<Box<OwnedNotified>>,
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        let allowed = match status {
            WorkerStatus::Idle => {
                if self.stopping.as_mut().poll(context).is_ready() {
                    return Poll::Ready(());
                }
                Some(self.limits.idle)
            }
            WorkerStatus::Requests | WorkerStatus::PostReturn => self.limits.request,
        };
        let Some(deadline) = allowed.and_then(|allowed| start.checked_add(allowed)) else {
            return Poll::Pending;
        };
        if self.sleep.deadline() != deadline.into() {
            self.sleep.as_mut().reset(deadline.into());
        }
        self.sleep.as_mut().poll(context)
    }
}

/// The state of a running instance.
pub struct Worker(Limits);

impl WorkerState for Worker {
    type StoreData = Ctx;
    type RequestData = Arc<UnderWay>;

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.0.reuse {
            ShouldAccept::Never
        } else if concurrent >= self.0.concurrent {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, Ctx>,
        under_way: Arc<UnderWay>,
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        store.data_mut().requests.add(&under_way);
        let allowed = self.0.request;
        Box::pin(async move {
            let _until_it_is_answered = under_way;
            match allowed {
                Some(allowed) => tokio::time::sleep(allowed).await,
                None => std::future::pending().await,
            }
        })
    }

    fn drop(&self, store: Store<Ctx>, result: Result<(), wasmtime::Error>) {
        if let Err(error) = result {
            stats::trap();
            let reason = error.root_cause();
            log::warn(format_args!("an instance of the component ended: {reason}"));
            log::debug(format_args!("{error:?}"));
        }
        drop(store);
        stats::dropped();
    }
}
