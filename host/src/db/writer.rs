//! The two threads of a file: one commits groups of jobs, the other syncs the log and
//! acknowledges the jobs.

use super::Sharing;
use super::checkpoint::{Checkpoints, checkpoint};
use super::group::{Groups, Next};
use rusqlite::Connection;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Duration;
use tokio::sync::oneshot;

/// How long nothing must be written before the log is written back regardless of its size.
const IDLE: Duration = Duration::from_millis(500);

/// The state of the writer thread's connection.
#[derive(Default)]
pub(super) struct State {
    pub(super) in_transaction: AtomicBool,
    pub(super) changes: AtomicU64,
    pub(super) last_insert_rowid: AtomicI64,
}

pub(super) struct Queued {
    pub(super) sharing: Sharing,
    pub(super) job: Box<dyn Job>,
}

/// A piece of work on the writer's connection.
pub(super) trait Job: Send {
    /// Does the work. Is called again if another job rolled back the whole group.
    fn run(&mut self, connection: &Connection);
    /// Sends the result to the caller after the commit.
    fn done(self: Box<Self>, commit: Result<(), &str>);
}

pub(super) type Group = Vec<Box<dyn Job>>;

pub(super) struct Task<T, F> {
    pub(super) work: F,
    pub(super) result: Option<T>,
    pub(super) reply: oneshot::Sender<Result<T, String>>,
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
        // The receiver is gone if the guest has dropped its call.
        let _ = self.reply.send(answer);
    }
}

pub(super) struct Writer {
    pub(super) connection: Connection,
    pub(super) state: Arc<State>,
    pub(super) committed: Sender<Group>,
    pub(super) checkpoints: Checkpoints,
}

impl Writer {
    pub(super) fn run(self, jobs: Receiver<Queued>) {
        let mut groups = Groups::new(jobs);
        loop {
            let in_transaction = self.state.in_transaction.load(Ordering::Relaxed);
            match groups.next(IDLE, in_transaction) {
                Next::Group(group) => self.together(group),
                Next::Alone(job) => self.alone(job),
                Next::Idle => {
                    self.checkpoints.advance(&self.connection, true);
                    continue;
                }
                Next::End => break,
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
            fail(group, "the thread that syncs the log has ended");
        }
    }

    /// Commits a group. A job that fails undoes only its own changes. If a failure ends the whole
    /// transaction, that job is answered, and the others run again.
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

/// Syncs the log, once for all groups that have been committed so far, and acknowledges their
/// jobs.
pub(super) fn acknowledge(groups: &Receiver<Group>, log: &Path) {
    let mut file: Option<std::fs::File> = None;
    let mut sync = || -> std::io::Result<()> {
        if file.is_none() {
            file = match std::fs::File::open(log) {
                // Nothing has been committed to the log yet.
                Err(error) if error.kind() == ErrorKind::NotFound => None,
                opened => Some(opened?),
            };
        }
        file.as_ref().map_or(Ok(()), std::fs::File::sync_data)
    };
    let mut broken = None;
    while let Ok(mut group) = groups.recv() {
        group.extend(groups.try_iter().flatten());
        // After a failed sync, the state of the disk is unknown: nothing more is acknowledged
        // until the next start.
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

fn fail(group: Group, why: &str) {
    group.into_iter().for_each(|job| job.done(Err(why)));
}
