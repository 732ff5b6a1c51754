//! A store that fails when a test wants it to.

use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use bytes::Bytes;

use super::{BlobError, KeyValue, MemoryKeyValue};

/// An in-memory [`KeyValue`], some of whose calls fail.
pub(crate) struct FaultyKeyValue {
    values: MemoryKeyValue,
    calls: AtomicU64,
    /// Decides which calls fail, counted from 0.
    fails: Box<dyn Fn(u64) -> bool + Send + Sync>,
}

impl FaultyKeyValue {
    pub(crate) fn new(
        values: MemoryKeyValue,
        fails: impl Fn(u64) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            values,
            calls: AtomicU64::new(0),
            fails: Box::new(fails),
        }
    }

    fn call(&self) -> Result<(), BlobError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed);
        if (self.fails)(call) {
            return Err(BlobError::store("injected"));
        }
        Ok(())
    }
}

#[async_trait]
impl KeyValue for FaultyKeyValue {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BlobError> {
        self.call()?;
        self.values.get(key).await
    }

    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), BlobError> {
        self.call()?;
        self.values.set(key, value).await
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), BlobError> {
        self.call()?;
        self.values.delete_many(keys).await
    }
}
