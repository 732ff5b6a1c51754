//! A platform without a host: the test sets its clock, and spawned work waits until the
//! test runs it.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use futures_util::future::{BoxFuture, join_all, pending};

use super::{Clock, Platform};
use crate::model::Timestamp;

/// The platform.
pub(crate) struct TestPlatform {
    now: Box<dyn Fn() -> Timestamp + Send + Sync>,
    spawned: Mutex<Vec<BoxFuture<'static, ()>>>,
    lines: Mutex<Vec<String>>,
}

impl TestPlatform {
    /// Creates a platform with this clock.
    pub(crate) fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self {
            now: Box::new(now),
            spawned: Mutex::default(),
            lines: Mutex::default(),
        }
    }

    /// Takes the work that was spawned since the last call.
    pub(crate) fn take_spawned(&self) -> Vec<BoxFuture<'static, ()>> {
        std::mem::take(&mut *self.spawned.lock().expect("not poisoned"))
    }

    /// How many pieces of spawned work are waiting.
    #[cfg(test)]
    pub(crate) fn spawned(&self) -> usize {
        self.spawned.lock().expect("not poisoned").len()
    }

    /// Runs the spawned work, and any work that it spawns.
    pub(crate) async fn do_spawned(&self) {
        loop {
            let work = self.take_spawned();
            if work.is_empty() {
                return;
            }
            join_all(work).await;
        }
    }

    /// Takes the lines that were logged since the last call.
    pub(crate) fn take_lines(&self) -> Vec<String> {
        std::mem::take(&mut *self.lines.lock().expect("not poisoned"))
    }
}

impl Clock for TestPlatform {
    fn now(&self) -> Timestamp {
        (self.now)()
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(pending())
    }
}

/// How many random numbers all tests together have drawn.
static RANDOM: AtomicU64 = AtomicU64::new(0);

impl Platform for TestPlatform {
    /// Never returns the same number twice, on any platform.
    fn random(&self) -> u128 {
        let number = RANDOM.fetch_add(1, Ordering::Relaxed);
        let half = |half: u64| u128::from(mixed(2 * number + half));
        half(0) << 64 | half(1)
    }

    fn spawn(&self, work: BoxFuture<'static, ()>) {
        self.spawned.lock().expect("not poisoned").push(work);
    }

    fn log(&self, line: &str) {
        let mut lines = self.lines.lock().expect("not poisoned");
        lines.push(line.to_owned());
    }
}

/// SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators), which
/// maps different numbers to different numbers.
fn mixed(number: u64) -> u64 {
    let mut z = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
