//! One SQLite file, made fast without giving up durability.
//!
//! The file is in WAL mode. A writer thread commits whatever is queued in one
//! transaction; a second thread syncs the log and only then acknowledges what
//! it carries, while the writer is at the next group already. SQLite itself
//! (`synchronous=NORMAL`) syncs around checkpoints, so the file is never
//! corrupt, and nothing acknowledged is lost with the power.
//!
//! Readers use read-only connections on their own thread.

use anyhow::{Context, Result};
use rusqlite::{Connection, OpenFlags};
use std::cell::Cell;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::sync::oneshot;

/// No more jobs than this share one commit.
const GROUP: usize = 256;
/// The log is written back into the file when it has grown by this much, or…
const LOG_BYTES: u64 = 32 << 20;
/// …when nothing has been written for this long.
const IDLE: Duration = Duration::from_millis(500);
/// A log this large has not found a moment without readers to start over: it waits for one.
const LOG_BYTES_MAX: u64 = 512 << 20;

/// How a file is opened.
#[derive(Clone, Copy)]
pub struct Options {
    /// The page size of a file that does not exist yet.
    pub page_size: u32,
    /// Refuses `ATTACH` of other files, as Spin does for guests, and pragmas
    /// that would make writes less durable.
    pub guarded: bool,
}

/// One SQLite file, shared by all instances.
pub struct Db {
    path: PathBuf,
    options: Options,
    queue: Mutex<Option<Sender<Queued>>>,
    readers: Mutex<Vec<Connection>>,
    state: Arc<State>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// What the writer thread tells about its connection.
#[derive(Default)]
struct State {
    in_transaction: AtomicBool,
    changes: AtomicU64,
    last_insert_rowid: AtomicI64,
}

/// Whether a job may share a commit with others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sharing {
    /// It changes rows and nothing else.
    Grouped,
    /// It controls transactions, the connection or the schema.
    Alone,
}

struct Queued {
    sharing: Sharing,
    job: Box<dyn Job>,
}

/// A piece of work on the writer's connection.
trait Job: Send {
    /// Does the work. Runs again if another job undid the whole group.
    fn run(&mut self, connection: &Connection);
    /// Answers whoever asked, after the commit.
    fn done(self: Box<Self>, commit: Result<(), &str>);
}

type Group = Vec<Box<dyn Job>>;

struct Task<T, F> {
    work: F,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, String>>,
}

impl<T: Send, F: FnMut(&Connection) -> T + Send> Job for Task<T, F> {
    fn run(&mut self, connection: &Connection) {
        self.result = Some((self.work)(connection));
    }

    fn done(self: Box<Self>, commit: Result<(), &str>) {
        let answer = match (commit, self.result) {
            (Ok(()), Some(result)) => Ok(result),
            (Ok(()), None) => Err("the statement did not run".to_owned()),
            (Err(error), _) => Err(error.to_owned()),
        };
        // Nobody waits when the guest has dropped its call.
        let _ = self.reply.send(answer);
    }
}

impl Db {
    /// Opens `path`, creating it where it does not exist, and runs `setup` on it.
    pub fn open(path: &Path, options: Options, setup: &str) -> Result<Self> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .with_context(|| format!("cannot create {}", parent.display()))?;
        }
        let connection = open_writer(path, options, setup)
            .with_context(|| format!("cannot open the database {}", path.display()))?;
        let (queue, jobs) = mpsc::channel();
        let state = Arc::new(State::default());
        let (committed, groups) = mpsc::channel();
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let syncer = std::thread::Builder::new()
            .name("sqlite-sync".to_owned())
            .spawn(move || acknowledge(&groups, Path::new(&log)))?;
        let writer = Writer {
            checkpoints: Checkpoints::new(&connection, path)?,
            connection,
            state: state.clone(),
            committed,
        };
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || writer.run(&jobs))?;
        Ok(Self {
            path: path.to_owned(),
            options,
            queue: Mutex::new(Some(queue)),
            readers: Mutex::default(),
            state,
            threads: Mutex::new(vec![thread, syncer]),
        })
    }

    /// Runs `work` on the one connection that writes; the answer comes after
    /// its commit. `work` may be called again, so it must not consume its input.
    pub async fn write<T: Send + 'static>(
        &self,
        sharing: Sharing,
        work: impl FnMut(&Connection) -> T + Send + 'static,
    ) -> Result<T, String> {
        let (reply, answer) = oneshot::channel();
        let job = Box::new(Task {
            work,
            result: None,
            reply,
        });
        let sent = match &*lock(&self.queue) {
            Some(queue) => queue.send(Queued { sharing, job }).is_ok(),
            None => false,
        };
        if !sent {
            return Err("the database is closed".to_owned());
        }
        let interrupted = |_| Err("the statement was interrupted".to_owned());
        answer.await.unwrap_or_else(interrupted)
    }

    /// Runs `work` on a read-only connection, on this thread.
    pub fn read<T>(&self, work: impl FnOnce(&Connection) -> T) -> Result<T, String> {
        let idle = lock(&self.readers).pop();
        let connection = match idle {
            Some(connection) => connection,
            None => open_reader(&self.path, self.options).map_err(|error| error.to_string())?,
        };
        let result = work(&connection);
        lock(&self.readers).push(connection);
        Ok(result)
    }

    /// Whether somebody has begun a transaction and not ended it.
    pub fn in_transaction(&self) -> bool {
        self.state.in_transaction.load(Ordering::Acquire)
    }

    /// Rows changed by the last write on the shared connection.
    pub fn changes(&self) -> u64 {
        self.state.changes.load(Ordering::Acquire)
    }

    /// Row id of the last insert on the shared connection.
    pub fn last_insert_rowid(&self) -> i64 {
        self.state.last_insert_rowid.load(Ordering::Acquire)
    }

    /// Finishes what is queued and writes the log back into the file.
    pub fn close(&self) {
        lock(&self.readers).clear();
        drop(lock(&self.queue).take());
        for thread in lock(&self.threads).drain(..) {
            let _ = thread.join();
        }
    }
}

