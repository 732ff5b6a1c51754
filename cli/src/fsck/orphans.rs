//! Finds chunks in a key-value file that no record explains.
//!
//! Keys are read before records: chunks written in between already have a lease, and a record
//! deleted in between lost its chunks before. An id is never issued twice, so an orphan
//! remains one, and may be deleted while a server runs.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use anyhow::Result;
use darkroom::blobs::key;
use darkroom::model::BlobId;
use rusqlite::Connection;

use crate::stores;

/// The chunks of one blob.
#[derive(Debug, Default, PartialEq, Eq)]
struct Chunks {
    indexes: Vec<u64>,
    bytes: u64,
}

/// Prints the orphans, and deletes them if `repair` is set. Returns how many remain.
pub(super) fn run(catalog: &Path, blobs: &Path, repair: bool) -> Result<u64> {
    let blobs = stores::open(blobs)?;
    let stored = stored(&blobs)?;
    let orphans = unexplained(&stores::open(catalog)?, stored)?;
    for (blob, chunks) in &orphans {
        println!(
            "orphan blob {blob}: {} chunks of {} bytes in all, which no record explains — {}",
            chunks.indexes.len(),
            chunks.bytes,
            if repair {
                "deleted"
            } else {
                "--repair deletes them"
            }
        );
    }
    if !repair {
        return Ok(orphans.len() as u64);
    }
    let mut delete = blobs.prepare("DELETE FROM spin_key_value WHERE store = ?1 AND key = ?2")?;
    for (blob, chunks) in &orphans {
        for index in &chunks.indexes {
            delete.execute([stores::LABEL, &key::chunk(blob, *index)])?;
        }
    }
    Ok(0)
}

/// All stored chunks, by blob.
fn stored(blobs: &Connection) -> Result<BTreeMap<BlobId, Chunks>> {
    let mut statement = blobs.prepare(
        "SELECT key, length(value) FROM spin_key_value
         WHERE store = ?1 AND key >= ?2 AND key < ?3",
    )?;
    let all = key::CHUNKS;
    let mut rows = statement.query([stores::LABEL, all.start, all.end])?;
    let mut stored: BTreeMap<BlobId, Chunks> = BTreeMap::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        if let Some((blob, index)) = key::parse_chunk(&name) {
            let chunks = stored.entry(blob).or_default();
            chunks.indexes.push(index);
            chunks.bytes += row.get::<_, u64>(1)?;
        }
    }
    Ok(stored)
}

/// The chunks whose blob has no record, no image, no variant, no lease, no remains awaiting a sweep,
/// and is no segment of an upload.
fn unexplained(
    catalog: &Connection,
    stored: BTreeMap<BlobId, Chunks>,
) -> Result<BTreeMap<BlobId, Chunks>> {
    let mut known = HashSet::new();
    for sql in [
        "SELECT id FROM blobs",
        "SELECT DISTINCT blob_id FROM blob_uses",
        "SELECT id FROM remains",
        "SELECT blob_id FROM upload_segments",
    ] {
        let mut statement = catalog.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            known.insert(row.get::<_, String>(0)?);
        }
    }
    let mut statement = catalog.prepare("SELECT id FROM leases")?;
    let leases: HashSet<String> = statement
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let leased = |blob: &str| {
        let lease = blob.rsplit_once('.').map(|(lease, _)| lease);
        lease.is_some_and(|lease| leases.contains(lease))
    };
    let orphans = stored.into_iter();
    Ok(orphans
        .filter(|(blob, _)| !known.contains(blob.as_str()) && !leased(blob.as_str()))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stores::testing::Stores;

    #[test]
    fn only_chunks_that_no_record_explains_are_orphans() {
        let stores = Stores::new();
        stores.image("l1.0", 2);
        stores.catalog("INSERT INTO leases VALUES ('l2', 4, 9)");
        stores.catalog("INSERT INTO remains VALUES ('l0.3', 20, 10, 9)");
        stores.chunks("l0.3", 2);
        stores.catalog("INSERT INTO upload_segments VALUES ('u', 0, 'l0.4', 10, 10, 9)");
        stores.chunks("l0.4", 1);
        for (blob, chunks) in [("l2.1", 3), ("l3.0", 2), ("l3.7", 1)] {
            stores.chunks(blob, chunks);
        }
        stores.value("else", b"x");
        let files = stores.files();
        let (catalog, blobs) = files.both().expect("are files");
        assert_eq!(run(catalog, blobs, false).expect("runs"), 2);
        assert_eq!(stores.keys(), 2 + 2 + 1 + 3 + 3 + 1);
        assert_eq!(run(catalog, blobs, true).expect("runs"), 0);
        assert_eq!(stores.keys(), 2 + 2 + 1 + 3 + 1);
        assert_eq!(run(catalog, blobs, false).expect("runs"), 0);
    }
}
