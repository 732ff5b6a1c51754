//! Key-value stores, in files or in Redis.

mod file;
mod redis;

use crate::runtime_config::KeyValue;
use crate::stats;
use anyhow::Result;
use file::File;
use redis::Redis;
use std::path::Path;
use std::sync::Arc;

/// A store that a component may open.
#[derive(Clone)]
pub struct Store(Arc<Backend>);

enum Backend {
    File(File),
    Redis(Redis),
}

impl Store {
    /// Opens the store that the runtime configuration describes under `label`.
    pub fn connect(label: &str, config: &KeyValue) -> Result<Self> {
        let backend = match config {
            KeyValue::File(path) => Backend::File(File::open(label, path)?),
            KeyValue::Redis(url) => Backend::Redis(Redis::new(url)?),
        };
        Ok(Self(Arc::new(backend)))
    }

    /// The store's file, if it is a file store.
    pub fn path(&self) -> Option<&Path> {
        match &*self.0 {
            Backend::File(file) => Some(file.path()),
            Backend::Redis(_) => None,
        }
    }

    /// Finishes pending operations, and closes the store.
    pub fn close(&self) {
        if let Backend::File(file) = &*self.0 {
            file.close();
        }
    }

    /// Returns the value of a key.
    pub(crate) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        stats::store_call();
        match &*self.0 {
            Backend::File(file) => file.get(key),
            Backend::Redis(redis) => redis.get(key).await,
        }
    }

    /// Sets the value of a key.
    pub(crate) async fn set(&self, key: String, value: Vec<u8>) -> Result<(), String> {
        stats::store_call();
        match &*self.0 {
            Backend::File(file) => file.set(key, value).await,
            Backend::Redis(redis) => redis.set(&key, &value).await,
        }
    }

    /// Deletes keys. Some of them may not exist.
    pub(crate) async fn delete_many(&self, keys: Vec<String>) -> Result<(), String> {
        stats::store_call();
        match &*self.0 {
            Backend::File(file) => file.delete_many(keys).await,
            Backend::Redis(redis) => redis.delete_many(&keys).await,
        }
    }
}
