//! Leases in SQL.

use async_trait::async_trait;

use super::{Columns, Database, SqlCatalog};
use crate::catalog::{CatalogError, Lease, Leases};
use crate::model::{BlobId, Timestamp};

/// The statement of [`Leases::recorded_blobs`]. '/' is the character after '.': the range
/// is every id with this prefix.
pub(super) const RECORDED: &str = "
    SELECT id FROM blobs WHERE id > ?1 || '.' AND id < ?1 || '/'
    UNION SELECT blob_id FROM blob_uses WHERE blob_id > ?1 || '.' AND blob_id < ?1 || '/'
    UNION SELECT blob_id FROM upload_segments WHERE blob_id > ?1 || '.' AND blob_id < ?1 || '/'";

#[async_trait]
impl<D: Database> Leases for SqlCatalog<D> {
    async fn lease(&self, lease: &Lease) -> Result<(), CatalogError> {
        let sql = "INSERT INTO leases (id, capacity, expires_at) VALUES (?1, ?2, ?3)";
        let capacity = i64::from(lease.capacity).into();
        let parameters = vec![lease.id.as_str().into(), capacity, lease.expires_at.into()];
        self.execute(sql, parameters).await
    }

    async fn expired_leases(&self, at: Timestamp, limit: u32) -> Result<Vec<Lease>, CatalogError> {
        let sql = "SELECT id, capacity, expires_at FROM leases
            WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2";
        let parameters = vec![at.into(), i64::from(limit).into()];
        let rows = self.query(sql, parameters).await?;
        Columns::read_all("leases", rows, |row| {
            Ok(Lease {
                id: row.text()?,
                capacity: row.number()?,
                expires_at: row.time()?,
            })
        })
    }

    async fn close_lease(&self, id: &str) -> Result<(), CatalogError> {
        let sql = "UPDATE leases SET expires_at = 0 WHERE id = ?1";
        self.execute(sql, vec![id.into()]).await
    }

    async fn recorded_blobs(&self, lease: &Lease) -> Result<Vec<BlobId>, CatalogError> {
        let parameters = vec![lease.id.as_str().into()];
        let rows = self.query(RECORDED, parameters).await?;
        Columns::read_all("blobs", rows, Columns::blob_id)
    }

    async fn forget_lease(&self, id: &str) -> Result<(), CatalogError> {
        let sql = "DELETE FROM leases WHERE id = ?1";
        self.execute(sql, vec![id.into()]).await
    }
}
