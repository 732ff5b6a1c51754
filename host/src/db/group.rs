//! Groups: which jobs share a commit.
//!
//! Each commit writes some pages that the commit before it wrote, too: the last page of each table
//! and index. Jobs that come close together therefore share a commit, even if it has to wait for
//! some of them. A job that comes alone is committed at once.

use super::Sharing;
use super::writer::{Job, Queued};
use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::{Duration, Instant};

/// The maximum number of jobs that share a commit.
const GROUP: usize = 256;
/// A commit waits for jobs until this time has passed since the beginning of the one before.
const WAIT: Duration = Duration::from_millis(2);
/// How often it looks for them. Being woken by each would cost more than it saves.
const LOOK: Duration = Duration::from_micros(400);

/// What the writer does next.
pub(super) enum Next {
    /// Commits these jobs together.
    Group(Vec<Box<dyn Job>>),
    /// Runs a job alone.
    Alone(Box<dyn Job>),
    /// Nothing: no job came in time.
    Idle,
    /// Ends: no more jobs can come.
    End,
}

/// The jobs of a writer, in the order in which they came.
pub(super) struct Groups {
    jobs: Receiver<Queued>,
    /// A job that ended a group.
    next: Option<Queued>,
    /// How many jobs are expected to come close together.
    expected: usize,
    /// How long a commit may wait after the beginning of the one before.
    wait: Duration,
    /// Until when the next commit waits for them.
    until: Instant,
}

impl Groups {
    pub(super) fn new(jobs: Receiver<Queued>) -> Self {
        Self::waiting(jobs, WAIT)
    }

    fn waiting(jobs: Receiver<Queued>, wait: Duration) -> Self {
        Self {
            jobs,
            next: None,
            expected: 1,
            wait,
            until: Instant::now(),
        }
    }

    /// Waits for a job, at most for `idle`. In a transaction, jobs run alone.
    pub(super) fn next(&mut self, idle: Duration, in_transaction: bool) -> Next {
        let first = match self.next.take() {
            Some(queued) => queued,
            None => match self.jobs.recv_timeout(idle) {
                Ok(queued) => queued,
                Err(RecvTimeoutError::Timeout) => return Next::Idle,
                Err(RecvTimeoutError::Disconnected) => return Next::End,
            },
        };
        if in_transaction || first.sharing == Sharing::Alone {
            return Next::Alone(first.job);
        }
        Next::Group(self.gather(first.job))
    }

    fn gather(&mut self, first: Box<dyn Job>) -> Vec<Box<dyn Job>> {
        let mut group = vec![first];
        self.take(&mut group);
        let mut now = Instant::now();
        while group.len() < self.expected && self.next.is_none() && now < self.until {
            std::thread::sleep(LOOK.min(self.until - now));
            self.take(&mut group);
            now = Instant::now();
        }
        // Clients that wait for their answers come together again, so that nothing waits any longer
        // once all of them are here.
        self.expected = group.len().max(self.expected - 1);
        self.until = now + self.wait;
        group
    }

    /// Adds the jobs that are there.
    fn take(&mut self, group: &mut Vec<Box<dyn Job>>) {
        while group.len() < GROUP && self.next.is_none() {
            match self.jobs.try_recv() {
                Ok(next) if next.sharing == Sharing::Grouped => group.push(next.job),
                Ok(next) => self.next = Some(next),
                Err(_) => break,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;
    use std::sync::mpsc::{self, Sender};

    struct Nothing;

    impl Job for Nothing {
        fn run(&mut self, _: &Connection) {}
        fn done(self: Box<Self>, _: Result<(), &str>) {}
    }

    fn send(queue: &Sender<Queued>, sharing: Sharing) {
        let job = Box::new(Nothing);
        queue.send(Queued { sharing, job }).unwrap();
    }

    fn next(groups: &mut Groups) -> usize {
        match groups.next(Duration::ZERO, false) {
            Next::Group(group) => group.len(),
            Next::Alone(_) => 1,
            Next::Idle | Next::End => 0,
        }
    }

    /// Longer than any test.
    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn a_job_that_comes_alone_does_not_wait() {
        let (queue, jobs) = mpsc::channel();
        let mut groups = Groups::waiting(jobs, LONG);
        for _ in 0..3 {
            send(&queue, Sharing::Grouped);
            assert_eq!(next(&mut groups), 1);
        }
        assert_eq!(next(&mut groups), 0);
    }

    #[test]
    fn a_commit_waits_for_as_many_jobs_as_shared_the_one_before() {
        let (queue, jobs) = mpsc::channel();
        let mut groups = Groups::waiting(jobs, LONG);
        (0..3).for_each(|_| send(&queue, Sharing::Grouped));
        assert_eq!(next(&mut groups), 3);
        send(&queue, Sharing::Grouped);
        std::thread::scope(|scope| {
            let waits = scope.spawn(|| next(&mut groups));
            (0..2).for_each(|_| send(&queue, Sharing::Grouped));
            assert_eq!(waits.join().unwrap(), 3);
        });
    }

    #[test]
    fn a_commit_does_not_wait_any_longer_if_fewer_jobs_come() {
        let (queue, jobs) = mpsc::channel();
        let mut groups = Groups::waiting(jobs, Duration::from_millis(1));
        (0..3).for_each(|_| send(&queue, Sharing::Grouped));
        assert_eq!(next(&mut groups), 3);
        send(&queue, Sharing::Grouped);
        assert_eq!(next(&mut groups), 1);
        assert_eq!(groups.expected, 2);
    }

    #[test]
    fn a_job_that_shares_no_commit_ends_a_group() {
        let (queue, jobs) = mpsc::channel();
        let mut groups = Groups::waiting(jobs, LONG);
        (0..3).for_each(|_| send(&queue, Sharing::Grouped));
        assert_eq!(next(&mut groups), 3);
        send(&queue, Sharing::Grouped);
        send(&queue, Sharing::Alone);
        assert_eq!(next(&mut groups), 1);
        assert!(matches!(groups.next(LONG, false), Next::Alone(_)));
    }
}
