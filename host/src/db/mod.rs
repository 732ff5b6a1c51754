//! One SQLite file, made fast without giving up durability.
//!
//! The file is in WAL mode. A writer thread commits queued jobs together, and waits a little for
//! those that are about to come. A second thread syncs the log and then acknowledges the jobs, while
//! the writer already commits the next group. SQLite itself (`synchronous=NORMAL`) syncs around
//! checkpoints. So the file is never corrupted, and a power failure loses nothing that has been
//! acknowledged.
//!
//! Reads use read-only connections on the caller's own thread.

mod checkpoint;
mod group;
mod open;
#[cfg(test)]
mod tests;
mod writer;

use anyhow::{Context, Result};
use rusqlite::Connection;
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use writer::{Queued, State, Task, Writer};

/// How a file is opened.
#[derive(Clone, Copy)]
pub struct Options {
    /// The page size of a new file.
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

/// Whether a job may share a commit with others.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Sharing {
    /// The job changes rows and nothing else, and may share a commit.
    Grouped,
    /// The job controls transactions, the connection or the schema, and runs alone.
    Alone,
}

impl Db {
    /// Opens the file `path`, creating it if it does not exist, and runs `setup` on it.
    pub fn open(path: &Path, options: Options, setup: &str) -> Result<Self> {
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)
                .with_context(|| format!("cannot create {}", parent.display()))?;
        }
        let connection = open::writer(path, options, setup)
            .with_context(|| format!("cannot open the database {}", path.display()))?;
        let (queue, jobs) = mpsc::channel();
        let state = Arc::new(State::default());
        let (committed, groups) = mpsc::channel();
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        let syncer = std::thread::Builder::new()
            .name("sqlite-sync".to_owned())
            .spawn(move || writer::acknowledge(&groups, Path::new(&log)))?;
        let writer = Writer {
            checkpoints: checkpoint::Checkpoints::new(&connection, path)?,
            connection,
            state: state.clone(),
            committed,
        };
        let thread = std::thread::Builder::new()
            .name("sqlite-writer".to_owned())
            .spawn(move || writer.run(jobs))?;
        Ok(Self {
            path: path.to_owned(),
            options,
            queue: Mutex::new(Some(queue)),
            readers: Mutex::default(),
            state,
            threads: Mutex::new(vec![thread, syncer]),
        })
    }

    /// Runs `work` on the only connection that writes, and returns its result after the commit.
    /// `work` may be called again, so it must not consume its input.
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
            None => open::reader(&self.path, self.options).map_err(|error| error.to_string())?,
        };
        let result = work(&connection);
        lock(&self.readers).push(connection);
        Ok(result)
    }

    /// Whether a caller has begun a transaction and not ended it.
    pub fn in_transaction(&self) -> bool {
        self.state.in_transaction.load(Ordering::Acquire)
    }

    /// The number of rows changed by the last write on the shared connection.
    pub fn changes(&self) -> u64 {
        self.state.changes.load(Ordering::Acquire)
    }

    /// The row id of the last insert on the shared connection.
    pub fn last_insert_rowid(&self) -> i64 {
        self.state.last_insert_rowid.load(Ordering::Acquire)
    }

    /// Finishes the queued jobs, writes the log back into the file, and closes the database.
    pub fn close(&self) {
        lock(&self.readers).clear();
        drop(lock(&self.queue).take());
        for thread in lock(&self.threads).drain(..) {
            let _ = thread.join();
        }
    }
}

/// Runs several statements so that either all of them take effect or none.
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
