//! Writing the log back into the file without holding up the writer.

use anyhow::Result;
use rusqlite::Connection;
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender};

/// The log is written back into the file when it has grown by this much. While the disk takes
/// that in, commits wait for it: the less it is, the sooner it is over.
const LOG_BYTES: u64 = 8 << 20;
/// A log this large has not found a moment without readers to start over: it waits for one.
const LOG_BYTES_MAX: u64 = 512 << 20;

thread_local! {
    /// Pages in the log of this thread's connection, as of its last commit.
    pub(super) static LOG_PAGES: Cell<u64> = const { Cell::new(0) };
}

/// Writing the log back into the file. Another thread does nearly all of it
/// while the writer goes on; the writer does the rest, so that the log can
/// start over.
pub(super) struct Checkpoints {
    begin: SyncSender<()>,
    ended: Arc<AtomicBool>,
    running: Cell<bool>,
    /// Pages of the log that are in the file.
    written_back: Cell<u64>,
    page_size: u64,
}

impl Checkpoints {
    pub(super) fn new(connection: &Connection, path: &Path) -> Result<Self> {
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
    pub(super) fn advance(&self, connection: &Connection, idle: bool) {
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

pub(super) fn checkpoint(connection: &Connection, mode: &str) {
    let statement = format!("PRAGMA wal_checkpoint({mode})");
    if let Err(error) = connection.query_row(&statement, [], |_| Ok(())) {
        crate::log::debug(format_args!("checkpoint: {error}"));
    }
}
