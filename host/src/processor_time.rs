//! The processor time of single-use instances. They take turns on threads that do nothing else,
//! so an instance uses what its thread uses from the end of the turn before to the end of its own.

use rustix::time::{ClockId, clock_gettime};
use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

/// The processor time of the current thread.
fn of_this_thread() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

/// The processor time of an instance, in all of its turns.
#[derive(Debug, Default)]
pub struct ProcessorTime(AtomicU64);

impl ProcessorTime {
    /// Adds what the current turn has used so far, and returns the sum. Must be called at the end
    /// of each turn.
    pub fn update(&self) -> Duration {
        thread_local! {
            static BEGIN: Cell<Option<Duration>> = const { Cell::new(None) };
        }
        let now = of_this_thread();
        let begin = BEGIN.replace(Some(now)).unwrap_or(now);
        let used = now.saturating_sub(begin).as_nanos();
        let used = u64::try_from(used).unwrap_or(u64::MAX);
        let before = self.0.fetch_add(used, Relaxed);
        Duration::from_nanos(before.saturating_add(used))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hint::black_box;

    fn compute() {
        let begin = of_this_thread();
        while of_this_thread() < begin + Duration::from_millis(20) {
            black_box(0);
        }
    }

    #[test]
    fn an_instance_uses_the_processor_time_of_its_own_turns() {
        let (first, second) = (ProcessorTime::default(), ProcessorTime::default());
        assert_eq!(first.update(), Duration::ZERO);
        compute();
        let used = first.update();
        assert!(used >= Duration::from_millis(20), "{used:?}");
        // The thread sleeps, and another instance has a turn.
        std::thread::sleep(Duration::from_millis(50));
        compute();
        second.update();
        let more = first.update() - used;
        assert!(more < Duration::from_millis(10), "{more:?}");
    }
}
