//! Opens connections for writing and for reading.

use super::Options;
use super::checkpoint::LOG_PAGES;
use rusqlite::{Connection, OpenFlags};
use std::path::Path;
use std::time::Duration;

pub(super) fn writer(path: &Path, options: Options, setup: &str) -> rusqlite::Result<Connection> {
    let connection = Connection::open(path)?;
    connection.pragma_update(None, "page_size", options.page_size)?;
    let mode: String = connection.query_row("PRAGMA journal_mode=WAL", [], |row| row.get(0))?;
    connection.execute_batch(setup)?;
    // If the file system does not support WAL mode, SQLite itself must sync every commit.
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

pub(super) fn reader(path: &Path, options: Options) -> rusqlite::Result<Connection> {
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
            // Acknowledged writes must stay durable, whatever pragmas the guest sets.
            AuthAction::Pragma {
                pragma_name: "journal_mode" | "synchronous" | "locking_mode" | "wal_autocheckpoint",
                pragma_value: Some(value),
            } if !value.eq_ignore_ascii_case("wal") => Authorization::Ignore,
            _ => Authorization::Allow,
        }))?;
    }
    Ok(())
}
