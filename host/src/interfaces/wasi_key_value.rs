//! `wasi:keyvalue`. Its functions are synchronous: as in Spin, a call blocks the guest's instance
//! until it returns. Only `open` and `delete-many` are supported.

use super::not_offered;
use crate::bindings::spin::key_value::key_value::Error as SpinError;
use crate::bindings::wasi::keyvalue::batch::Host as BatchHost;
use crate::bindings::wasi::keyvalue::store::{Error, Host, HostBucket, KeyResponse};
use crate::ctx::Ctx;
use crate::key_value::Store;
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
    async fn get(&mut self, _: Bucket, _: String) -> Result<Option<Vec<u8>>, Error> {
        Err(other(not_offered("get")))
    }

    async fn set(&mut self, _: Bucket, _: String, _: Vec<u8>) -> Result<(), Error> {
        Err(other(not_offered("set")))
    }

    async fn delete(&mut self, _: Bucket, _: String) -> Result<(), Error> {
        Err(other(not_offered("delete")))
    }

    async fn exists(&mut self, _: Bucket, _: String) -> Result<bool, Error> {
        Err(other(not_offered("exists")))
    }

    async fn list_keys(&mut self, _: Bucket, _: Option<String>) -> Result<KeyResponse, Error> {
        Err(other(not_offered("list-keys")))
    }

    async fn drop(&mut self, bucket: Bucket) -> Result<()> {
        self.close_store(bucket)
    }
}

impl BatchHost for Ctx {
    async fn get_many(
        &mut self,
        _: Bucket,
        _: Vec<String>,
    ) -> Result<Vec<(String, Option<Vec<u8>>)>, Error> {
        Err(other(not_offered("get-many")))
    }

    async fn set_many(&mut self, _: Bucket, _: Vec<(String, Vec<u8>)>) -> Result<(), Error> {
        Err(other(not_offered("set-many")))
    }

    async fn delete_many(&mut self, bucket: Bucket, keys: Vec<String>) -> Result<(), Error> {
        let store = self.bucket(&bucket)?;
        if keys.is_empty() {
            return Ok(());
        }
        store.delete_many(keys).await.map_err(other)
    }
}
