//! Access to the stores of a server, bypassing its API.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use rusqlite::{Connection, OpenFlags};

use super::Darkroom;
use super::setup::{BLOBS, CATALOG};

/// How long work may take that continues after an answer, or after a client is gone. Spin's Redis
/// client was observed to take 87 s to notice that its server was back.
const PATIENCE: Duration = Duration::from_secs(120);

impl Darkroom {
    /// The number of chunks in the blob store.
    pub(crate) fn chunks(&self) -> i64 {
        let sql = "SELECT count(*) FROM spin_key_value WHERE key LIKE 'darkroom:blob:%'";
        self.count(BLOBS, sql)
    }

    /// Changes the blob store's file, as damage would.
    pub(crate) fn damage(&self, sql: &str) {
        self.change(BLOBS, sql);
    }

    /// Changes the catalog's file, as damage would.
    pub(crate) fn damage_catalog(&self, sql: &str) {
        self.change(CATALOG, sql);
    }

    fn change(&self, file: &str, sql: &str) {
        let connection = Connection::open(self.folder().join(file)).expect("opens");
        let patience = connection.busy_timeout(PATIENCE);
        patience.expect("waits for others");
        let changed = connection.execute(sql, []).expect("is changed");
        assert!(changed > 0, "{sql} changed nothing");
    }

    /// The number of images in the catalog.
    pub(crate) fn images(&self) -> i64 {
        self.count(CATALOG, "SELECT count(*) FROM images")
    }

    /// The number of idempotency keys in the catalog.
    pub(crate) fn keys(&self) -> i64 {
        self.count(CATALOG, "SELECT count(*) FROM idempotency_keys")
    }

    /// Waits until the blob store has `chunks` chunks, whatever the catalog contains.
    pub(crate) async fn holds_chunks(&self, chunks: i64) {
        let held = eventually(|| async { self.chunks() == chunks }).await;
        assert_eq!(held, Ok(()), "{} chunks, not {chunks}", self.chunks());
    }

    /// Lets every request in progress end, ends the server, and checks that only `images` images
    /// and `chunks` chunks are left.
    pub(crate) fn ends_with(&mut self, images: i64, chunks: i64) {
        self.stop();
        let found = (self.images(), self.chunks());
        assert_eq!(found, (images, chunks), "the log:\n{}", self.log());
    }

    /// Waits until exactly `images` images and `chunks` chunks are stored.
    pub(crate) async fn holds_only(&self, images: i64, chunks: i64) {
        let found = || (self.images(), self.chunks());
        eventually(|| async { found() == (images, chunks) })
            .await
            .unwrap_or_else(|()| {
                let log = self.log();
                panic!(
                    "(images, chunks) are {:?}, not {:?}; the log:\n{log}",
                    found(),
                    (images, chunks)
                );
            });
    }

    /// The keys of all chunks, in order.
    pub(crate) fn chunk_keys(&self) -> Vec<String> {
        let connection = Connection::open(self.folder().join(BLOBS)).expect("the file opens");
        let sql = "SELECT key FROM spin_key_value WHERE key LIKE 'darkroom:blob:%' ORDER BY key";
        let mut statement = connection.prepare(sql).expect("the file is read");
        let keys = statement
            .query_map([], |row| row.get(0))
            .expect("the file is read");
        keys.map(|key| key.expect("a key")).collect()
    }

    /// Changes a chunk without the server, as damage would.
    pub(crate) fn damage_chunk(&self, key: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let connection = Connection::open(self.folder().join(BLOBS)).expect("the file opens");
        let sql = "SELECT value FROM spin_key_value WHERE key = ?1";
        let mut value: Vec<u8> = connection
            .query_row(sql, [key], |row| row.get(0))
            .expect("the chunk is there");
        change(&mut value);
        let sql = "UPDATE spin_key_value SET value = ?2 WHERE key = ?1";
        let changed = connection.execute(sql, rusqlite::params![key, value]);
        assert_eq!(changed, Ok(1));
    }

    /// A connection to the catalog's file, as another program would open it.
    pub(crate) fn catalog(&self) -> Connection {
        Connection::open(self.folder().join(CATALOG)).expect("the file opens")
    }

    /// The path of the catalog's file.
    pub(crate) fn catalog_path(&self) -> PathBuf {
        self.folder().join(CATALOG)
    }

    /// Counts rows. Spin creates the file of a store only when something is stored.
    fn count(&self, file: &str, sql: &str) -> i64 {
        if !self.folder().join(file).exists() {
            return 0;
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
        let connection = Connection::open_with_flags(self.folder().join(file), flags);
        let connection = connection.expect("the store's file opens");
        connection
            .query_row(sql, [], |row| row.get(0))
            .expect("the store's file is read")
    }
}

/// Waits until `holds` returns true. Returns an error if that takes too long.
pub(crate) async fn eventually<F: Future<Output = bool>>(
    mut holds: impl FnMut() -> F,
) -> Result<(), ()> {
    let start = Instant::now();
    while !holds().await {
        if start.elapsed() > PATIENCE {
            return Err(());
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}
