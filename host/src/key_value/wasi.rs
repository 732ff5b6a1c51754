//! `wasi:keyvalue`. Its functions are synchronous: a call blocks the guest's
//! instance until it is answered, as in Spin.

use super::{Pairs, Store};
use crate::bindings::spin::key_value::key_value::Error as SpinError;
use crate::bindings::wasi::keyvalue::batch::Host as BatchHost;
use crate::bindings::wasi::keyvalue::store::{Error, Host, HostBucket, KeyResponse};
use crate::engine::Ctx;
use anyhow::Result;
use wasmtime::component::Resource;

type Bucket = Resource<Store>;

fn other(message: String) -> Error {
    crate::log::warn(format_args!("key-value: {message}"));
    Error::Other(message)
}

impl From<SpinError> for Error {
    fn from(error: SpinError) -> Self {
        match error {
            SpinError::StoreTableFull => Self::Other("store table full".to_owned()),
            SpinError::NoSuchStore => Self::NoSuchStore,
            SpinError::AccessDenied => Self::AccessDenied,
            SpinError::Other(message) => Self::Other(message),
        }
    }
}

impl Ctx {
    fn bucket(&self, bucket: &Bucket) -> Result<Store, Error> {
        self.table
            .get(bucket)
            .cloned()
            .map_err(|_| Error::NoSuchStore)
    }
}

impl Host for Ctx {
    async fn open(&mut self, identifier: String) -> Result<Bucket, Error> {
        let store = self.granted(&identifier)?;
        Ok(self.keep(store)?)
    }

    fn convert_error(&mut self, error: Error) -> Result<Error> {
        Ok(error)
    }
}

impl HostBucket for Ctx {
    async fn get(&mut self, bucket: Bucket, key: String) -> Result<Option<Vec<u8>>, Error> {
        self.bucket(&bucket)?.get(&key).await.map_err(other)
    }

    async fn set(&mut self, bucket: Bucket, key: String, value: Vec<u8>) -> Result<(), Error> {
        self.bucket(&bucket)?.set(key, value).await.map_err(other)
    }

    async fn delete(&mut self, bucket: Bucket, key: String) -> Result<(), Error> {
        self.bucket(&bucket)?
            .delete_many(vec![key])
            .await
            .map_err(other)
    }

    async fn exists(&mut self, bucket: Bucket, key: String) -> Result<bool, Error> {
        self.bucket(&bucket)?.exists(&key).await.map_err(other)
    }

    async fn list_keys(
        &mut self,
        bucket: Bucket,
        cursor: Option<String>,
    ) -> Result<KeyResponse, Error> {
        if cursor.is_some() {
            return Err(Error::Other("list_keys: cursor not supported".to_owned()));
        }
        let keys = self.bucket(&bucket)?.keys().await.map_err(other)?;
        Ok(KeyResponse { keys, cursor: None })
    }

    async fn drop(&mut self, bucket: Bucket) -> Result<()> {
        self.close_store(bucket)
    }
}

impl BatchHost for Ctx {
    async fn get_many(&mut self, bucket: Bucket, keys: Vec<String>) -> Result<Pairs, Error> {
        let store = self.bucket(&bucket)?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        store.get_many(keys).await.map_err(other)
    }

    async fn set_many(
        &mut self,
        bucket: Bucket,
        pairs: Vec<(String, Vec<u8>)>,
    ) -> Result<(), Error> {
        let store = self.bucket(&bucket)?;
        if pairs.is_empty() {
            return Ok(());
        }
        store.set_many(pairs).await.map_err(other)
    }

    async fn delete_many(&mut self, bucket: Bucket, keys: Vec<String>) -> Result<(), Error> {
        let store = self.bucket(&bucket)?;
        if keys.is_empty() {
            return Ok(());
        }
        store.delete_many(keys).await.map_err(other)
    }
}
