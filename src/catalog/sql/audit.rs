//! Audits in SQL: find records that contradict each other, and reconcile them.

use std::collections::HashMap;

use async_trait::async_trait;

use super::images::{IMAGE_COLUMNS, image};
use super::{Columns, Database, Dialect, SqlCatalog};
use crate::catalog::{Audit, CatalogError, ImageCheck, ImageFault};

/// The images in a range of ids that do not agree with their blob's record, or have variants
/// that do not agree with theirs.
pub(super) const AT_ODDS: &str = "
    SELECT uses.image_id, uses.transform IS NOT NULL, blobs.id IS NULL
    FROM blob_uses AS uses LEFT JOIN blobs ON blobs.id = uses.blob_id
    WHERE uses.image_id > ?1 AND uses.image_id <= ?2
        AND (blobs.id IS NULL OR blobs.owner <> uses.owner OR blobs.sha256 <> uses.sha256
            OR blobs.size <> uses.size OR blobs.chunk_size <> uses.chunk_size)";

/// Moves the images of a blob that counts as dead to the live blob of equal content: two
/// such blobs cannot be live at the same time.
const MOVE_IMAGES: &str = "
    UPDATE images SET blob_id = live.id, chunk_size = live.chunk_size
    FROM blobs AS dead
    JOIN blobs AS live ON live.owner = dead.owner AND live.sha256 = dead.sha256 AND live.refs > 0
    WHERE dead.id = ?1 AND dead.refs = 0 AND images.blob_id = dead.id";

/// Drops the variants of such a blob: they can be made again.
pub(super) const DROP_VARIANTS: &str = "
    DELETE FROM variants WHERE blob_id = ?1 AND EXISTS (
        SELECT 1 FROM blobs AS dead
        JOIN blobs AS live ON live.owner = dead.owner AND live.sha256 = dead.sha256
            AND live.refs > 0
        WHERE dead.id = ?1 AND dead.refs = 0)";

/// Recounts the references to a blob.
pub(super) const RECOUNT: &str = "
    UPDATE blobs SET refs = counted.uses, died_at = CASE WHEN counted.uses = 0
        THEN coalesce(died_at, CAST(unixepoch('subsec') * 1000 AS INTEGER)) END
    FROM (SELECT count(*) AS uses FROM blob_uses WHERE blob_id = ?1) AS counted
    WHERE id = ?1";

/// Records a blob as an image describes it: as dead, without references. [`RECOUNT`] then
/// counts them.
pub(super) const RECORD: &str = "
    INSERT INTO blobs (id, owner, sha256, size, chunk_size, refs, died_at)
    SELECT blob_id, owner, sha256, size, chunk_size, 0, CAST(unixepoch('subsec') * 1000 AS INTEGER)
    FROM blob_uses WHERE image_id = ?1 AND transform IS NULL
    ON CONFLICT (id) DO NOTHING
    RETURNING id";

/// The statement of [`Audit::delete_images_of`].
pub(super) const DELETE_IMAGES: &str = "
    DELETE FROM images WHERE id IN (
        SELECT image_id FROM blob_uses WHERE blob_id = ?1 AND transform IS NULL)";

/// The statement of [`Audit::delete_variants_of`].
pub(super) const DELETE_VARIANTS: &str = "DELETE FROM variants WHERE blob_id = ?1";

#[async_trait]
impl<D: Database> Audit for SqlCatalog<D> {
    async fn check_images(&self, after: &str, limit: u32) -> Result<Vec<ImageCheck>, CatalogError> {
        let parameters = vec![after.into(), i64::from(limit).into()];
        let select =
            format!("SELECT {IMAGE_COLUMNS} FROM images WHERE id > ?1 ORDER BY id LIMIT ?2");
        let rows = self.query(&select, parameters).await?;
        let mut checks: Vec<ImageCheck> = Vec::with_capacity(rows.len());
        for row in rows {
            let id = Columns::new("images", row.clone()).text()?;
            let fault = image(row).is_err().then_some(ImageFault::Unreadable);
            checks.push(ImageCheck { id, fault });
        }
        let Some(last) = checks.last() else {
            return Ok(checks);
        };
        let parameters = vec![after.into(), last.id.as_str().into()];
        let at_odds = self.query(AT_ODDS, parameters).await?;
        let at_odds = Columns::read_all("images", at_odds, fault)?;
        let mut faults: HashMap<String, ImageFault> = HashMap::new();
        for (id, fault) in at_odds {
            // A fault of the image itself matters more than one of its variants.
            let known = faults.entry(id).or_insert(fault);
            if *known == ImageFault::Variant {
                *known = fault;
            }
        }
        for check in &mut checks {
            check.fault = check.fault.or_else(|| faults.get(&check.id).copied());
        }
        Ok(checks)
    }

    async fn record_blob(&self, image: &str) -> Result<(), CatalogError> {
        let recorded = self.query(RECORD, vec![image.into()]).await?;
        for blob in Columns::read_all("blobs", recorded, Columns::text)? {
            self.recount_blob(&blob).await?;
        }
        Ok(())
    }

    async fn recount_blob(&self, id: &str) -> Result<(), CatalogError> {
        if self.dialect == Dialect::Postgres {
            let sql = "SELECT darkroom_recount_blob_v1($1) IS NULL";
            return self.execute(sql, vec![id.into()]).await;
        }
        self.execute(DROP_VARIANTS, vec![id.into()]).await?;
        self.execute(MOVE_IMAGES, vec![id.into()]).await?;
        self.execute(RECOUNT, vec![id.into()]).await
    }

    async fn delete_images_of(&self, blob: &str) -> Result<(), CatalogError> {
        if self.dialect == Dialect::Postgres {
            return self.delete_uses(blob, 1).await;
        }
        self.delete_variants_of(blob).await?;
        self.execute(DELETE_IMAGES, vec![blob.into()]).await
    }

    async fn delete_variants_of(&self, blob: &str) -> Result<(), CatalogError> {
        if self.dialect == Dialect::Postgres {
            return self.delete_uses(blob, 0).await;
        }
        self.execute(DELETE_VARIANTS, vec![blob.into()]).await
    }
}

impl<D: Database> SqlCatalog<D> {
    /// Deletes the variants that refer to a blob, and its images if `with_images` is 1, on
    /// PostgreSQL.
    async fn delete_uses(&self, blob: &str, with_images: i64) -> Result<(), CatalogError> {
        let sql = "SELECT darkroom_delete_uses_v1($1, $2) IS NULL";
        self.execute(sql, vec![blob.into(), with_images.into()])
            .await
    }
}

/// A row of [`AT_ODDS`].
fn fault(row: &mut Columns) -> Result<(String, ImageFault), CatalogError> {
    let id = row.text()?;
    let (of_variant, unrecorded): (u8, u8) = (row.number()?, row.number()?);
    let fault = match (of_variant, unrecorded) {
        (0, 0) => ImageFault::Contradicted,
        (0, _) => ImageFault::Unrecorded,
        _ => ImageFault::Variant,
    };
    Ok((id, fault))
}
