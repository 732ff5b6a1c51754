//! An in-memory store of values, for native tests and for wrappers that inject faults.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;

use super::{BlobError, KeyValue};

/// A [`KeyValue`] in a map. Clones share the map.
#[derive(Clone, Debug, Default)]
pub struct MemoryKeyValue {
    values: Arc<Mutex<BTreeMap<String, Bytes>>>,
}

impl MemoryKeyValue {
    /// The keys of all values, in order.
    pub fn keys(&self) -> Vec<String> {
        self.lock().keys().cloned().collect()
    }

    /// Changes the map behind the store's back, to simulate damage.
    pub fn tamper(&self, change: impl FnOnce(&mut BTreeMap<String, Bytes>)) {
        change(&mut self.lock());
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Bytes>> {
        self.values.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl KeyValue for MemoryKeyValue {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BlobError> {
        Ok(self.lock().get(&key).cloned())
    }

    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), BlobError> {
        self.lock().insert(key, value.into());
        Ok(())
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), BlobError> {
        let mut values = self.lock();
        for key in keys {
            values.remove(&key);
        }
        Ok(())
    }
}
