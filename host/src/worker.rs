//! Instances and their reuse: how many requests an instance serves, how long it waits for more,
//! and how it ends.

use crate::ctx::{Ctx, Granted};
use crate::instances::Full;
use crate::processor_time::ProcessorTime;
use crate::single_use::{Fate, Use};
use crate::under_way::UnderWay;
use crate::{compute, log, stats};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};
use tokio::sync::futures::OwnedNotified;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::time::Sleep;
use wasmtime::component::GuestTaskId;
use wasmtime::{Engine, Store, StoreContextMut};
use wasmtime_wasi_http::WasiHttpView;
use wasmtime_wasi_http::handler::{
    HandlerState, Instance, ProxyPre, ShouldAccept, WorkerExpiration, WorkerState, WorkerStatus,
};

/// The limits on instances and their reuse.
#[derive(Clone, Copy)]
pub struct Limits {
    /// The maximum number of instances that are alive at the same time.
    pub instances: u32,
    /// The maximum number of those among them that serve many requests each.
    pub reused: usize,
    /// The maximum memory of an instance in bytes, if it is limited.
    pub max_memory: Option<usize>,
    /// The maximum number of single-use instances that run at the same time.
    pub single_use: usize,
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
    /// The same limits for instances that serve one request each.
    pub fn for_single_use(self) -> Self {
        Self {
            reuse: 1,
            concurrent: 1,
            ..self
        }
    }

    /// Whether computing guests must be interruptible.
    pub fn interrupt(&self) -> bool {
        self.request.is_some() || self.compute.is_some()
    }
}

/// Creates instances of one component.
#[derive(Clone)]
pub struct Factory {
    /// The component, ready to be instantiated.
    pre: Arc<ProxyPre<Ctx>>,
    /// The resources that the component may use.
    granted: Arc<Granted>,
    /// The limits on its instances.
    limits: Limits,
    /// Notified when idle instances should end at once.
    stopping: Arc<Notify>,
    /// Set once an instance has computed for a long time.
    stuck: Arc<AtomicBool>,
    /// A permit for each instance that may be alive, if not the requests are counted instead.
    places: Option<Arc<Semaphore>>,
}

impl Factory {
    /// Creates a factory for a component that may use the resources in `granted`.
    pub fn new(
        pre: Arc<ProxyPre<Ctx>>,
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
            places: None,
        }
    }

    /// Limits the number of instances that are alive to the number of permits.
    pub fn limited_to(self, places: Arc<Semaphore>) -> Self {
        let places = Some(places);
        Self { places, ..self }
    }

    /// Whether one of the instances has computed for a long time.
    pub fn is_stuck(&self) -> bool {
        self.stuck.load(Relaxed)
    }

    /// A factory for the same component that is not stuck, for a new set of instances.
    pub fn afresh(&self) -> Self {
        Self {
            stuck: Arc::default(),
            ..self.clone()
        }
    }
}

impl HandlerState for Factory {
    type StoreData = Ctx;
    type WorkerExpiration = Expiration;
    type WorkerState = Worker;

    async fn instantiate(&self) -> wasmtime::Result<Instance<Ctx, Expiration, Worker>> {
        let place = self.places.clone().map(Semaphore::try_acquire_owned);
        let place = place.transpose().map_err(|_| Full)?;
        let ctx = Ctx::new(self.granted.clone(), self.limits.max_memory);
        let mut store = Store::new(engine(&self.pre), ctx);
        store.limiter(|ctx| &mut ctx.limiter);
        let (limit, used) = (self.limits.compute, Arc::<ProcessorTime>::default());
        match (self.limits.interrupt(), self.granted.is_single_use) {
            (false, _) => {}
            (true, true) => compute::bound_single_use(&mut store, limit, used.clone()),
            (true, false) => compute::bound(&mut store, limit, self.stuck.clone())?,
        }
        let proxy = self.pre.instantiate_async(&mut store).await?;
        stats::instance();
        let fate = Arc::default();
        let expiration = Expiration {
            limits: self.limits,
            sleep: Box::pin(tokio::time::sleep(self.limits.idle)),
            stopping: Box::pin(self.stopping.clone().notified_owned()),
            fate: Arc::clone(&fate),
            abandoned: None,
            used: self.granted.is_single_use.then_some(used),
        };
        Ok(Instance {
            store,
            proxy,
            view: Ctx::http,
            expiration,
            state: Worker {
                limits: self.limits,
                fate,
                _place: place,
            },
        })
    }
}

