//! Records of blobs in SQL. Triggers of `migrations/` create them and count references.

use async_trait::async_trait;

use super::{Columns, Database, SqlCatalog};
use crate::catalog::{BlobEntry, BlobRecord, Blobs, CatalogError};
use crate::model::{BlobId, BlobRef, Timestamp};

/// The statement of [`Blobs::blobs_after`]. SQLite uses no index to count what a view of two
/// tables has for a blob of the outer query, so each table is counted.
pub(super) const PAGE: &str = "
    SELECT id, (SELECT count(*) FROM images WHERE images.blob_id = blobs.id)
            + (SELECT count(*) FROM variants WHERE variants.blob_id = blobs.id),
        id, size, chunk_size, sha256, refs, died_at
    FROM blobs WHERE id > ?1 ORDER BY id LIMIT ?2";

/// The statement of [`Blobs::images_of`].
pub(super) const IMAGES_OF: &str = "
    SELECT image_id FROM blob_uses WHERE blob_id = ?1 ORDER BY image_id LIMIT ?2";

/// The statement of [`Blobs::dead_blobs`].
pub(super) const DEAD: &str = "
    SELECT id, size, chunk_size FROM blobs
    WHERE refs = 0 AND died_at < ?1
        AND NOT EXISTS (SELECT 1 FROM blob_uses WHERE blob_uses.blob_id = blobs.id)
    ORDER BY died_at LIMIT ?2";

#[async_trait]
impl<D: Database> Blobs for SqlCatalog<D> {
    async fn blobs_after(&self, after: &str, limit: u32) -> Result<Vec<BlobEntry>, CatalogError> {
        let parameters = vec![after.into(), i64::from(limit).into()];
        let rows = self.query(PAGE, parameters).await?;
        Columns::read_all("blobs", rows, |row| {
            Ok(BlobEntry {
                id: row.text()?,
                uses: row.number()?,
                record: record(row),
            })
        })
    }

    async fn is_recorded(&self, id: &BlobId) -> Result<bool, CatalogError> {
        let sql = "SELECT 1 FROM blobs WHERE id = ?1";
        self.exists(sql, vec![id.as_str().into()]).await
    }

    async fn images_of(&self, blob: &str, limit: u32) -> Result<Vec<String>, CatalogError> {
        let parameters = vec![blob.into(), i64::from(limit).into()];
        let rows = self.query(IMAGES_OF, parameters).await?;
        let mut images = Columns::read_all("images", rows, Columns::text)?;
        // An image and a variant of it may refer to the same blob.
        images.dedup();
        Ok(images)
    }

    async fn dead_blobs(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<BlobRef>, CatalogError> {
        let parameters = vec![before.into(), i64::from(limit).into()];
        let rows = self.query(DEAD, parameters).await?;
        Columns::read_all("blobs", rows, Columns::blob)
    }

    async fn forget_blob(&self, id: &BlobId) -> Result<(), CatalogError> {
        let sql = "DELETE FROM blobs WHERE id = ?1 AND refs = 0";
        self.execute(sql, vec![id.as_str().into()]).await
    }
}

fn record(row: &mut Columns) -> Result<BlobRecord, CatalogError> {
    Ok(BlobRecord {
        blob: row.blob()?,
        sha256: row.sha256()?,
        refs: row.number()?,
        died_at: row.optional_time()?,
    })
}
