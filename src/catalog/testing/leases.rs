//! Leases, in a map.

use std::collections::BTreeSet;

use async_trait::async_trait;

use super::{MemoryCatalog, items};
use crate::catalog::{CatalogError, Lease, Leases};
use crate::model::{BlobId, Timestamp};

#[async_trait]
impl Leases for MemoryCatalog {
    async fn lease(&self, lease: &Lease) -> Result<(), CatalogError> {
        self.write(|state, _| {
            if state.leases.contains_key(&lease.id) {
                return Err(CatalogError::database("the lease exists"));
            }
            state.leases.insert(lease.id.clone(), lease.clone());
            Ok(())
        })
        .await
    }

    async fn expired_leases(&self, at: Timestamp, limit: u32) -> Result<Vec<Lease>, CatalogError> {
        self.read(|state| {
            let is_expired = |lease: &&Lease| lease.expires_at <= at;
            let expired = state.leases.values().filter(is_expired);
            let mut expired: Vec<Lease> = expired.cloned().collect();
            expired.sort_by_key(|lease| lease.expires_at);
            expired.truncate(items(limit));
            expired
        })
        .await
    }

    async fn close_lease(&self, id: &str) -> Result<(), CatalogError> {
        self.write(|state, _| {
            if let Some(lease) = state.leases.get_mut(id) {
                lease.expires_at = Timestamp::default();
            }
            Ok(())
        })
        .await
    }

    async fn recorded_blobs(&self, lease: &Lease) -> Result<Vec<BlobId>, CatalogError> {
        let prefix = format!("{}.", lease.id);
        self.read(|state| {
            let recorded = state.blobs.values().map(|record| &record.blob.id);
            let ids = recorded.chain(state.images.values().map(|image| &image.blob.id));
            let variants = state.variants.variants.values();
            let ids = ids.chain(variants.map(|variant| &variant.blob.id));
            let uploads = state.resumables.values();
            let segments = uploads.flat_map(|upload| &upload.segments);
            let ids = ids.chain(segments.map(|segment| &segment.blob.id));
            let ids: BTreeSet<&str> = ids.map(BlobId::as_str).collect();
            let ours = ids.into_iter().filter(|id| id.starts_with(&prefix));
            ours.filter_map(BlobId::new).collect()
        })
        .await
    }

    async fn forget_lease(&self, id: &str) -> Result<(), CatalogError> {
        self.write(|state, _| {
            state.leases.remove(id);
            Ok(())
        })
        .await
    }
}