fn engine(pre: &ProxyPre<Ctx>) -> &Engine {
    match pre {
        ProxyPre::P2(pre) => pre.engine(),
        ProxyPre::P3(pre) => pre.engine(),
    }
}

/// A request that an instance has accepted.
pub struct Accepted {
    /// The request.
    pub under_way: Arc<UnderWay>,
    /// The use of the instance, if it serves no other request.
    pub single_use: Option<Use>,
}

/// The fate of a single-use instance, once its request has reached it.
type KnownFate = Arc<OnceLock<Arc<Fate>>>;

/// Determines when an instance expires.
pub struct Expiration {
    limits: Limits,
    sleep: Pin<Box<Sleep>>,
    stopping: Pin<Box<OwnedNotified>>,
    fate: KnownFate,
    abandoned: Option<Pin<Box<OwnedNotified>>>,
    /// The processor time of a single-use instance.
    used: Option<Arc<ProcessorTime>>,
}

impl Expiration {
    /// Waits until nobody waits for the response of a single-use instance.
    fn poll_abandoned(&mut self, context: &mut Context<'_>) -> Poll<()> {
        let Some(fate) = self.fate.get() else {
            return Poll::Pending;
        };
        let abandoned = self
            .abandoned
            .get_or_insert_with(|| Box::pin(fate.abandoned()));
        abandoned.as_mut().poll(context)
    }
}

impl WorkerExpiration for Expiration {
    fn poll(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        status: WorkerStatus,
        start: Instant,
    ) -> Poll<()> {
        // This is called at the end of each turn of the instance.
        if let Some(used) = &self.used {
            used.update();
        }
        if self.poll_abandoned(context).is_ready() {
            return Poll::Ready(());
        }
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
        let deadline = tokio::time::Instant::from(deadline);
        // Deadlines mostly move on. The timer is not set anew each time, but when it goes off.
        if self.sleep.deadline() > deadline {
            self.sleep.as_mut().reset(deadline);
        }
        ready!(self.sleep.as_mut().poll(context));
        if self.sleep.deadline() < deadline {
            self.sleep.as_mut().reset(deadline);
            ready!(self.sleep.as_mut().poll(context));
        }
        Poll::Ready(())
    }
}

/// The state of a running instance.
pub struct Worker {
    limits: Limits,
    fate: KnownFate,
    _place: Option<OwnedSemaphorePermit>,
}

impl WorkerState for Worker {
    type StoreData = Ctx;
    type RequestData = Accepted;

    fn should_accept_request(&self, concurrent: usize, total: usize) -> ShouldAccept {
        if total >= self.limits.reuse {
            ShouldAccept::Never
        } else if concurrent >= self.limits.concurrent {
            ShouldAccept::No
        } else {
            ShouldAccept::Yes
        }
    }

    fn on_request_start(
        &self,
        mut store: StoreContextMut<'_, Ctx>,
        accepted: Accepted,
        _: GuestTaskId,
    ) -> Pin<Box<dyn Future<Output = ()> + Send + Sync>> {
        let Accepted {
            under_way,
            single_use,
        } = accepted;
        let ctx = store.data_mut();
        ctx.requests.add(&under_way);
        if let Some(single_use) = single_use {
            let _ = self.fate.set(single_use.fate().clone());
            ctx.single_use = Some(single_use);
        }
        let allowed = self.limits.request;
        Box::pin(async move {
            let _until_it_is_answered = under_way;
            match allowed {
                Some(allowed) => tokio::time::sleep(allowed).await,
                None => std::future::pending().await,
            }
        })
    }

    fn drop(&self, store: Store<Ctx>, result: Result<(), wasmtime::Error>) {
        let fate = self.fate.get();
        if fate.is_some_and(|fate| fate.is_abandoned()) {
            log::debug(format_args!("an instance is ended: its caller is gone"));
        } else if let Err(error) = result {
            if let Some(fate) = fate {
                fate.fail();
            }
            stats::trap();
            let reason = error.root_cause();
            log::warn(format_args!("an instance of the component ended: {reason}"));
            log::debug(format_args!("{error:?}"));
        }
        drop(store);
        stats::dropped();
    }
}
