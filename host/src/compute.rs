//! Instances that compute. A guest gives way to everything else of the process at every
//! tick; one that computes for too long without letting the other requests of its instance
//! go on is ended.

use crate::ctx::Ctx;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::time::Duration;
use tokio::sync::Notify;
use wasmtime::component::{Accessor, AccessorTask};
use wasmtime::{Engine, Store, UpdateDeadline, format_err};

/// How often a guest that computes gives way.
pub const TICK: Duration = Duration::from_millis(10);
/// For how many ticks an instance computes before new requests go to others.
const STUCK: u32 = 25;

/// Makes the engine's clock tick.
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

/// For how long an instance has computed.
#[derive(Default)]
struct Spell {
    /// The ticks at which the guest was computing, since it last let others go on.
    ticks: AtomicU32,
    has_computed: Notify,
}

/// Runs among the tasks of an instance, and so whenever its guest lets others go on.
struct Turn(Arc<Spell>);

impl AccessorTask<Ctx> for Turn {
    async fn run(self, _: &Accessor<Ctx>) -> wasmtime::Result<()> {
        loop {
            self.0.has_computed.notified().await;
            self.0.ticks.store(0, Relaxed);
        }
    }
}

/// Has the guest of `store` give way at every tick, ends it where it computes for `limit`
/// at a time, and notes in `stuck` if it computes for long.
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
                    "it computed for {limit:?} without letting other requests go on; \
                     under way: {names}"
                ))
            }
            _ => {
                let others = Box::pin(tokio::task::yield_now());
                Ok(UpdateDeadline::YieldCustom(1, others))
            }
        }
    });
    Ok(())
}