/// Runs several statements so that either all of them count or none.
pub fn atomically<T>(
    connection: &Connection,
    work: impl FnOnce(&Connection) -> rusqlite::Result<T>,
) -> rusqlite::Result<T> {
    connection.execute_batch("SAVEPOINT several")?;
    let result = work(connection);
    if result.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK TO several")?;
    }
    if !connection.is_autocommit() {
        connection.execute_batch("RELEASE several")?;
    }
    result
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open_writer(path: &Path, options: Options, setup: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "page_size", options.page_size)?;
    let mode: String = connection.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))?;
    connection.execute_batch(setup)?;
    // Where the file system cannot hold a log, SQLite must do the syncing.
    let synchronous = if mode == "wal" { "NORMAL" } else { "FULL" };
    connection.pragma_update(None, "synchronous", synchronous)?;
    connection.execute_batch(
        "PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-16384; PRAGMA journal_size_limit=67108864;",
    )?;
    connection.wal_hook(Some(|_, pages| {
        LOG_PAGES.set(u64::try_from(pages).unwrap_or(0));
        Ok(())
    }));
    tune(&connection, options)?;
    Ok(connection)
}

fn open_reader(path: &Path, options: Options) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch("PRAGMA cache_size=-4096")?;
    tune(&connection, options)?;
    Ok(connection)
}

fn tune(connection: &Connection, options: Options) -> rusqlite::Result<()> {
    connection.busy_timeout(Duration::from_secs(5))?;
    connection.execute_batch("PRAGMA mmap_size=1073741824; PRAGMA temp_store=MEMORY")?;
    connection.set_prepared_statement_cache_capacity(256);
    if options.guarded {
        use rusqlite::hooks::{AuthAction, AuthContext, Authorization};
        connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
            AuthAction::Attach { filename } if !matches!(filename, "" | ":memory:") => {
                Authorization::Deny
            }
            // What is acknowledged must stay durable, whatever the guest asks for.
            AuthAction::Pragma {
                pragma_name: "journal_mode" | "synchronous" | "locking_mode" | "wal_autocheckpoint",
                pragma_value: Some(value),
            } if !value.eq_ignore_ascii_case("wal") => Authorization::Ignore,
            _ => Authorization::Allow,
        }))?;
    }
    Ok(())
}

thread_local! {
    /// Pages in the log of this thread's connection, as of its last commit.
    static LOG_PAGES: Cell<u64> = const { Cell::new(0) };
}

/// Syncs the log, once for all groups that have been committed by then, and
/// answers their jobs.
fn acknowledge(groups: &Receiver<Group>, log: &Path) {
    let mut file: Option<std::fs::File> = None;
    let mut sync = || -> std::io::Result<()> {
        if file.is_none() {
            file = match std::fs::File::open(log) {
                // Nothing has been committed to it yet.
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                opened => Some(opened?),
            };
        }
        file.as_ref().map_or(Ok(()), std::fs::File::sync_data)
    };
    let mut broken = None;
    while let Ok(mut group) = groups.recv() {
        group.extend(groups.try_iter().flatten());
        // After a failed sync nobody knows what is on the disk: nothing more
        // is acknowledged until the next start.
        if broken.is_none() {
            broken = sync()
                .err()
                .map(|error| format!("cannot sync the log: {error}"));
        }
        for job in group {
            job.done(broken.as_deref().map_or(Ok(()), Err));
        }
    }
}

struct Writer {
    connection: Connection,
    state: Arc<State>,
    committed: Sender<Group>,
    checkpoints: Checkpoints,
}

