//! The file store: one SQLite file with the table that Spin keeps too, so
//! that either host can open the other's file.

use super::Pairs;
use crate::db::{Db, Options, Sharing, atomically};
use anyhow::Result;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, params};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

const TABLE: &str = "CREATE TABLE IF NOT EXISTS spin_key_value (
    store TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (store, key)
)";
const GET: &str = "SELECT value FROM spin_key_value WHERE store=?1 AND key=?2";
const EXISTS: &str = "SELECT 1 FROM spin_key_value WHERE store=?1 AND key=?2";
const KEYS: &str = "SELECT key FROM spin_key_value WHERE store=?1";
const SET: &str = "INSERT INTO spin_key_value (store, key, value) VALUES (?1, ?2, ?3)
    ON CONFLICT(store, key) DO UPDATE SET value=?3";
const DELETE: &str = "DELETE FROM spin_key_value WHERE store=?1 AND key=?2";
const SWAP: &str = "UPDATE spin_key_value SET value=?3 WHERE store=?1 AND key=?2 AND value=?4";

/// Values are many pages long: large pages mean fewer of them.
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

/// What a compare-and-swap last saw, if it looked.
#[derive(Default)]
pub(super) struct FileCas(Mutex<Option<Vec<u8>>>);

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

    pub(super) fn exists(&self, key: &str) -> Result<bool, String> {
        self.read(|connection| {
            connection
                .prepare_cached(EXISTS)?
                .exists(params![self.label, key])
        })
    }

    pub(super) fn keys(&self) -> Result<Vec<String>, String> {
        self.read(|connection| {
            let mut statement = connection.prepare_cached(KEYS)?;
            let keys = statement.query_map([&self.label], |row| row.get(0))?;
            keys.collect()
        })
    }

    /// Leaves out the keys that do not exist, as Spin does.
    pub(super) fn get_many(&self, keys: &[String]) -> Result<Pairs, String> {
        self.read(|connection| {
            let pairs = keys.iter().map(|key| {
                let value = get(connection, &self.label, key)?;
                Ok(value.map(|value| (key.clone(), Some(value))))
            });
            pairs.filter_map(Result::transpose).collect()
        })
    }

    pub(super) async fn set(&self, key: String, value: Vec<u8>) -> Result<(), String> {
        self.write(move |connection, label| set(connection, label, &key, &value))
            .await
    }

    pub(super) async fn set_many(&self, pairs: Vec<(String, Vec<u8>)>) -> Result<(), String> {
        self.write(move |connection, label| {
            atomically(connection, |connection| {
                pairs
                    .iter()
                    .try_for_each(|(key, value)| set(connection, label, key, value))
            })
        })
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

    pub(super) async fn increment(&self, key: String, delta: i64) -> Result<i64, String> {
        self.write(move |connection, label| {
            let Ok(bytes) = get(connection, label, &key)?
                .unwrap_or_else(|| vec![0; 8])
                .try_into()
            else {
                return Ok(Err("the value is not an integer of 8 bytes".to_owned()));
            };
            let Some(sum) = i64::from_le_bytes(bytes).checked_add(delta) else {
                return Ok(Err("the sum is out of range".to_owned()));
            };
            set(connection, label, &key, &sum.to_le_bytes())?;
            Ok(Ok(sum))
        })
        .await?
    }

    pub(super) fn current(&self, key: &str, cas: &FileCas) -> Result<Option<Vec<u8>>, String> {
        let value = self.get(key)?;
        cas.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(&value);
        Ok(value)
    }

    /// Whether the value was still the one seen. As in Spin, a key that did
    /// not exist is set whatever has happened since.
    pub(super) async fn swap(
        &self,
        key: String,
        cas: &FileCas,
        value: Vec<u8>,
    ) -> Result<bool, String> {
        let seen = cas.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        self.write(move |connection, label| match &seen {
            Some(seen) => {
                let mut statement = connection.prepare_cached(SWAP)?;
                Ok(statement.execute(params![label, key, value, seen])? == 1)
            }
            None => set(connection, label, &key, &value).map(|()| true),
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
    async fn what_was_set_is_read_back_until_deleted() {
        let (_folder, file) = store();
        let value = vec![7; 300_000];
        assert_eq!(file.get("a"), Ok(None));
        file.set("a".to_owned(), value.clone()).await.unwrap();
        assert_eq!(file.get("a"), Ok(Some(value)));
        assert_eq!(file.exists("a"), Ok(true));
        file.set("a".to_owned(), Vec::new()).await.unwrap();
        assert_eq!(file.get("a"), Ok(Some(Vec::new())));
        file.delete_many(vec!["a".to_owned(), "b".to_owned()])
            .await
            .unwrap();
        assert_eq!(file.exists("a"), Ok(false));
    }

    #[tokio::test]
    async fn get_many_leaves_out_missing_keys() {
        let (_folder, file) = store();
        let pairs = vec![("a".to_owned(), vec![1]), ("b".to_owned(), vec![2])];
        file.set_many(pairs).await.unwrap();
        let keys = ["a", "x", "b"].map(str::to_owned);
        let expect = vec![
            ("a".to_owned(), Some(vec![1])),
            ("b".to_owned(), Some(vec![2])),
        ];
        assert_eq!(file.get_many(&keys), Ok(expect));
        assert_eq!(file.keys().unwrap().len(), 2);
    }

    #[tokio::test]
    async fn increments_start_at_zero_and_refuse_other_values() {
        let (_folder, file) = store();
        for (delta, expect) in [(1, 1), (2, 3), (-10, -7)] {
            assert_eq!(file.increment("n".to_owned(), delta).await, Ok(expect));
        }
        file.set("n".to_owned(), vec![1]).await.unwrap();
        assert!(file.increment("n".to_owned(), 1).await.is_err());
    }

    #[tokio::test]
    async fn a_swap_fails_where_the_value_has_changed() {
        let (_folder, file) = store();
        let key = "a".to_owned();
        file.set(key.clone(), vec![1]).await.unwrap();
        let cas = FileCas::default();
        assert_eq!(file.current("a", &cas), Ok(Some(vec![1])));
        file.set(key.clone(), vec![2]).await.unwrap();
        assert_eq!(file.swap(key.clone(), &cas, vec![3]).await, Ok(false));
        file.current("a", &cas).unwrap();
        assert_eq!(file.swap(key, &cas, vec![3]).await, Ok(true));
        assert_eq!(file.get("a"), Ok(Some(vec![3])));
    }
}
