//! Stores in files, as a server writes them, for tests.

use std::fs;
use std::path::{Path, PathBuf};

use darkroom::blobs::key;
use darkroom::model::BlobId;
use rusqlite::Connection;

use super::{Files, LABEL};

/// Two files in a temporary directory, which is deleted on drop.
pub(crate) struct Stores {
    folder: tempfile::TempDir,
}

impl Stores {
    /// New, empty stores.
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a temporary directory");
        let stores = Self { folder };
        let history = "CREATE TABLE schema_migrations (
            version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER NOT NULL) STRICT";
        stores.catalog(history);
        for path in migrations() {
            stores.catalog(&fs::read_to_string(path).expect("is readable"));
        }
        let table = "CREATE TABLE spin_key_value (store TEXT NOT NULL, key TEXT NOT NULL,
            value BLOB NOT NULL, PRIMARY KEY (store, key))";
        stores.blobs().execute_batch(table).expect("is made");
        stores
    }

    /// The directory of the files.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn files(&self) -> Files {
        Files {
            catalog: self.folder().join("catalog.db"),
            blobs: Some(self.folder().join("blobs.db")),
        }
    }

    /// Runs statements on the catalog.
    pub(crate) fn catalog(&self, sql: &str) {
        let catalog = Connection::open(self.folder().join("catalog.db")).expect("opens");
        catalog.execute_batch(sql).expect("runs");
    }

    fn blobs(&self) -> Connection {
        Connection::open(self.folder().join("blobs.db")).expect("opens")
    }

    /// Adds an image, with the id of its blob and this many chunks of ten bytes.
    pub(crate) fn image(&self, blob: &str, chunks: u64) {
        self.chunks(blob, chunks);
        self.catalog(&format!(
            "INSERT INTO images (id, owner, blob_id, chunk_size, size, sha256, content_type,
                width, height, frames, visibility, tags, metadata, created_at, updated_at)
             VALUES ('{blob}', 'alice', '{blob}', 10, {}, '{blob}', 'image/png',
                1, 1, 1, 'private', '[]', '{{}}', 1, 1)",
            10 * chunks
        ));
    }

    /// Adds a variant of an image, in a blob of this many chunks of ten bytes.
    pub(crate) fn variant(&self, image: &str, blob: &str, chunks: u64) {
        self.chunks(blob, chunks);
        self.catalog(&format!(
            "INSERT INTO variants (image_id, transform, owner, blob_id, chunk_size, size, sha256,
                content_type, width, height, frames, created_at, used_at)
             VALUES ('{image}', 'w={chunks}', 'alice', '{blob}', 10, {}, '{blob}', 'image/png',
                1, 1, 1, 1, 1)",
            10 * chunks
        ));
    }

    /// Adds this many chunks of ten bytes to a blob.
    pub(crate) fn chunks(&self, blob: &str, chunks: u64) {
        let blob = BlobId::new(blob).expect("a valid id");
        for index in 0..chunks {
            self.value(&key::chunk(&blob, index), b"0123456789");
        }
    }

    /// Adds a value under any key.
    pub(crate) fn value(&self, key: &str, value: &[u8]) {
        let set = "INSERT INTO spin_key_value VALUES (?1, ?2, ?3)";
        let blobs = self.blobs();
        blobs.execute(set, (LABEL, key, value)).expect("is set");
    }

    /// The number of keys.
    pub(crate) fn keys(&self) -> u64 {
        let count = "SELECT count(*) FROM spin_key_value";
        let blobs = self.blobs();
        blobs
            .query_row(count, [], |row| row.get(0))
            .expect("counts")
    }
}

/// The schema's migrations, in order.
fn migrations() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../src/catalog/migrations");
    let entries = fs::read_dir(folder).expect("is there");
    let mut paths: Vec<PathBuf> = entries
        .map(|entry| entry.expect("is there").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "sql"))
        .collect();
    paths.sort();
    paths
}
