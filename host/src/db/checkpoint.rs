//! Checkpoints: writes the log back into the file without blocking the writer.

use anyhow::Result;
use rusqlite::Connection;
use std::cell::Cell;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, SyncSender};

/// The log is written back into the file when it has grown by this many bytes. Commits wait while
/// the disk writes them, so fewer bytes mean shorter waits.
const LOG_BYTES: u64 = 8 << 20;
/// From this size, a checkpoint waits for the readers to finish, so that the log can start over.
const LOG_BYTES_MAX: u64 = 512 << 20;

thread_local! {
    /// The number of pages in the log of this thread's connection after its last commit.
    pub(super) static LOG_PAGES: Cell<u64> = const { Cell::new(0) };
}

/// Writes the log back into the file. Another thread does nearly all of the work while the writer
/// continues; the writer does the rest, so that the log can start over.
pub(super) struct Checkpoints {
    begin: SyncSender<()>,
    ended: Arc<AtomicBool>,
    running: Cell<bool>,
    /// The number of the log's pages that have been written back.
    written_back: Cell<u64>,
    page_size: u64,
}

impl Checkpoints {
    pub(super) fn new(connection: &Connection, path: &Path) -> Result<Self> {
        let page_size: u32 = connection.pragma_query_value(None, "page_size", |row| row.get(0))?;
        let (begin, begins) = mpsc::sync_channel(1);
        let ended = Arc::new(AtomicBool::new(false));
        let background = Connection::open(path)?;
        let end = ended.clone();
        std::thread::Builder::new()
            .name("sqlite-checkpoint".to_owned())
            .spawn(move || {
                while begins.recv().is_ok() {
                    checkpoint(&background, "PASSIVE");
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

    /// Starts or finishes a checkpoint if necessary. The writer calls this between groups.
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
