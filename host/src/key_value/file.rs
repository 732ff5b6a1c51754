//! The file store: one SQLite file with the same table as Spin's, so that either host can open
//! the other's file.

use crate::db::{Db, Options, Sharing, atomically};
use anyhow::Result;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};
use std::path::{Path, PathBuf};
use std::sync::Arc;

const TABLE: &str = "CREATE TABLE IF NOT EXISTS spin_key_value (
    store TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (store, key)
)";
const GET: &str = "SELECT value FROM spin_key_value WHERE store=?1 AND key=?2";
const SET: &str = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
    ON CONFLICT(store, key) DO UPDATE SET value=?3";
const DELETE: &str = "DELETE FROM spin_key_value WHERE store=?1 AND key=?2";

/// Values are long, and span fewer pages if these are large.
const OPTIONS: Options = Options {
    page_size: 16384,
    guarded: false,
};

/// A store in a file.
pub(super) struct File {
    label: Arc<str>,
    path: PathBuf,
    db: Db,
}

impl File {
    pub(super) fn open(label: &str, path: &Path) -> Result<Self> {
        Ok(Self {
            label: label.into(),
            path: path.to_owned(),
            db: Db::open(path, OPTIONS, TABLE)?,
        })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn close(&self) {
        self.db.close();
    }

    pub(super) fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        self.read(|connection| get(connection, &self.label, key))
    }

    pub(super) async fn set(&self, key: String, value: Vec<u8>) -> Result<(), String> {
        self.write(move |connection, label| set(connection, label, &key, &value))
            .await
    }

    pub(super) async fn delete_many(&self, keys: Vec<String>) -> Result<(), String> {
        self.write(move |connection, label| {
            atomically(connection, |connection| {
                let mut statement = connection.prepare_cached(DELETE)?;
                keys.iter()
                    .try_for_each(|key| statement.execute(params![label, key]).map(drop))
            })
        })
        .await
    }

    fn read<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T, String> {
        self.db.read(work)?.map_err(|error| error.to_string())
    }

    async fn write<T: Send + 'static>(
        &self,
        mut work: impl FnMut(&Connection, &str) -> rusqlite::Result<T> + Send + 'static,
    ) -> Result<T, String> {
        let label = self.label.clone();
        let work = move |connection: &Connection| work(connection, &label);
        let result = self.db.write(Sharing::Grouped, work).await?;
        result.map_err(|error| error.to_string())
    }
}

fn get(connection: &Connection, label: &str, key: &str) -> rusqlite::Result<Option<Vec<u8>>> {
    let mut statement = connection.prepare_cached(GET)?;
    let value = statement.query_row(params![label, key], |row| {
        Ok(match row.get_ref(0)? {
            ValueRef::Blob(bytes) | ValueRef::Text(bytes) => bytes.to_vec(),
            _ => Vec::new(),
        })
    });
    value.optional()
}

fn set(connection: &Connection, label: &str, key: &str, value: &[u8]) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(SET)?;
    statement.execute(params![label, key, value]).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, File) {
        let folder = tempfile::tempdir().unwrap();
        let file = File::open("default", &folder.path().join("kv.db")).unwrap();
        (folder, file)
    }

    #[tokio::test]
    async fn a_value_is_read_back_until_it_is_deleted() {
        let (_folder, file) = store();
        let value = vec![7; 300_000];
        assert_eq!(file.get("a"), Ok(None));
        file.set("a".to_owned(), value.clone()).await.unwrap();
        assert_eq!(file.get("a"), Ok(Some(value)));
        file.set("a".to_owned(), Vec::new()).await.unwrap();
        assert_eq!(file.get("a"), Ok(Some(Vec::new())));
        file.delete_many(vec!["a".to_owned(), "b".to_owned()])
            .await
            .unwrap();
        assert_eq!(file.get("a"), Ok(None));
    }
}
