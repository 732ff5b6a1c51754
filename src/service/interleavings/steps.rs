//! Store calls that proceed when the test says so.
//!
//! Every call pauses twice: before it takes effect, and before its answer arrives. In
//! between, anything else may happen, and the caller may vanish at either pause.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Waker};

use futures_util::FutureExt as _;
use futures_util::future::poll_fn;

use crate::model::Timestamp;

/// What an operation waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pause {
    /// A call that changes nothing.
    Look,
    /// A call that will change something.
    Change,
    /// A call that will write a chunk.
    Write,
    /// The answer to a call that has written a chunk.
    Written,
    /// The answer to any other call.
    Answer,
    /// The client, which sends or receives the next piece.
    Client,
}

/// How a pause ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Successfully.
    Proceed,
    /// With a failure of the store: without effect before the call, with effect after it.
    Fail,
    /// The same, but the call still takes effect, this many steps later.
    Late(usize),
}

/// A pause that has not ended.
pub(super) struct Waiting {
    /// The operation that waits.
    pub(super) task: usize,
    /// What it waits for.
    pub(super) pause: Pause,
    /// When it began to wait.
    pub(super) since: Timestamp,
    waker: Option<Waker>,
    effect: Option<Effect>,
}

/// The effect of a call even if nobody awaits its answer.
pub(super) type Effect = Box<dyn FnOnce() + Send>;

/// A call that was abandoned and will still take effect.
struct Drifting {
    steps: usize,
    since: Timestamp,
    effect: Effect,
}

/// All pauses of all operations.
#[derive(Default)]
pub(super) struct Steps {
    state: Mutex<State>,
    /// The operation that is being polled.
    pub(super) task: AtomicUsize,
    /// While this is set, nothing pauses.
    pub(super) free: AtomicBool,
}

#[derive(Default)]
struct State {
    next: u64,
    waiting: BTreeMap<u64, Waiting>,
    ended: BTreeMap<u64, bool>,
    drifting: Vec<Drifting>,
}

impl Steps {
    /// Waits for the test. Returns whether to proceed.
    pub(super) async fn pause(&self, pause: Pause, since: Timestamp) -> bool {
        self.pause_before(pause, since, Box::new(|| ())).await
    }

    /// Waits for the test, which carries out `effect` if the call proceeds.
    pub(super) async fn pause_before(
        &self,
        pause: Pause,
        since: Timestamp,
        effect: Effect,
    ) -> bool {
        if self.free.load(Ordering::Relaxed) {
            effect();
            return true;
        }
        let number = {
            let mut state = self.state.lock().expect("not poisoned");
            state.next += 1;
            let number = state.next;
            let task = self.task.load(Ordering::Relaxed);
            let waiting = Waiting {
                task,
                pause,
                since,
                waker: None,
                effect: Some(effect),
            };
            state.waiting.insert(number, waiting);
            number
        };
        poll_fn(|context| {
            let mut state = self.state.lock().expect("not poisoned");
            if let Some(is_well) = state.ended.remove(&number) {
                return Poll::Ready(is_well);
            }
            if let Some(waiting) = state.waiting.get_mut(&number) {
                waiting.waker = Some(context.waker().clone());
            }
            Poll::Pending
        })
        .await
    }

    /// Returns every pause that has not ended, oldest first: its number, and what `see`
    /// returns.
    pub(super) fn waiting<T>(&self, see: impl Fn(&Waiting) -> T) -> Vec<(u64, T)> {
        let state = self.state.lock().expect("not poisoned");
        let each = state.waiting.iter();
        each.map(|(number, waiting)| (*number, see(waiting)))
            .collect()
    }

    /// Ends a pause at this time; returns it, so that its operation can be polled next.
    pub(super) fn end(&self, number: u64, verdict: Verdict, now: Timestamp) -> Waiting {
        let mut state = self.state.lock().expect("not poisoned");
        let mut waiting = state.waiting.remove(&number).expect("is waiting");
        state.ended.insert(number, verdict == Verdict::Proceed);
        let effect = waiting.effect.take();
        if let Verdict::Late(steps) = verdict {
            let effect = effect.into_iter();
            effect.for_each(|effect| state.drift(steps, now, effect));
        } else if verdict == Verdict::Proceed {
            drop(state);
            effect.into_iter().for_each(|effect| effect());
        }
        if let Some(waker) = waiting.waker.take() {
            waker.wake();
        }
        waiting
    }

    /// Forgets the pauses of an operation that has ended. The call it waits for takes effect
    /// this many steps `later`, if at all.
    pub(super) fn forget(&self, task: usize, later: Option<usize>, now: Timestamp) {
        let mut state = self.state.lock().expect("not poisoned");
        let ours = state
            .waiting
            .extract_if(.., |_, waiting| waiting.task == task);
        let effects: Vec<Effect> = ours.filter_map(|(_, waiting)| waiting.effect).collect();
        if let Some(steps) = later {
            for effect in effects {
                state.drift(steps, now, effect);
            }
        }
    }

    /// Advances delayed effects by this many steps, and carries out those that are due or were
    /// abandoned before `overdue`. Returns whether there were any.
    pub(super) fn land(&self, steps: usize, overdue: Timestamp) -> bool {
        let mut state = self.state.lock().expect("not poisoned");
        for drifting in &mut state.drifting {
            drifting.steps = drifting.steps.saturating_sub(steps);
        }
        let has_landed = |drifting: &mut Drifting| drifting.steps == 0 || drifting.since < overdue;
        let landed: Vec<Drifting> = state.drifting.extract_if(.., has_landed).collect();
        drop(state);
        let any = !landed.is_empty();
        for drifting in landed {
            (drifting.effect)();
        }
        any
    }
}

impl State {
    fn drift(&mut self, steps: usize, since: Timestamp, effect: Effect) {
        self.drifting.push(Drifting {
            steps,
            since,
            effect,
        });
    }
}

/// A store whose calls pause.
pub(super) struct Stepped<S> {
    pub(super) inner: S,
    pub(super) steps: Arc<Steps>,
    pub(super) clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl<S> Stepped<S> {
    /// Makes a call, with a pause on each side.
    pub(super) async fn step<T, E>(
        &self,
        pause: Pause,
        call: impl Future<Output = Result<T, E>>,
        failure: impl Fn() -> E,
    ) -> Result<T, E> {
        if !self.steps.pause(pause, (self.clock)()).await {
            return Err(failure());
        }
        let answer = call.await;
        if !self.steps.pause(Pause::Answer, (self.clock)()).await {
            return Err(failure());
        }
        answer
    }

    /// The same, for a call that may take effect when nobody awaits it any more. It must not
    /// pause itself.
    pub(super) async fn effect<T: Send + 'static, E: Send + 'static>(
        &self,
        (pause, after): (Pause, Pause),
        call: impl Future<Output = Result<T, E>> + Send + 'static,
        failure: impl Fn() -> E,
    ) -> Result<T, E> {
        let answer = Arc::new(Mutex::new(None));
        let effect = {
            let answer = Arc::clone(&answer);
            Box::new(move || *answer.lock().expect("not poisoned") = call.now_or_never())
        };
        let paused = self.steps.pause_before(pause, (self.clock)(), effect);
        if !paused.await || !self.steps.pause(after, (self.clock)()).await {
            return Err(failure());
        }
        let answer = answer.lock().expect("not poisoned").take();
        answer.expect("a call that does not pause")
    }
}
