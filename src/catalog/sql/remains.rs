//! Blobs that nothing refers to, whose bytes are deleted once more after a while, in SQL.

use async_trait::async_trait;

use super::{Columns, Database, SqlCatalog, json};
use crate::catalog::{CatalogError, Remains};
use crate::model::{BlobId, BlobRef, Timestamp};

/// Blobs that have a record or an image are left alone, even if they are recorded here.
pub(super) const REMAINS: &str = "
    SELECT id, size, chunk_size FROM remains
    WHERE since < ?1
        AND NOT EXISTS (SELECT 1 FROM blobs WHERE blobs.id = remains.id)
        AND NOT EXISTS (SELECT 1 FROM blob_uses WHERE blob_uses.blob_id = remains.id)
        AND NOT EXISTS (SELECT 1 FROM upload_segments AS part WHERE part.blob_id = remains.id)
    ORDER BY since LIMIT ?2";

#[async_trait]
impl<D: Database> Remains for SqlCatalog<D> {
    async fn record_remains(&self, blob: &BlobRef) -> Result<(), CatalogError> {
        let sql = "INSERT INTO remains (id, size, chunk_size, since)
            VALUES (?1, ?2, ?3, CAST(unixepoch('subsec') * 1000 AS INTEGER))
            ON CONFLICT (id) DO UPDATE SET since = excluded.since,
                size = CASE WHEN remains.size > excluded.size THEN remains.size
                    ELSE excluded.size END";
        let parameters = vec![
            blob.id.as_str().into(),
            i64::try_from(blob.size).unwrap_or(i64::MAX).into(),
            i64::from(blob.chunk_size).into(),
        ];
        self.execute(sql, parameters).await
    }

    async fn remains(&self, before: Timestamp, limit: u32) -> Result<Vec<BlobRef>, CatalogError> {
        let parameters = vec![before.into(), i64::from(limit).into()];
        let rows = self.query(REMAINS, parameters).await?;
        Columns::read_all("remains", rows, Columns::blob)
    }

    async fn forget_remains(&self, ids: &[BlobId]) -> Result<(), CatalogError> {
        let ids: Vec<&str> = ids.iter().map(BlobId::as_str).collect();
        let sql = "DELETE FROM remains WHERE id IN (SELECT value FROM json_each(?1))";
        self.execute(sql, vec![json(&ids)?]).await
    }
}
