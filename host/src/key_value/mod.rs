//! Key-value stores: `spin:key-value` and, in `wasi`, `wasi:keyvalue`.

mod file;
mod redis;
mod wasi;

use crate::bindings::spin::key_value::key_value::{Error, Host, HostStore, HostStoreWithStore};
use crate::engine::{Ctx, HostState};
use crate::interfaces::not_offered;
use crate::runtime_config::KeyValue;
use crate::stats;
use anyhow::{Result, bail};
use file::File;
use redis::Redis;
use std::path::Path;
use std::sync::Arc;
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

/// As many handles may one instance have open at a time.
const HANDLES: usize = 256;

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

    /// The file behind the store, if that is what it is.
    pub fn path(&self) -> Option<&Path> {
        match &*self.0 {
            Backend::File(file) => Some(file.path()),
            Backend::Redis(_) => None,
        }
    }

    /// Finishes what is under way.
    pub fn close(&self) {
        if let Backend::File(file) = &*self.0 {
            file.close();
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, String> {
        stats::store_call();
        match &*self.0 {
            Backend::File(file) => file.get(key),
            Backend::Redis(redis) => redis.get(key).await,
        }
    }

    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), String> {
        stats::store_call();
        match &*self.0 {
            Backend::File(file) => file.set(key, value).await,
            Backend::Redis(redis) => redis.set(&key, &value).await,
        }
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), String> {
        stats::store_call();
        match &*self.0 {
            Backend::File(file) => file.delete_many(keys).await,
            Backend::Redis(redis) => redis.delete_many(&keys).await,
        }
    }
}

fn other(message: String) -> Error {
    crate::log::warn(format_args!("key-value: {message}"));
    Error::Other(message)
}

impl Ctx {
    /// The store behind `label`, if the manifest grants it.
    fn granted(&mut self, label: &str) -> Result<Store, Error> {
        let store = self.component.key_value.get(label).cloned();
        let store = store.ok_or(Error::AccessDenied)?;
        if self.open_stores >= HANDLES {
            return Err(Error::StoreTableFull);
        }
        Ok(store)
    }

    fn keep(&mut self, store: Store) -> Result<Resource<Store>, Error> {
        let handle = self.table.push(store);
        let handle = handle.map_err(|_| Error::StoreTableFull)?;
        self.open_stores += 1;
        Ok(handle)
    }

    fn close_store(&mut self, handle: Resource<Store>) -> Result<()> {
        self.table.delete(handle)?;
        self.open_stores -= 1;
        Ok(())
    }
}

impl Host for Ctx {
    fn convert_error(&mut self, error: Error) -> Result<Error> {
        Ok(error)
    }
}

impl HostStore for Ctx {
    async fn drop(&mut self, store: Resource<Store>) -> Result<()> {
        self.close_store(store)
    }
}

fn lookup<T: Send>(
    accessor: &Accessor<T, HostState>,
    handle: &Resource<Store>,
) -> Result<Store, Error> {
    accessor
        .with(|mut access| access.get().table.get(handle).cloned())
        .map_err(|_| Error::NoSuchStore)
}

impl<T: Send> HostStoreWithStore<T> for HostState {
    async fn open(accessor: &Accessor<T, Self>, label: String) -> Result<Resource<Store>, Error> {
        accessor.with(|mut access| {
            let ctx = access.get();
            let store = ctx.granted(&label)?;
            ctx.keep(store)
        })
    }

    async fn get(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
    ) -> Result<Option<Vec<u8>>, Error> {
        lookup(accessor, &store)?.get(&key).await.map_err(other)
    }

    async fn set(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
        value: Vec<u8>,
    ) -> Result<(), Error> {
        lookup(accessor, &store)?
            .set(key, value)
            .await
            .map_err(other)
    }

    async fn delete(
        accessor: &Accessor<T, Self>,
        store: Resource<Store>,
        key: String,
    ) -> Result<(), Error> {
        lookup(accessor, &store)?
            .delete_many(vec![key])
            .await
            .map_err(other)
    }

    async fn exists(_: &Accessor<T, Self>, _: Resource<Store>, _: String) -> Result<bool, Error> {
        Err(other(not_offered("exists")))
    }

    async fn get_keys(
        _: &Accessor<T, Self>,
        _: Resource<Store>,
    ) -> Result<(StreamReader<String>, FutureReader<Result<(), Error>>)> {
        bail!(not_offered("get-keys"))
    }
}
