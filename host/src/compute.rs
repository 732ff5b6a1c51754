//! Limits on computing. At every tick, a guest yields to the other tasks of the process. A guest
//! that computes for too long without yielding to the other requests of its own instance is
//! terminated, and so is a guest that computes for too long for its only request.

use crate::ctx::Ctx;
use crate::processor_time::ProcessorTime;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::Notify;
use wasmtime::component::{Accessor, AccessorTask};
use wasmtime::{Engine, Store, UpdateDeadline, format_err};

/// How often a computing guest yields.
pub const TICK: Duration = Duration::from_millis(5);
/// After how many ticks of computing an instance gets no new requests.
const STUCK: u32 = 50;

/// Starts a thread that advances the engine's epoch at every tick.
pub fn tick(engine: &Engine) {
    let engine = engine.weak();
    std::thread::spawn(move || {
        while let Some(engine) = engine.upgrade() {
            engine.increment_epoch();
            drop(engine);
            std::thread::sleep(TICK);
        }
    });
}

/// How long an instance has been computing.
#[derive(Default)]
struct Spell {
    /// The ticks at which the guest was computing, since its other requests last ran.
    ticks: AtomicU32,
    has_computed: Notify,
}

/// A task of the instance, which runs when the guest lets its other requests run.
struct Turn(Arc<Spell>);

impl AccessorTask<Ctx> for Turn {
    async fn run(self, _: &Accessor<Ctx>) -> wasmtime::Result<()> {
        loop {
            self.0.has_computed.notified().await;
            self.0.ticks.store(0, Relaxed);
        }
    }
}

/// Makes the guest of `store` yield at every tick, terminates it if it computes for `limit` at a
/// time, and sets `stuck` if it computes for a long time.
pub fn bound(
    store: &mut Store<Ctx>,
    limit: Option<Duration>,
    stuck: Arc<AtomicBool>,
) -> wasmtime::Result<()> {
    let spell = Arc::new(Spell::default());
    store.spawn(Turn(spell.clone()))?;
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |context| {
        let ticks = spell.ticks.fetch_add(1, Relaxed).saturating_add(1);
        spell.has_computed.notify_one();
        if ticks >= STUCK {
            stuck.store(true, Relaxed);
        }
        match limit {
            Some(limit) if TICK.saturating_mul(ticks) >= limit => {
                let names = context.data().requests.names();
                Err(format_err!(
                    "the instance computed for {limit:?} without letting its other requests run; \
                     requests under way: {names}"
                ))
            }
            _ => Ok(yielding()),
        }
    });
    Ok(())
}

/// Does the same for a single-use instance, whose pauses do not count: terminates the guest if it
/// computes for `limit` in all.
pub fn bound_single_use(store: &mut Store<Ctx>, limit: Option<Duration>, used: Arc<ProcessorTime>) {
    store.set_epoch_deadline(1);
    store.epoch_deadline_callback(move |context| match limit {
        Some(limit) if used.update() >= limit => {
            let names = context.data().requests.names();
            Err(format_err!(
                "the instance computed for {limit:?}; its request: {names}"
            ))
        }
        _ => Ok(yielding()),
    });
}

/// Lets other tasks run until the next tick.
fn yielding() -> UpdateDeadline {
    UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now()))
}
