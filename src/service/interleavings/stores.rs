//! The stores, step by step.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;

use super::clock::Clock;
use super::steps::{Pause, Stepped, Steps};
use crate::blobs::{BlobError, KeyValue};
use crate::catalog::testing::{MemoryCatalog, Moment};
use crate::catalog::{CatalogError, Database, Dialect, Row, Value};

fn lost_blob() -> BlobError {
    BlobError::store("injected")
}

fn lost_row() -> CatalogError {
    CatalogError::unknown("injected")
}

#[async_trait]
impl<S: KeyValue + Clone + 'static> KeyValue for Stepped<S> {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BlobError> {
        let call = self.inner.get(key);
        self.step(Pause::Look, call, lost_blob).await
    }

    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), BlobError> {
        // A writer continues while a chunk is being written, without polling the write.
        let inner = self.inner.clone();
        let call = async move { inner.set(key, value).await };
        self.effect((Pause::Write, Pause::Written), call, lost_blob)
            .await
    }

    /// One by one, as a store may do it.
    async fn delete_many(&self, keys: Vec<String>) -> Result<(), BlobError> {
        for key in keys {
            let inner = self.inner.clone();
            let call = async move { inner.delete_many(vec![key]).await };
            self.effect((Pause::Change, Pause::Answer), call, lost_blob)
                .await?;
        }
        Ok(())
    }
}

#[async_trait]
impl<S: Database + Clone + 'static> Database for Stepped<S> {
    fn dialect(&self) -> Dialect {
        self.inner.dialect()
    }

    async fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError> {
        let is_change = !sql.trim_start().starts_with("SELECT") || sql.contains("FROM darkroom_");
        let pause = if !is_change {
            Pause::Look
        } else {
            Pause::Change
        };
        let (inner, sql) = (self.inner.clone(), sql.to_owned());
        let call = async move { inner.query(&sql, parameters).await };
        self.effect((pause, Pause::Answer), call, lost_row).await
    }
}

/// A catalog in maps, of which every call is a step.
pub(super) fn stepped_catalog(steps: &Arc<Steps>, clock: &Clock) -> MemoryCatalog {
    let (steps, now, timer) = (Arc::clone(steps), clock.clone(), clock.clone());
    let intercept = move |moment| {
        let pause = match moment {
            Moment::Read => Pause::Look,
            Moment::Write => Pause::Change,
            Moment::Answer => Pause::Answer,
        };
        let (steps, now) = (Arc::clone(&steps), now.timestamp());
        let is_well = async move { steps.pause(pause, now).await };
        is_well
            .map(|is_well| is_well.then_some(()).ok_or_else(lost_row))
            .boxed()
    };
    MemoryCatalog::timed_by(move || timer.timestamp()).intercepted_by(Box::new(intercept))
}
