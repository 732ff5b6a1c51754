//! `spin:key-value`: handles on the stores that the manifest grants.

use super::not_offered;
use crate::bindings::spin::key_value::key_value::{Error, Host, HostStore, HostStoreWithStore};
use crate::ctx::{Ctx, HostState};
use crate::key_value::Store;
use anyhow::{Result, bail};
use wasmtime::component::{Accessor, FutureReader, Resource, StreamReader};

/// The number of handles that one instance may have open at a time.
const HANDLES: usize = 256;

fn other(message: String) -> Error {
    crate::log::warn(format_args!("key-value: {message}"));
    Error::Other(message)
}

impl Ctx {
    /// The store with this label, if the manifest grants it.
    pub(super) fn granted(&mut self, label: &str) -> Result<Store, Error> {
        let store = self.component.key_value.get(label).cloned();
        let store = store.ok_or(Error::AccessDenied)?;
        if self.open_stores >= HANDLES {
            return Err(Error::StoreTableFull);
        }
        Ok(store)
    }

    /// Gives the guest a handle on a store.
    pub(super) fn keep(&mut self, store: Store) -> Result<Resource<Store>, Error> {
        let handle = self.table.push(store);
        let handle = handle.map_err(|_| Error::StoreTableFull)?;
        self.open_stores += 1;
        Ok(handle)
    }

    /// Closes a handle.
    pub(super) fn close_store(&mut self, handle: Resource<Store>) -> Result<()> {
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
