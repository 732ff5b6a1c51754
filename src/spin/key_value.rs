//! Spin's key-value store as a [`KeyValue`].
//!
//! Of `wasi:keyvalue`, Darkroom uses only `delete-many`. That call blocks the instance and no
//! timer can end it, so one key of each batch is deleted first by a call that does not block.
//! `get-many` fails on Redis, compare-and-swap protects nothing on the file store, and `set-many`
//! gains nothing over two `set`s in flight while it blocks the instance.

use async_trait::async_trait;
use bytes::Bytes;
use spin_sdk::key_value::{Error, Store};

use crate::blobs::{BlobError, KeyValue};
use crate::trace::{self, Phase};

/// Deletion of many keys at once, which the SDK does not cover: `wasi:keyvalue`,
/// bound from `wit/`. Its calls block the whole instance while they run, and no timer
/// ends them, so they are made only to a store that has just responded.
mod bindings {
    spin_sdk::wit_bindgen::generate!({
        path: "wit",
        world: "darkroom",
        runtime_path: "::spin_sdk::wit_bindgen::rt",
        generate_all,
    });
}

use bindings::wasi::keyvalue::{batch, store};

/// An open store.
pub(super) struct SpinKeyValue {
    store: Store,
    label: &'static str,
}

impl SpinKeyValue {
    /// Opens the store with this label.
    pub(super) async fn open(label: &'static str) -> Result<Self, BlobError> {
        let store = Store::open(label).await.map_err(failed)?;
        Ok(Self { store, label })
    }
}

#[async_trait]
impl KeyValue for SpinKeyValue {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BlobError> {
        let _timer = trace::start(Phase::Blob);
        let value = self.store.get(key).await.map_err(failed)?;
        Ok(value.map(Bytes::from))
    }

    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), BlobError> {
        let _timer = trace::start(Phase::Blob);
        self.store.set(key, value).await.map_err(failed)
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), BlobError> {
        let _timer = trace::start(Phase::Blob);
        let Some((first, others)) = keys.split_first() else {
            return Ok(());
        };
        // Detects a store that does not respond by a call that blocks nothing else and whose
        // time is limited.
        self.store.delete(first).await.map_err(failed)?;
        if others.is_empty() {
            return Ok(());
        }
        let bucket = store::open(self.label).map_err(batch_failed)?;
        batch::delete_many(&bucket, others).map_err(batch_failed)
    }
}

fn failed(error: Error) -> BlobError {
    BlobError::store(error)
}

fn batch_failed(error: store::Error) -> BlobError {
    BlobError::store(match error {
        store::Error::NoSuchStore => "no such store".to_owned(),
        store::Error::AccessDenied => "access denied".to_owned(),
        store::Error::Other(message) => message,
    })
}
