//! A platform without a host: the test sets its clock, and spawned work waits until the
//! test runs it.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use darkroom_transform::Placeholder;
use futures_util::future::{BoxFuture, join_all, pending};
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};

use super::{Clock, DeriveError, DeriveLimits, Derived, Deriver, HttpError, Platform, Source};
use crate::model::{Kind, Timestamp};

/// The shortest time that limits a call.
const LIMIT: Duration = Duration::from_secs(1);

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

    /// A pause between two looks at something ends when everything else has had a turn. A limit
    /// of the time that a call may take is never reached.
    fn sleep(&self, time: Duration) -> BoxFuture<'static, ()> {
        if time >= LIMIT {
            return Box::pin(pending());
        }
        turn()
    }
}

/// Derives texts that say what was derived, in the place of images. It can be made to fail.
#[derive(Default)]
pub(crate) struct FakeDeriver {
    calls: Mutex<Vec<String>>,
    failures: Mutex<VecDeque<DeriveError>>,
    running: AtomicUsize,
    most_running: AtomicUsize,
}

#[cfg_attr(not(test), expect(dead_code, reason = "fuzzers only let it derive"))]
impl FakeDeriver {
    /// The next derivations fail with these errors.
    pub(crate) fn fail(&self, errors: impl IntoIterator<Item = DeriveError>) {
        self.failures.lock().expect("not poisoned").extend(errors);
    }

    /// Takes the transforms that were derived since the last call.
    pub(crate) fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut *self.calls.lock().expect("not poisoned"))
    }

    /// The most derivations that have been in progress at the same time.
    pub(crate) fn most_running(&self) -> usize {
        self.most_running.load(Ordering::Relaxed)
    }
}

/// What [`FakeDeriver`] makes of `length` bytes.
pub(crate) fn derived(transform: &str, length: usize) -> String {
    format!("{transform} of {length} bytes")
}

/// The placeholder that [`FakeDeriver`] makes of `length` bytes.
pub(crate) fn placeholder(length: usize) -> Placeholder {
    let text = format!("AAAA 000000 #{:06x}", length & 0xFF_FFFF);
    Placeholder::parse(&text).expect("is valid")
}

#[async_trait]
impl Deriver for FakeDeriver {
    async fn derive(
        &self,
        source: Source,
        transform: &str,
        _: DeriveLimits,
        with_placeholder: bool,
    ) -> Result<Derived, DeriveError> {
        let bytes = self.take(source, transform).await?;
        let format = transform
            .split('&')
            .find_map(|pair| pair.strip_prefix("format="));
        let text = Bytes::from(derived(transform, bytes.len()));
        Ok(Derived {
            bytes: stream::iter([Ok(text)]).boxed(),
            kind: format
                .and_then(Kind::from_name)
                .expect("the format is decided"),
            width: 2,
            height: 1,
            frames: 1,
            placeholder: with_placeholder.then(|| placeholder(bytes.len())),
        })
    }

    async fn placeholder(
        &self,
        source: Source,
        _: DeriveLimits,
    ) -> Result<Placeholder, DeriveError> {
        let bytes = self.take(source, "placeholder").await?;
        Ok(placeholder(bytes.len()))
    }
}

impl FakeDeriver {
    /// Notes a call and takes the original.
    async fn take(&self, source: Source, call: &str) -> Result<Vec<u8>, DeriveError> {
        let running = self.running.fetch_add(1, Ordering::Relaxed) + 1;
        self.most_running.fetch_max(running, Ordering::Relaxed);
        self.calls
            .lock()
            .expect("not poisoned")
            .push(call.to_owned());
        // Others have a turn.
        for _ in 0..4 {
            turn().await;
        }
        let bytes: Result<Vec<Bytes>, HttpError> = source.bytes.try_collect().await;
        self.running.fetch_sub(1, Ordering::Relaxed);
        if let Some(error) = self.failures.lock().expect("not poisoned").pop_front() {
            return Err(error);
        }
        let bytes = bytes.map_err(|error| DeriveError::of(&error))?.concat();
        assert_eq!(bytes.len() as u64, source.length);
        Ok(bytes)
    }
}

/// Gives everything else a turn.
fn turn() -> BoxFuture<'static, ()> {
    let mut has_waited = false;
    Box::pin(poll_fn(move |context| {
        if std::mem::replace(&mut has_waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }))
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
