//! Two instances of the service on the same stores, and everything in progress.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{FutureExt as _, TryStreamExt as _};
use uuid::Uuid;

use super::clock::{AHEAD, Clock, GRACE, LATE_WRITE_SECONDS, TERM, UNSURE, UPLOAD_SECONDS};
use super::derivations::{BUDGET, SteppedDeriver};
use super::model::{self, CHUNK, Model};
use super::operations::{Operation, Scene};
use super::steps::{Pause, Stepped, Steps, Verdict, Waiting};
use super::stores::stepped_catalog;
use crate::blobs::{BlobError, BlobStore, ChunkedBlobs, MemoryKeyValue, MovingBlobs, key};
use crate::catalog::testing::native::Native;
use crate::catalog::testing::postgres::Postgres;
use crate::catalog::{BlobEntry, Catalog, Database, SqlCatalog};
use crate::model::{BlobRef, Filters, ListQuery, Sort, Timestamp};
use crate::platform::testing::{FakeDeriver, TestPlatform};
use crate::service::tests::settings;
use crate::service::{Migration, Service};
use crate::settings::BlobStoreSetting;

/// The longest that a store takes to write a chunk. A piece of a body writes several chunks
/// in succession, within the time that leases reserve for it.
const LONGEST_WRITE: i64 = TERM.settle / 24;
/// The number of steps after which a call takes effect that its operation has abandoned.
const LEFT_BEHIND: usize = 9;
/// The longest that a store takes to carry out an abandoned call.
const LATEST: i64 = TERM.settle / 2;

struct Task {
    instance: usize,
    future: BoxFuture<'static, ()>,
}

/// An instance of the application.
struct Instance {
    service: Service,
    /// The migration of its blobs, if there is one.
    migration: Option<Arc<Migration>>,
    platform: Arc<TestPlatform>,
}

/// The whole world.
pub(super) struct World {
    steps: Arc<Steps>,
    clock: Clock,
    values: MemoryKeyValue,
    /// The store that blobs are moved from.
    previous: Option<MemoryKeyValue>,
    catalog: Arc<dyn Catalog>,
    instances: Vec<Instance>,
    tasks: BTreeMap<usize, Task>,
    next_task: usize,
    pub(super) model: Arc<Mutex<Model>>,
    /// Whether something has changed since the last check.
    unchecked: bool,
    /// Whether changes are checked.
    watched: bool,
    /// The file that each blob was found to contain. Whether its chunks exist is checked each
    /// time; their content is checked once, and again at the end.
    seen: BTreeMap<String, usize>,
    /// The text that each blob of a variant was found to contain.
    pub(super) seen_texts: BTreeMap<String, String>,
}

