//! Time limits for calls to the stores. A store that does not answer in time counts as
//! failed, so that its caller gets an error. It may still carry out the call: nobody
//! knows.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::{Either, select};

use crate::blobs::{BlobError, KeyValue};
use crate::catalog::{CatalogError, Database, Dialect, Row, Value};
use crate::platform::Clock;

/// The time that a store has for one call. Spin itself waits minutes for a Redis that
/// is gone, and for ever for a database.
pub const SILENCE: Duration = Duration::from_secs(10);
/// The time that a database has for a statement that visits all of its rows.
pub const LONG_SILENCE: Duration = Duration::from_secs(600);

/// A call was not answered in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no answer within {} seconds", .0.as_secs())]
pub struct Silence(pub Duration);

/// Returns the answer to `call`, unless it takes longer than `limit`. If the answer is
/// ready at once, the timer is never polled.
pub async fn within<T>(
    limit: Duration,
    clock: &dyn Clock,
    call: impl Future<Output = T>,
) -> Result<T, Silence> {
    match select(pin!(call), clock.sleep(limit)).await {
        Either::Left((answer, _)) => Ok(answer),
        Either::Right(_) => Err(Silence(limit)),
    }
}

/// A store whose calls fail if they are not answered in time.
pub struct Patient<S> {
    store: S,
    clock: Arc<dyn Clock>,
}

impl<S> Patient<S> {
    /// Wraps `store`; `clock` limits each of its calls.
    pub fn new(store: S, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }
}

impl<D: Database> Patient<D> {
    async fn rows(
        &self,
        limit: Duration,
        call: impl Future<Output = Result<Vec<Row>, CatalogError>>,
    ) -> Result<Vec<Row>, CatalogError> {
        let answer = within(limit, &*self.clock, call).await;
        answer.unwrap_or_else(|silence| Err(CatalogError::unknown(silence)))
    }
}

#[async_trait]
impl<D: Database> Database for Patient<D> {
    fn dialect(&self) -> Dialect {
        self.store.dialect()
    }

    async fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError> {
        let call = self.store.query(sql, parameters);
        self.rows(SILENCE, call).await
    }

    async fn query_long(
        &self,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<Vec<Row>, CatalogError> {
        let call = self.store.query_long(sql, parameters);
        self.rows(LONG_SILENCE, call).await
    }
}

impl<K: KeyValue> Patient<K> {
    async fn value<T>(
        &self,
        call: impl Future<Output = Result<T, BlobError>>,
    ) -> Result<T, BlobError> {
        let answer = within(SILENCE, &*self.clock, call).await;
        answer.unwrap_or_else(|silence| Err(BlobError::store(silence)))
    }
}

#[async_trait]
impl<K: KeyValue> KeyValue for Patient<K> {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BlobError> {
        self.value(self.store.get(key)).await
    }

    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), BlobError> {
        self.value(self.store.set(key, value)).await
    }

    async fn delete_many(&self, keys: Vec<String>) -> Result<(), BlobError> {
        self.value(self.store.delete_many(keys)).await
    }
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