/// Writing the log back into the file. Another thread does nearly all of it
/// while the writer goes on; the writer does the rest, so that the log can
/// start over.
struct Checkpoints {
    begin: SyncSender<()>,
    ended: Arc<AtomicBool>,
    running: Cell<bool>,
    /// Pages of the log that are in the file.
    written_back: Cell<u64>,
    page_size: u64,
}

impl Checkpoints {
    fn new(connection: &Connection, path: &Path) -> Result<Self> {
        let page_size: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let (begin, begins) = mpsc::sync_channel(1);
        let ended = Arc::new(AtomicBool::new(false));
        let aside = Connection::open(path)?;
        let end = ended.clone();
        std::thread::Builder::new()
            .name("sqlite-checkpoint".to_owned())
            .spawn(move || {
                while begins.recv().is_ok() {
                    checkpoint(&aside, "PASSIVE");
                    end.store(true, Ordering::Release);
                }
            })?;
        Ok(Self {
            begin,
            ended,
            running: Cell::new(false),
            written_back: Cell::new(0),
            page_size: u64::from(page_size),
        })
    }

    /// To be called between groups.
    fn advance(&self, connection: &Connection, idle: bool) {
        let pages = LOG_PAGES.get();
        if pages < self.written_back.get() {
            self.written_back.set(0);
        }
        let grown = pages - self.written_back.get();
        if self.ended.swap(false, Ordering::Acquire) {
            let full = pages * self.page_size > LOG_BYTES_MAX;
            checkpoint(connection, if full { "RESTART" } else { "PASSIVE" });
            self.written_back.set(pages);
            self.running.set(false);
        } else if !self.running.get() && (grown * self.page_size > LOG_BYTES || idle && grown > 0) {
            self.running.set(self.begin.try_send(()).is_ok());
        }
    }
}

fn checkpoint(connection: &Connection, mode: &str) {
    let statement = format!("PRAGMA wal_checkpoint({mode})");
    if let Err(error) = connection.query_row(&statement, [], |_| Ok(())) {
        crate::log::debug(format_args!("checkpoint: {error}"));
    }
}

impl Writer {
    fn run(self, jobs: &Receiver<Queued>) {
        let mut waiting = None;
        loop {
            let first = match waiting.take() {
                Some(queued) => queued,
                None => match jobs.recv_timeout(IDLE) {
                    Ok(queued) => queued,
                    Err(RecvTimeoutError::Timeout) => {
                        self.checkpoints.advance(&self.connection, true);
                        continue;
                    }
                    Err(RecvTimeoutError::Disconnected) => break,
                },
            };
            if first.sharing == Sharing::Alone || self.state.in_transaction.load(Ordering::Relaxed)
            {
                self.alone(first.job);
            } else {
                let mut group = vec![first.job];
                while group.len() < GROUP {
                    match jobs.try_recv() {
                        Ok(next) if next.sharing == Sharing::Grouped => group.push(next.job),
                        Ok(next) => {
                            waiting = Some(next);
                            break;
                        }
                        Err(_) => break,
                    }
                }
                self.together(group);
            }
            self.checkpoints.advance(&self.connection, false);
        }
        checkpoint(&self.connection, "TRUNCATE");
    }

    fn alone(&self, mut job: Box<dyn Job>) {
        job.run(&self.connection);
        let open = !self.connection.is_autocommit();
        self.state.in_transaction.store(open, Ordering::Release);
        self.publish();
        self.acknowledge(vec![job]);
    }

    fn acknowledge(&self, group: Group) {
        if let Err(mpsc::SendError(group)) = self.committed.send(group) {
            fail(group, "the log is not synced any more");
        }
    }

    /// Commits a group. A job that fails undoes only itself; one whose failure
    /// ends the whole transaction is answered, and the others run once more.
    fn together(&self, mut group: Group) {
        while !group.is_empty() {
            if let Err(error) = self.execute("BEGIN IMMEDIATE") {
                return fail(group, &error.to_string());
            }
            let ended = group.iter_mut().position(|job| {
                job.run(&self.connection);
                self.connection.is_autocommit()
            });
            if let Some(culprit) = ended {
                group.remove(culprit).done(Ok(()));
                continue;
            }
            self.publish();
            if let Err(error) = self.execute("COMMIT") {
                if !self.connection.is_autocommit() {
                    let _ = self.execute("ROLLBACK");
                }
                return fail(group, &error.to_string());
            }
            return self.acknowledge(group);
        }
    }

    fn execute(&self, statement: &str) -> rusqlite::Result<()> {
        self.connection
            .prepare_cached(statement)?
            .execute([])
            .map(drop)
    }

    fn publish(&self) {
        let (changes, rowid) = (
            self.connection.changes(),
            self.connection.last_insert_rowid(),
        );
        self.state.changes.store(changes, Ordering::Release);
        self.state.last_insert_rowid.store(rowid, Ordering::Release);
    }
}

