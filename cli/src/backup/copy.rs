//! Copies the stores while a server writes to them.
//!
//! The catalog is copied first, by SQLite's online backup, in the state that it has at one
//! moment. Every blob that is alive at that moment already has all its chunks, because a
//! record is committed after its chunks are written. Chunks never change, and are deleted
//! only when their blob has died and its grace period has passed. So all chunks that the
//! copied catalog refers to can still be copied, unless copying takes longer than the grace
//! period. If a blob was deleted by then, so were its images and variants: they are deleted from
//! the copy too, as if they had been deleted just before it was made. Uploads that are open are
//! left out.

use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use darkroom::blobs::key;
use darkroom::model::BlobId;
use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OptionalExtension as _};

use super::manifest::Manifest;
use super::{BLOBS, CATALOG};
use crate::stores::{self, LABEL};

/// How many bytes of chunks are copied before a commit.
const BYTES_PER_COMMIT: u64 = 64 << 20;
/// How many times the copying of a locked catalog is tried.
const TRIES: u32 = 600;

const TABLE: &str = "CREATE TABLE spin_key_value (store TEXT NOT NULL, key TEXT NOT NULL,
    value BLOB NOT NULL, PRIMARY KEY (store, key))";
const LIVE: &str = "SELECT id, size, chunk_size FROM blobs
    WHERE refs > 0 OR EXISTS (SELECT 1 FROM blob_uses WHERE blob_uses.blob_id = blobs.id)
    ORDER BY id";
const CHUNKS: &str = "SELECT key, value FROM spin_key_value
    WHERE store = ?1 AND key >= ?2 AND key < ?3";

/// Copies the catalog.
pub(super) fn catalog(from: &Path, to: &Path) -> Result<()> {
    let source = stores::open(from)?;
    let mut copy = Connection::open(to)?;
    let backup = Backup::new(&source, &mut copy)?;
    for _ in 0..TRIES {
        // In a single step, so that concurrent writes do not make the backup start over.
        match backup.step(-1)? {
            StepResult::Done => {
                drop(backup);
                // The copy is a single file, even if the original has a log.
                copy.pragma_update(None, "journal_mode", "DELETE")?;
                return Ok(());
            }
            _ => thread::sleep(Duration::from_millis(50)),
        }
    }
    bail!(
        "the database {} is still locked by another process",
        from.display()
    )
}

/// Copies the chunks of all blobs of the copied catalog, which is in `folder`.
/// `catalog` and `blobs` are the server's files.
pub(super) fn blobs(catalog: &Path, blobs: &Path, folder: &Path) -> Result<Manifest> {
    let mut manifest = Manifest::now();
    let live = stores::open(catalog)?;
    let source = stores::open(blobs)?;
    let records = stores::open(&folder.join(CATALOG))?;
    let copy = Connection::open(folder.join(BLOBS))?;
    copy.pragma_update(None, "page_size", 16384)?;
    // The finished file is synced as a whole.
    copy.pragma_update(None, "synchronous", "OFF")?;
    copy.execute_batch(TABLE)?;
    let mut gone = Vec::new();
    let mut statement = records.prepare(LIVE)?;
    let mut rows = statement.query([])?;
    let mut uncommitted = 0;
    copy.execute_batch("BEGIN")?;
    while let Some(row) = rows.next()? {
        let (id, size, chunk_size): (String, u64, u64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let chunks = size.div_ceil(chunk_size.max(1));
        if let Some(bytes) = copy_chunks(&source, &copy, &id, chunks)? {
            manifest.blobs += 1;
            manifest.bytes += bytes;
            uncommitted += bytes;
        } else if is_alive(&live, &id)? {
            manifest.damaged.push(id);
        } else {
            gone.push(id);
        }
        if uncommitted > BYTES_PER_COMMIT {
            copy.execute_batch("COMMIT; BEGIN")?;
            uncommitted = 0;
        }
    }
    copy.execute_batch("COMMIT")?;
    for id in gone {
        // Variants can be made again, and are not counted.
        records.execute("DELETE FROM variants WHERE blob_id = ?1", [&id])?;
        let deleted = records.execute("DELETE FROM images WHERE blob_id = ?1", [&id])?;
        manifest.left_out += deleted as u64;
    }
    // What they have received is not copied. Their clients begin again.
    let open = "DELETE FROM resumable_uploads WHERE completed_at IS NULL";
    records.execute(open, [])?;
    let count = "SELECT count(*) FROM images";
    manifest.images = records.query_row(count, [], |row| row.get(0))?;
    Ok(manifest)
}

/// Copies a blob's chunks, all or none. Returns how many bytes they have together, or `None` if
/// a chunk is missing.
fn copy_chunks(
    source: &Connection,
    copy: &Connection,
    id: &str,
    chunks: u64,
) -> Result<Option<u64>> {
    let Some(blob) = BlobId::new(id) else {
        return Ok(None);
    };
    copy.execute_batch("SAVEPOINT blob")?;
    let all = key::chunks(&blob);
    let mut statement = source.prepare_cached(CHUNKS)?;
    let mut insert = copy.prepare_cached("INSERT INTO spin_key_value VALUES (?1, ?2, ?3)")?;
    let mut rows = statement.query([LABEL, &all.start, &all.end])?;
    let (mut found, mut bytes) = (0, 0);
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let value = row
            .get_ref(1)?
            .as_bytes()
            .context("a value is not a blob")?;
        if key::parse_chunk(&name).is_some_and(|(_, index)| index < chunks) {
            insert.execute((LABEL, &name, value))?;
            found += 1;
            bytes += value.len() as u64;
        }
    }
    if found < chunks {
        copy.execute_batch("ROLLBACK TO blob; RELEASE blob")?;
        return Ok(None);
    }
    copy.execute_batch("RELEASE blob")?;
    Ok(Some(bytes))
}

