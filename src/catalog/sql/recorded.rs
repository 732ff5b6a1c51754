//! All blobs that have a record, in the order of their ids.

use super::{Columns, Database, SqlCatalog};
use crate::catalog::{CatalogError, RecordedBlob};
use crate::model::BlobId;

impl<D: Database> SqlCatalog<D> {
    pub(super) async fn read_blobs_after(
        &self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<RecordedBlob>, CatalogError> {
        let sql = "SELECT id, size, chunk_size, sha256 FROM blobs
            WHERE id > ?1 ORDER BY id LIMIT ?2";
        let parameters = vec![after.into(), i64::from(limit).into()];
        let rows = self.database.query(sql, parameters).await?;
        let recorded = |row| {
            let mut row = Columns::new("blobs", row);
            Ok(RecordedBlob {
                blob: row.blob()?,
                sha256: row.sha256()?,
            })
        };
        rows.into_iter().map(recorded).collect()
    }

    pub(super) async fn knows_blob(&self, id: &BlobId) -> Result<bool, CatalogError> {
        let sql = "SELECT 1 FROM blobs WHERE id = ?1";
        let rows = self.database.query(sql, vec![id.as_str().into()]).await?;
        Ok(!rows.is_empty())
    }
}