fn fail(group: Group, why: &str) {
    group.into_iter().for_each(|job| job.done(Err(why)));
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Barrier;

    const OPTIONS: Options = Options {
        page_size: 4096,
        guarded: true,
    };

    fn open(folder: &tempfile::TempDir) -> Db {
        let setup = "CREATE TABLE IF NOT EXISTS t (a INTEGER PRIMARY KEY, b TEXT UNIQUE)";
        Db::open(&folder.path().join("x.db"), OPTIONS, setup).unwrap()
    }

    fn insert(sql: &'static str) -> impl FnMut(&Connection) -> rusqlite::Result<usize> + Send {
        move |connection| connection.execute(sql, [])
    }

    fn count(db: &Db) -> i64 {
        db.read(|c| {
            c.query_row("SELECT count(*) FROM t", [], |row| row.get(0))
                .unwrap()
        })
        .unwrap()
    }

    /// Holds the writer until all of `jobs` are queued, so that they form one group.
    async fn grouped(db: &Db, jobs: &[&'static str]) -> Vec<bool> {
        let gate = Arc::new(Barrier::new(2));
        let held = gate.clone();
        let hold = db.write(Sharing::Alone, move |_| held.wait().is_leader());
        let commits = jobs
            .iter()
            .map(|sql| db.write(Sharing::Grouped, insert(sql)));
        let all = futures::future::join(hold, futures::future::join_all(commits));
        let mut all = std::pin::pin!(all);
        assert!(futures::poll!(all.as_mut()).is_pending());
        gate.wait();
        let (_, results) = all.await;
        results
            .into_iter()
            .map(|r| matches!(r, Ok(Ok(_))))
            .collect()
    }

    #[tokio::test]
    async fn a_failing_statement_in_a_group_affects_only_itself() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        let jobs = [
            "INSERT INTO t (b) VALUES ('one')",
            "INSERT INTO t (b) VALUES ('one')",
            "INSERT INTO missing VALUES (1)",
            "INSERT INTO t (b) VALUES ('two')",
        ];
        assert_eq!(grouped(&db, &jobs).await, [true, false, false, true]);
        assert_eq!(count(&db), 2);
    }

    #[tokio::test]
    async fn a_statement_that_ends_the_transaction_takes_nobody_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        let jobs = [
            "INSERT INTO t (b) VALUES ('one')",
            "INSERT OR ROLLBACK INTO t (b) VALUES ('one')",
            "INSERT INTO t (b) VALUES ('two')",
        ];
        assert_eq!(grouped(&db, &jobs).await, [true, false, true]);
        assert_eq!(count(&db), 2);
    }

    #[tokio::test]
    async fn a_guests_transaction_takes_in_what_comes_until_it_ends() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        db.write(Sharing::Alone, insert("BEGIN"))
            .await
            .unwrap()
            .unwrap();
        assert!(db.in_transaction());
        let sql = "INSERT INTO t (b) VALUES ('one')";
        db.write(Sharing::Grouped, insert(sql))
            .await
            .unwrap()
            .unwrap();
        assert_eq!(
            (count(&db), db.changes(), db.last_insert_rowid()),
            (0, 1, 1)
        );
        db.write(Sharing::Alone, insert("ROLLBACK"))
            .await
            .unwrap()
            .unwrap();
        assert!(!db.in_transaction());
        assert_eq!(count(&db), 0);
    }

    #[tokio::test]
    async fn what_was_acknowledged_is_there_after_reopening() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        let sql = "INSERT INTO t (b) VALUES ('one')";
        db.write(Sharing::Grouped, insert(sql))
            .await
            .unwrap()
            .unwrap();
        db.close();
        assert!(db.write(Sharing::Grouped, insert(sql)).await.is_err());
        assert_eq!(count(&open(&folder)), 1);
    }

    #[tokio::test]
    async fn several_statements_count_together_or_not_at_all() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        let result = db.write(Sharing::Grouped, |connection| {
            atomically(connection, |connection| {
                connection.execute("INSERT INTO t (b) VALUES ('one')", [])?;
                connection.execute("INSERT INTO t (b) VALUES ('one')", [])
            })
        });
        assert!(result.await.unwrap().is_err());
        assert_eq!(count(&db), 0);
    }

    #[tokio::test]
    async fn other_files_cannot_be_attached() {
        let folder = tempfile::tempdir().unwrap();
        let db = open(&folder);
        let attach = |sql| db.write(Sharing::Alone, insert(sql));
        assert!(
            attach("ATTACH '/tmp/other.db' AS o")
                .await
                .unwrap()
                .is_err()
        );
        assert!(attach("ATTACH ':memory:' AS m").await.unwrap().is_ok());
    }
}