/// Whether the server's catalog still has images or variants of a blob.
fn is_alive(catalog: &Connection, id: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM blob_uses WHERE blob_id = ?1 LIMIT 1";
    let found = catalog.query_row(sql, [id], |_| Ok(())).optional()?;
    Ok(found.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backup::make;
    use crate::stores::testing::Stores;

    fn count(path: &Path, sql: &str) -> u64 {
        let connection = Connection::open(path).expect("opens");
        connection
            .query_row(sql, [], |row| row.get(0))
            .expect("runs")
    }

    #[test]
    fn a_copy_has_all_images_and_their_chunks_and_nothing_else() {
        let stores = Stores::new();
        for (blob, chunks) in [("l1.0", 1), ("l1.1", 12), ("l1.10", 2)] {
            stores.image(blob, chunks);
        }
        stores.image("l1.2", 3);
        stores.catalog("DELETE FROM images WHERE id = 'l1.2'");
        stores.chunks("l9.9", 4);
        let folder = tempfile::tempdir().expect("a temporary directory");
        let manifest = make(&stores.files(), folder.path()).expect("is copied");
        assert_eq!(
            (manifest.images, manifest.blobs, manifest.bytes),
            (3, 3, 150)
        );
        assert_eq!((manifest.left_out, manifest.damaged.len()), (0, 0));
        let copied = count(
            &folder.path().join(BLOBS),
            "SELECT count(*) FROM spin_key_value",
        );
        assert_eq!(copied, 15);
        assert_eq!(Manifest::read(folder.path()).expect("is read"), manifest);
    }

    #[test]
    fn images_deleted_and_swept_during_the_copy_are_left_out() {
        let stores = Stores::new();
        stores.image("l1.0", 2);
        stores.image("l1.1", 30);
        let folder = tempfile::tempdir().expect("a temporary directory");
        let files = stores.files();
        let (from, chunks) = files.both().expect("are files");
        catalog(from, &folder.path().join(CATALOG)).expect("is copied");
        stores.catalog("DELETE FROM images WHERE id = 'l1.1'");
        stores.image("l1.2", 1);
        let connection = Connection::open(chunks).expect("opens");
        let sweep = "DELETE FROM spin_key_value WHERE key LIKE 'darkroom:blob:l1.1:2%'";
        connection.execute(sweep, []).expect("runs");
        let manifest = blobs(from, chunks, folder.path()).expect("is copied");
        assert_eq!(
            (manifest.images, manifest.blobs, manifest.left_out),
            (1, 1, 1)
        );
        assert_eq!(manifest.damaged, Vec::<String>::new());
        let copied = count(
            &folder.path().join(BLOBS),
            "SELECT count(*) FROM spin_key_value",
        );
        assert_eq!(copied, 2);
        let dead = "SELECT count(*) FROM blobs WHERE refs = 0 AND died_at > 0";
        assert_eq!(count(&folder.path().join(CATALOG), dead), 1);
    }

    #[test]
    fn variants_are_copied_and_those_that_are_evicted_during_the_copy_are_left_out() {
        let stores = Stores::new();
        stores.image("l1.0", 2);
        stores.variant("l1.0", "l1.1", 3);
        stores.variant("l1.0", "l1.2", 30);
        let folder = tempfile::tempdir().expect("a temporary directory");
        let files = stores.files();
        let (from, chunks) = files.both().expect("are files");
        catalog(from, &folder.path().join(CATALOG)).expect("is copied");
        stores.catalog("DELETE FROM variants WHERE blob_id = 'l1.2'");
        let connection = Connection::open(chunks).expect("opens");
        let sweep = "DELETE FROM spin_key_value WHERE key LIKE 'darkroom:blob:l1.2:2%'";
        connection.execute(sweep, []).expect("runs");
        let manifest = blobs(from, chunks, folder.path()).expect("is copied");
        assert_eq!((manifest.images, manifest.blobs), (1, 2));
        assert_eq!((manifest.left_out, manifest.damaged.len()), (0, 0));
        let left = "SELECT count(*) FROM variants WHERE blob_id = 'l1.1'";
        assert_eq!(count(&folder.path().join(CATALOG), left), 1);
        let all = "SELECT count(*) FROM variants";
        assert_eq!(count(&folder.path().join(CATALOG), all), 1);
    }

    #[test]
    fn blobs_that_lack_chunks_are_reported() {
        let stores = Stores::new();
        stores.image("l1.0", 2);
        stores.image("l1.1", 2);
        let files = stores.files();
        let (_, chunks) = files.both().expect("are files");
        let connection = Connection::open(chunks).expect("opens");
        let damage = "DELETE FROM spin_key_value WHERE key = 'darkroom:blob:l1.1:0'";
        connection.execute(damage, []).expect("runs");
        let folder = tempfile::tempdir().expect("a temporary directory");
        let manifest = make(&files, folder.path()).expect("is copied");
        assert_eq!(manifest.damaged, ["l1.1"]);
        assert_eq!((manifest.images, manifest.blobs), (2, 1));
    }
}
