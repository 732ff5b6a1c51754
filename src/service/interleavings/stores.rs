//! The stores, step by step.

use async_trait::async_trait;
use bytes::Bytes;
use uuid::Uuid;

use super::steps::{Pause, Stepped};
use crate::blobs::{BlobError, KeyValue};
use crate::catalog::{
    BlobCheck, Catalog, CatalogError, Database, ImageCheck, KeyClaim, KeyState, Lease, Miscount,
    NewImage, RecordedBlob, Row, Statistics, Value,
};
use crate::model::{BlobId, BlobRef, Image, ListQuery, Page, Quota, Timestamp, Usage};

fn lost_blob() -> BlobError {
    BlobError::Store("injected".to_owned())
}

fn lost_row() -> CatalogError {
    CatalogError::Database("injected".to_owned())
}

#[async_trait]
impl<S: KeyValue + Clone + 'static> KeyValue for Stepped<S> {
    async fn get(&self, key: String) -> Result<Option<Bytes>, BlobError> {
        let call = self.inner.get(key);
        self.step(Pause::Look, call, lost_blob).await
    }

    async fn set(&self, key: String, value: Vec<u8>) -> Result<(), BlobError> {
        // A writer goes on while a chunk is on its way, without asking for it.
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
    async fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError> {
        let pause = if sql.trim_start().starts_with("SELECT") {
            Pause::Look
        } else {
            Pause::Change
        };
        let (inner, sql) = (self.inner.clone(), sql.to_owned());
        let call = async move { inner.query(&sql, parameters).await };
        self.effect((pause, Pause::Answer), call, lost_row).await
    }
}

/// Every method of the catalog is a step.
macro_rules! stepped_catalog {
    ($($pause:ident $name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl<S: Catalog> Catalog for Stepped<S> {
            $(async fn $name(&self, $($argument: $kind),*) -> Result<$answer, CatalogError> {
                let call = self.inner.$name($($argument),*);
                self.step(Pause::$pause, call, lost_row).await
            })*
        }
    };
}

stepped_catalog! {
    Change lease(lease: &Lease) -> ();
    Change commit(images: &[NewImage], quota: Quota, now: Timestamp) -> Vec<BlobRef>;
    Look find(id: Uuid) -> Option<Image>;
    Look list(query: &ListQuery) -> Page;
    Change update(image: &Image, unchanged_since: Timestamp, quota: Quota) -> bool;
    Change revoke_links(id: Uuid, owner: Option<&str>) -> bool;
    Look is_ticket_spent(id: &str) -> bool;
    Change forget_tickets(before: Timestamp) -> ();
    Change delete(id: Uuid, owner: Option<&str>, unchanged_since: Option<Timestamp>) -> bool;
    Look dead_blobs(before: Timestamp, limit: u32) -> Vec<BlobRef>;
    Change forget_blob(id: &BlobId) -> ();
    Change record_remains(blob: &BlobRef) -> ();
    Look remains(before: Timestamp, limit: u32) -> Vec<BlobRef>;
    Change forget_remains(ids: &[BlobId]) -> ();
    Look expired_leases(at: Timestamp, limit: u32) -> Vec<Lease>;
    Change close_lease(id: &str) -> ();
    Look recorded_blobs(lease: &Lease) -> Vec<BlobId>;
    Change forget_lease(id: &str) -> ();
    Change claim_key(claim: &KeyClaim, now: Timestamp, until: Timestamp) -> KeyState;
    Change release_key(claim: &KeyClaim) -> ();
    Change abandon_key(claim: &KeyClaim, at: Timestamp) -> ();
    Change forget_keys(at: Timestamp) -> ();
    Look blobs_after(after: &str, limit: u32) -> Vec<RecordedBlob>;
    Look is_recorded(id: &BlobId) -> bool;
    Look usage(owner: &str) -> Usage;
    Look statistics(owners: u32) -> Statistics;
    Look check_images(after: &str, limit: u32) -> Vec<ImageCheck>;
    Look check_blobs(after: &str, limit: u32) -> Vec<BlobCheck>;
    Look images_of(blob: &str, limit: u32) -> Vec<String>;
    Change record_blob(image: &str) -> ();
    Change recount_blob(id: &str) -> ();
    Look miscounts(limit: u32) -> Vec<Miscount>;
    Change recount_usage() -> ();
    Change delete_images_of(blob: &str) -> ();
    Look check() -> ();
}
