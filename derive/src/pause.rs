//! How a derivation lets the host run others.
//!
//! A guest that computes holds a thread of its host, so that with as many derivations as cores
//! nothing else would be served. Sleeping is a call to the host, which gives the thread back.
//!
//! Pixels are computed in part by libraries that cannot be told to pause. But they allocate
//! memory, so the allocator of the component pauses too while a source is being worked on.

use std::cell::Cell;
use std::time::{Duration, Instant};

use darkroom_pixels::Pause;

/// How long a derivation computes without a pause.
const STRETCH: Duration = Duration::from_millis(4);
/// How long it sleeps: the least that is a call to the host.
const SLEEP: Duration = Duration::from_micros(1);
/// How many calls pass between two looks at the clock, which is a call to the host as well.
const CALLS: u32 = 16;

thread_local! {
    static CLOCK: Clock = const { Clock::new() };
}

/// When the next pause is due.
#[derive(Debug)]
struct Clock {
    /// The end of the last pause. `None` while nothing is computed.
    since: Cell<Option<Instant>>,
    /// The calls until the next look at the clock.
    calls: Cell<u32>,
}

impl Clock {
    const fn new() -> Self {
        Self {
            since: Cell::new(None),
            calls: Cell::new(CALLS),
        }
    }

    fn tick(&self) {
        match self.calls.get().checked_sub(1) {
            Some(calls) => self.calls.set(calls),
            None => self.look(),
        }
    }

    fn look(&self) {
        self.calls.set(CALLS);
        // Taken, so that what allocates in here does not pause again.
        let Some(since) = self.since.take() else {
            return;
        };
        if since.elapsed() < STRETCH {
            self.since.set(Some(since));
            return;
        }
        std::thread::sleep(SLEEP);
        self.since.set(Some(Instant::now()));
    }
}

/// Pauses while [`computing`](Pauses::computing), when it is time.
#[derive(Clone, Copy, Debug)]
pub struct Pauses;

impl Pauses {
    /// Runs `work`, which makes no calls to the host but those of pauses: within a call of the
    /// host to the guest, such as one that allocates memory for an argument, none is allowed.
    pub fn computing<T>(work: impl FnOnce(&dyn Pause) -> T) -> T {
        CLOCK.with(|clock| clock.since.set(Some(Instant::now())));
        let result = work(&Pauses);
        CLOCK.with(|clock| clock.since.set(None));
        result
    }
}

impl Pause for Pauses {
    fn pause(&self) {
        CLOCK.with(Clock::tick);
    }
}

#[cfg(test)]
mod tests {
    use super::{CALLS, CLOCK, Pause as _, Pauses, STRETCH};

    #[test]
    fn it_looks_at_the_clock_seldom_and_sleeps_when_it_is_time() {
        let since = || CLOCK.with(|clock| clock.since.get());
        Pauses::computing(|pause| {
            let begin = since().expect("it computes");
            std::thread::sleep(STRETCH);
            (0..CALLS).for_each(|_| pause.pause());
            assert_eq!(since(), Some(begin));
            pause.pause();
            assert!(since().expect("it computes") >= begin + STRETCH);
        });
        assert_eq!(since(), None);
        (0..2 * CALLS).for_each(|_| Pauses.pause());
        assert_eq!(since(), None);
    }
}
