//! Spin's key-value store as a [`KeyValue`].

use std::future::Future;
use std::pin::pin;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::{Either, select};
use spin_sdk::key_value::{Error, Store};

use crate::blobs::{BlobError, KeyValue};
use crate::trace::{self, Phase};

/// Deletion of many keys at once, which the SDK does not cover: `wasi:keyvalue`,
/// bound from `wit/`. Its calls hold up the whole instance while they run, so
/// nothing that a request waits for goes through them.
mod bindings {
    spin_sdk::wit_bindgen::generate!({
        path: "wit",
        world: "darkroom",
        runtime_path: "::spin_sdk::wit_bindgen::rt",
        generate_all,
    });
}

use bindings::wasi::keyvalue::{batch, store};

/// How long the store may take over one call. Spin itself waits for minutes for a Redis
/// that is gone, and clients would with it.
const SILENCE: Duration = Duration::from_secs(10);

/// An open store.
pub struct SpinKeyValue {
    store: Store,
    label: &'static str,
}

impl SpinKeyValue {
    /// Opens the store with this label.
    pub async fn open(label: &'static str) -> Result<Self, BlobError> {
        let store = in_time(Store::open(label)).await?;
        Ok(Self { store, label })
    }
}

#[async_trait]
impl KeyValue for SpinKeyValue {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BlobError> {
        let _timer = trace::start(Phase::Blob);
        let value = in_time(self.store.get(key)).await?;
        Ok(value.map(Bytes::from))
    }

    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), BlobError> {
        let _timer = trace::start(Phase::Blob);
        in_time(self.store.set(key, value)).await
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), BlobError> {
        let _timer = trace::start(Phase::Blob);
        match keys.as_slice() {
            [] => Ok(()),
            [key] => in_time(self.store.delete(key)).await,
            keys => {
                let bucket = store::open(self.label).map_err(batch_failed)?;
                batch::delete_many(&bucket, keys).map_err(batch_failed)
            }
        }
    }
}

/// The answer to a call, unless it takes too long. Where it is there at once, no timer is
/// set. A write that is given up may be made yet, as one whose answer is lost may.
async fn in_time<T>(call: impl Future<Output = Result<T, Error>>) -> Result<T, BlobError> {
    match select(pin!(call), pin!(spin_sdk::time::sleep(SILENCE))).await {
        Either::Left((answer, _)) => answer.map_err(|error| BlobError::Store(error.to_string())),
        Either::Right(_) => {
            let error = format!("no answer within {} seconds", SILENCE.as_secs());
            Err(BlobError::Store(error))
        }
    }
}

fn batch_failed(error: store::Error) -> BlobError {
    BlobError::Store(match error {
        store::Error::NoSuchStore => "no such store".to_owned(),
        store::Error::AccessDenied => "access denied".to_owned(),
        store::Error::Other(message) => message,
    })
}