/// Whether an operation wants to be polled again at once: it sleeps, and time does not pass.
#[derive(Default)]
struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl World {
    /// Creates a world on maps.
    pub(super) fn in_memory() -> Self {
        let clock = Clock::new();
        let steps = Arc::default();
        let catalog = stepped_catalog(&steps, &clock);
        Self::over(Arc::new(catalog), steps, clock)
    }

    /// Creates a world on SQLite.
    pub(super) fn in_sqlite() -> Self {
        let clock = Clock::new();
        let steps: Arc<Steps> = Arc::default();
        let timer = clock.clone();
        let database = Native::timed_by(move || timer.timestamp());
        Self::in_database(database, steps, clock)
    }

    /// Creates a world on PostgreSQL, if it is installed.
    pub(super) fn in_postgres() -> Option<Self> {
        let clock = Clock::new();
        let steps: Arc<Steps> = Arc::default();
        let timer = clock.clone();
        let database = Postgres::timed_by(move || timer.timestamp())?;
        Some(Self::in_database(database, steps, clock))
    }

    fn in_database(
        database: impl Database + Clone + 'static,
        steps: Arc<Steps>,
        clock: Clock,
    ) -> Self {
        steps.free.store(true, Ordering::Relaxed);
        let opened = SqlCatalog::open(stepped(database, &steps, &clock)).now_or_never();
        let catalog = opened.expect("nothing waits").expect("opens");
        steps.free.store(false, Ordering::Relaxed);
        Self::over(Arc::new(catalog), steps, clock)
    }

    /// The same, with some images, whose blobs will be moved to another store.
    pub(super) fn moving(mut self) -> Self {
        self.steps.free.store(true, Ordering::Relaxed);
        for (owner, files) in [(0, vec![0, 1]), (0, vec![2]), (1, vec![0])] {
            self.begin(0, Operation::Upload { owner, files });
        }
        self.steps.free.store(false, Ordering::Relaxed);
        self.previous = Some(std::mem::take(&mut self.values));
        for instance in 0..self.instances.len() {
            self.instances[instance] = self.start(instance);
        }
        self
    }

    fn over(catalog: Arc<dyn Catalog>, steps: Arc<Steps>, clock: Clock) -> Self {
        let mut world = Self {
            steps,
            clock,
            values: MemoryKeyValue::default(),
            previous: None,
            catalog,
            instances: Vec::new(),
            tasks: BTreeMap::new(),
            next_task: 0,
            model: Arc::default(),
            unchecked: false,
            watched: true,
            seen: BTreeMap::new(),
            seen_texts: BTreeMap::new(),
        };
        world.instances = (0..AHEAD.len()).map(|number| world.start(number)).collect();
        world
    }

    fn start(&self, instance: usize) -> Instance {
        let clock = self.clock.clone();
        let now = move || Timestamp::from_millis(clock.read() + AHEAD[instance]);
        let platform = Arc::new(TestPlatform::new(now));
        let mut settings = settings();
        settings.derived.max_bytes = Some(BUDGET);
        settings.uploads.max_seconds = UPLOAD_SECONDS;
        settings.uploads.max_idle_seconds = UPLOAD_SECONDS / 2;
        settings.stores.late_write_seconds = LATE_WRITE_SECONDS;
        settings.stores.delete_grace_seconds = GRACE.unsigned_abs() / 1000;
        let chunk_size = u32::try_from(CHUNK).expect("is small");
        let blobs = |values: &MemoryKeyValue| {
            let values = stepped(values.clone(), &self.steps, &self.clock);
            Arc::new(ChunkedBlobs::new(Arc::new(values), chunk_size))
        };
        let (catalog, current) = (Arc::clone(&self.catalog), blobs(&self.values));
        let moving = self.previous.as_ref().map(|previous| {
            settings.stores.previous_blobs = Some(BlobStoreSetting::KeyValue);
            MovingBlobs::new(Arc::clone(&current) as _, blobs(previous))
        });
        let store: Arc<dyn BlobStore> = match &moving {
            Some(moving) => Arc::new(moving.clone()),
            None => current,
        };
        let deriver = SteppedDeriver {
            inner: FakeDeriver::default(),
            steps: Arc::clone(&self.steps),
            clock: self.clock.clone(),
        };
        let service = Service::new(
            catalog,
            store,
            Arc::new(settings),
            Arc::clone(&platform) as _,
            Some(Arc::new(deriver)),
        );
        let migration = moving.map(|blobs| Arc::new(Migration::new(service.clone(), blobs)));
        Instance {
            service,
            migration,
            platform,
        }
    }

    /// Begins an operation.
    pub(super) fn begin(&mut self, instance: usize, operation: Operation) {
        let instance = instance % self.instances.len();
        let scene = Scene {
            service: self.instances[instance].service.clone(),
            migration: self.instances[instance].migration.clone(),
            model: Arc::clone(&self.model),
            steps: Arc::clone(&self.steps),
            clock: self.clock.clone(),
        };
        let future = scene.begin(operation);
        self.add(Task { instance, future });
    }

    fn add(&mut self, task: Task) {
        let number = self.next_task;
        self.next_task += 1;
        self.tasks.insert(number, task);
        self.poll(number);
    }

    fn poll(&mut self, number: usize) {
        self.steps.task.store(number, Ordering::Relaxed);
        while let Some(task) = self.tasks.get_mut(&number) {
            let woken = Arc::new(Woken::default());
            let waker = Waker::from(Arc::clone(&woken));
            let mut context = Context::from_waker(&waker);
            if task.future.as_mut().poll(&mut context) == Poll::Ready(()) {
                self.drop_task(number, Some(LEFT_BEHIND));
            } else if !woken.0.load(Ordering::Relaxed) {
                break;
            }
        }
        for instance in 0..self.instances.len() {
            for future in self.instances[instance].platform.take_spawned() {
                self.add(Task { instance, future });
            }
        }
        if self.watched && std::mem::take(&mut self.unchecked) {
            self.check();
        }
    }

    /// Ends an operation. The call it waits for takes effect this many steps `later`, if at
    /// all.
    fn drop_task(&mut self, number: usize, later: Option<usize>) {
        self.tasks.remove(&number);
        self.steps.forget(number, later, self.clock.timestamp());
    }

    /// Advances abandoned calls by `steps`. None takes longer than it may.
    fn land(&mut self, steps: usize, now: i64) {
        let overdue = Timestamp::from_millis(now - LATEST);
        if self.steps.land(steps, overdue) && self.watched {
            self.check();
        }
    }

    /// Ends the pause with this number, modulo the number of pauses.
    pub(super) fn step(&mut self, pick: usize, verdict: Verdict) {
        let waiting = self.steps.waiting(|_| ());
        if let Some((number, ())) = waiting.get(pick % waiting.len().max(1)) {
            self.end(*number, verdict);
        }
    }

    fn end(&mut self, pause: u64, verdict: Verdict) {
        let waiting = self.steps.end(pause, verdict, self.clock.timestamp());
        if verdict != Verdict::Proceed && waiting.pause != Pause::Client {
            self.model.lock().expect("not poisoned").faulty = true;
        }
        self.unchecked |= waiting.pause == Pause::Change;
        self.poll(waiting.task);
        self.land(1, self.clock.read());
    }

    /// Performs an operation from beginning to end, with all work that it spawns; `verdict` is
    /// called at each step of a store.
    pub(super) fn perform(&mut self, operation: &Operation, mut verdict: impl FnMut() -> Verdict) {
        self.begin(0, operation.clone());
        while let Some((pause, of_store)) = self
            .steps
            .waiting(|waiting| waiting.pause != Pause::Client)
            .first()
        {
            let verdict = if *of_store {
                verdict()
            } else {
                Verdict::Proceed
            };
            self.watched |= verdict != Verdict::Proceed;
            self.end(*pause, verdict);
        }
    }

    /// Checks nothing until a step fails: what comes before was checked in another world.
    pub(super) fn look_away(&mut self) {
        self.watched = false;
    }

    /// Runs one operation for some steps.
    pub(super) fn run(&mut self, pick: usize, steps: usize) {
        let Some(task) = self.pick_task(pick) else {
            return;
        };
        for _ in 0..steps {
            let waiting = self.steps.waiting(|waiting| waiting.task == task);
            let Some((pause, _)) = waiting.iter().find(|(_, ours)| *ours) else {
                return;
            };
            self.end(*pause, Verdict::Proceed);
        }
    }

    fn pick_task(&self, pick: usize) -> Option<usize> {
        let index = pick % self.tasks.len().max(1);
        self.tasks.keys().nth(index).copied()
    }

    /// Ends an operation: its call may take effect later or not, unobserved. Its instance
    /// lives
    /// on, and cleans up after it.
    pub(super) fn crash(&mut self, pick: usize, later: Option<usize>) {
        if let Some(task) = self.pick_task(pick) {
            self.drop_task(task, later);
        }
    }

    /// Ends an instance and starts another in its place.
    pub(super) fn restart(&mut self, instance: usize) {
        let instance = instance % self.instances.len();
        let ours = self
            .tasks
            .iter()
            .filter(|(_, task)| task.instance == instance);
        let ours: Vec<usize> = ours.map(|(number, _)| *number).collect();
        for number in ours {
            self.drop_task(number, Some(LEFT_BEHIND));
        }
        // The instance takes with it the work that its operations spawn when they are dropped.
        drop(self.instances[instance].platform.take_spawned());
        self.instances[instance] = self.start(instance);
    }

    /// Advances time, or sets it back a little. Chunks whose write would otherwise take too
    /// long are written first.
    pub(super) fn wait(&mut self, millis: i64) {
        let until = self.clock.read() + millis;
        let is_overdue = |waiting: &Waiting| {
            let writes = matches!(waiting.pause, Pause::Write | Pause::Written);
            writes && until - waiting.since.millis() > LONGEST_WRITE
        };
        while let Some((pause, _)) = self.steps.waiting(is_overdue).iter().find(|(_, is)| *is) {
            self.end(*pause, Verdict::Proceed);
        }
        self.land(0, until);
        self.clock.advance(millis);
    }

    /// Ends everything in progress, successfully or by a crash, lets all terms pass, and
    /// sweeps:
    /// only what images need may remain.
    pub(super) fn finish(&mut self, well: bool) {
        while well && let Some((pause, ())) = self.steps.waiting(|_| ()).first() {
            self.end(*pause, Verdict::Proceed);
        }
        for instance in 0..self.instances.len() {
            self.restart(instance);
        }
        assert_eq!(self.tasks.len(), 0);
        self.steps.free.store(true, Ordering::Relaxed);
        self.land(usize::MAX, self.clock.read());
        // Deleted blobs are deleted once more by a later sweep.
        for _ in 0..2 {
            self.clock.advance(TERM.whole() + GRACE + UNSURE + 1000);
            self.begin(0, Operation::Sweep { limit: u32::MAX });
            assert_eq!(self.tasks.len(), 0, "the sweep ends");
        }
        if let Some(previous) = self.previous.clone() {
            self.begin(0, Operation::Migrate);
            assert_eq!(previous.keys(), Vec::<String>::new(), "the previous store");
        }
        self.seen.clear();
        self.seen_texts.clear();
        self.check();
        let (live, keys) = self.needed();
        let blobs: Vec<String> = self.blobs().into_iter().map(|check| check.id).collect();
        assert_eq!(blobs, live, "records of blobs");
        assert_eq!(self.values.keys(), keys, "chunks");
        let ever = Timestamp::from_millis(i64::MAX);
        let leases = self.see(|catalog| catalog.expired_leases(ever, 1000));
        assert_eq!(leases, [], "leases");
        let remains = self.see(|catalog| catalog.remains(ever, 1000));
        assert_eq!(remains, [], "remains");
        self.begin(0, Operation::Audit);
        assert_eq!(self.tasks.len(), 0, "the audit ends");
    }

    /// Returns the blobs of all images and variants, and the keys of their chunks, in order.
    fn needed(&self) -> (Vec<String>, Vec<String>) {
        let images = self.images();
        let variants = images.iter().flat_map(|image| self.variants(image.id));
        let derived: Vec<BlobRef> = variants.map(|variant| variant.blob).collect();
        let stored = images.iter().map(|image| &image.blob).chain(&derived);
        let blobs: BTreeMap<&str, &BlobRef> = stored.map(|blob| (blob.id.as_str(), blob)).collect();
        let keys = blobs.values().flat_map(|blob| keys(blob));
        let keys: BTreeSet<String> = keys.collect();
        let ids = blobs.keys().map(|id| (*id).to_owned());
        (ids.collect(), keys.into_iter().collect())
    }

    /// Reads the catalog without pausing.
    pub(super) fn see<'a, T, F>(&'a self, look: impl FnOnce(&'a dyn Catalog) -> F) -> T
    where
        F: Future<Output = Result<T, crate::catalog::CatalogError>>,
    {
        let was_free = self.steps.free.swap(true, Ordering::Relaxed);
        let seen = look(&*self.catalog).now_or_never();
        self.steps.free.store(was_free, Ordering::Relaxed);
        seen.expect("nothing waits").expect("answers")
    }

    fn images(&self) -> Vec<crate::model::Image> {
        let query = ListQuery {
            owner: None,
            filters: Filters::default(),
            sort: Sort::default(),
            after: None,
            limit: 1000,
            scan: 1000,
        };
        self.see(async |catalog| catalog.list(&query).await).images
    }

    fn blobs(&self) -> Vec<BlobEntry> {
        self.see(|catalog| catalog.blobs_after("", 1000))
    }

    /// Checks everything that must hold at every moment.
    fn check(&mut self) {
        let images = self.images();
        let mut found: BTreeMap<Uuid, (String, usize)> = BTreeMap::new();
        for image in &images {
            let id = image.id;
            assert!(self.is_whole(&image.blob), "bytes of {id} are missing");
            let number = self.number(&image.blob);
            let number = number.unwrap_or_else(|| panic!("bytes of {id} are wrong"));
            found.insert(id, (image.owner.clone(), number));
        }
        let model = self.model.lock().expect("not poisoned");
        model.check(&found);
        model.check_tickets(&images);
        drop(model);
        let numbered = images.iter().cloned().map(|image| {
            let number = found[&image.id].1;
            (image, number)
        });
        self.check_derived(&numbered.collect::<Vec<_>>());
        let mut shared = BTreeMap::new();
        for image in &images {
            let content = (image.owner.as_str(), image.sha256);
            let first = shared.entry(content).or_insert(&image.blob.id);
            assert_eq!(*first, &image.blob.id, "equal content is stored twice");
        }
        for entry in self.blobs() {
            let record = entry.record.expect("is readable");
            assert!(record.agrees_with(entry.uses), "{record:?}");
            let swept_from = self.clock.latest() + AHEAD[1] - GRACE;
            let in_grace = record
                .died_at
                .is_none_or(|died_at| died_at.millis() >= swept_from);
            let whole = self.is_whole(&record.blob);
            assert!(whole || !in_grace, "bytes were swept early: {record:?}");
        }
    }

    /// Whether all chunks of a blob exist.
    pub(super) fn is_whole(&self, blob: &BlobRef) -> bool {
        let mut missing: Vec<String> = keys(blob).collect();
        for values in std::iter::once(&self.values).chain(&self.previous) {
            values.tamper(|values| missing.retain(|key| !values.contains_key(key)));
        }
        missing.is_empty()
    }

    /// The number of the file that the blob contains.
    fn number(&mut self, blob: &BlobRef) -> Option<usize> {
        if let Some(number) = self.seen.get(blob.id.as_str()) {
            return Some(*number);
        }
        let number = model::number(&self.bytes(blob)?)?;
        self.seen.insert(blob.id.to_string(), number);
        Some(number)
    }

    pub(super) fn bytes(&self, blob: &BlobRef) -> Option<Vec<u8>> {
        let store = |values: &MemoryKeyValue| {
            Arc::new(ChunkedBlobs::new(Arc::new(values.clone()), blob.chunk_size))
        };
        let previous = self.previous.as_ref().unwrap_or(&self.values);
        let blobs = MovingBlobs::new(store(&self.values), store(previous));
        let read = async {
            let stream = blobs.read(blob, 0..blob.size).await?;
            let pieces: Vec<Bytes> = stream.try_collect().await?;
            Ok::<_, BlobError>(pieces.concat())
        };
        read.now_or_never().expect("nothing waits").ok()
    }
}

fn keys(blob: &BlobRef) -> impl Iterator<Item = String> + use<'_> {
    (0..blob.chunks()).map(|index| key::chunk(&blob.id, index))
}

fn stepped<S>(inner: S, steps: &Arc<Steps>, clock: &Clock) -> Stepped<S> {
    let clock = clock.clone();
    Stepped {
        inner,
        steps: Arc::clone(steps),
        clock: Arc::new(move || clock.timestamp()),
    }
}
