//! Images in SQL.

use async_trait::async_trait;
use darkroom_transform::Placeholder;
use uuid::Uuid;

use super::quota::{BYTES, signed};
use super::{Columns, Database, Row, SqlCatalog, Value, count, json};
use crate::catalog::{CatalogError, Images};
use crate::model::{Image, Kind, Quota, Timestamp, Traits, Visibility};

/// The columns of an image, in the order in which [`image`] reads them.
pub(super) const IMAGE_COLUMNS: &str = "id, owner, blob_id, size, chunk_size, sha256, \
     coalesce(original_sha256, sha256), content_type, width, height, frames, \
     orientation, has_alpha, has_standard_colours, has_metadata, \
     (SELECT placeholder FROM blobs WHERE blobs.id = images.blob_id), filename, \
     visibility, tags, metadata, ticket, link_epoch, created_at, updated_at";

/// The statement of [`Images::delete_oldest`].
pub(super) const DELETE_OLDEST: &str = "DELETE FROM images WHERE id IN (
        SELECT id FROM images WHERE owner = ?1 ORDER BY created_at, id LIMIT ?2)
    RETURNING id";

/// The statement of [`Images::update`] on PostgreSQL.
const UPDATE_IN_POSTGRES: &str =
    "SELECT * FROM darkroom_update_image_v1($1, $2, $3, $4, $5, $6, $7, $8, $9)";

#[async_trait]
impl<D: Database> Images for SqlCatalog<D> {
    async fn find(&self, id: Uuid) -> Result<Option<Image>, CatalogError> {
        let sql = format!("SELECT {IMAGE_COLUMNS} FROM images WHERE id = ?1");
        let parameters = vec![id.to_string().into()];
        let rows = self.query(&sql, parameters).await?;
        rows.into_iter().next().map(image).transpose()
    }

    async fn find_many(&self, ids: &[Uuid]) -> Result<Vec<Image>, CatalogError> {
        let sql = format!(
            "SELECT {IMAGE_COLUMNS} FROM images WHERE id IN (SELECT value FROM json_each(?1))"
        );
        let rows = self.query(&sql, vec![json(&ids)?]).await?;
        rows.into_iter().map(image).collect()
    }

    async fn update(
        &self,
        image: &Image,
        unchanged_since: Timestamp,
        quota: Quota,
    ) -> Result<bool, CatalogError> {
        // An update that does not make the image larger is not subject to the quota.
        let owner_bytes = BYTES.replace("?owner", "images.owner");
        let sql = format!(
            "UPDATE images SET filename = ?3, sort_name = coalesce(?3, ''), visibility = ?4,
                tags = ?5, metadata = ?6, updated_at = ?7
            WHERE id = ?1 AND updated_at = ?2
                AND (?8 <= described OR {owner_bytes} - described <= ?9 - ?8)
            RETURNING id"
        );
        let parameters = vec![
            image.id.to_string().into(),
            unchanged_since.into(),
            image.filename.as_deref().into(),
            image.visibility.as_str().into(),
            json(&image.tags)?,
            json(&image.metadata)?,
            image.updated_at.into(),
            signed(image.described()).into(),
            quota.bytes.map_or(i64::MAX, signed).into(),
        ];
        let sql = self.dialect.pick(&sql, UPDATE_IN_POSTGRES);
        let is_updated = self.exists(sql, parameters).await?;
        if !is_updated && quota.bytes.is_some() {
            let refusal = self.why_not_updated(image, unchanged_since, quota).await?;
            return refusal.map_or(Ok(false), Err);
        }
        Ok(is_updated)
    }

    async fn set_placeholder(
        &self,
        id: Uuid,
        placeholder: &Placeholder,
    ) -> Result<(), CatalogError> {
        let sql = "UPDATE blobs SET placeholder = ?2
            WHERE id = (SELECT blob_id FROM images WHERE id = ?1) AND placeholder IS NULL";
        let parameters = vec![id.to_string().into(), placeholder.to_string().into()];
        self.execute(sql, parameters).await
    }

    async fn revoke_links(&self, id: Uuid, owner: Option<&str>) -> Result<bool, CatalogError> {
        let sql = "UPDATE images SET link_epoch = link_epoch + 1
            WHERE id = ?1 AND (CAST(?2 AS text) IS NULL OR owner = ?2) RETURNING id";
        let parameters = vec![id.to_string().into(), owner.into()];
        self.exists(sql, parameters).await
    }

    async fn delete(
        &self,
        id: Uuid,
        owner: Option<&str>,
        unchanged_since: Option<Timestamp>,
    ) -> Result<bool, CatalogError> {
        let deleted = self.delete_all(&[id], owner, unchanged_since).await?;
        Ok(!deleted.is_empty())
    }

    async fn delete_many(
        &self,
        ids: &[Uuid],
        owner: Option<&str>,
    ) -> Result<Vec<Uuid>, CatalogError> {
        let deleted = self.delete_all(ids, owner, None).await?;
        Columns::read_all("images", deleted, Columns::uuid)
    }

    async fn delete_oldest(&self, owner: &str, limit: u32) -> Result<u32, CatalogError> {
        let parameters = vec![owner.into(), i64::from(limit).into()];
        let postgres = "SELECT * FROM darkroom_delete_oldest_v1($1, $2)";
        let sql = self.dialect.pick(DELETE_OLDEST, postgres);
        let deleted = self.query(sql, parameters).await?;
        Ok(count(&deleted))
    }
}

impl<D: Database> SqlCatalog<D> {
    /// Deletes images, and returns their ids.
    async fn delete_all(
        &self,
        ids: &[Uuid],
        owner: Option<&str>,
        unchanged_since: Option<Timestamp>,
    ) -> Result<Vec<Row>, CatalogError> {
        let sqlite = "DELETE FROM images WHERE id IN (SELECT value FROM json_each(?1))
            AND (owner = ?2 OR ?2 IS NULL) AND (updated_at = ?3 OR ?3 IS NULL) RETURNING id";
        let postgres = "SELECT * FROM darkroom_delete_images_v1($1, $2, $3)";
        let unchanged_since = unchanged_since.map_or(Value::Null, Value::from);
        let parameters = vec![json(&ids)?, owner.into(), unchanged_since];
        self.query(self.dialect.pick(sqlite, postgres), parameters)
            .await
    }

    /// Returns the quota error, if only the quota prevented an update.
    async fn why_not_updated(
        &self,
        image: &Image,
        unchanged_since: Timestamp,
        quota: Quota,
    ) -> Result<Option<CatalogError>, CatalogError> {
        let owner_bytes = BYTES.replace("?owner", "images.owner");
        let sql = format!(
            "SELECT described, {owner_bytes} FROM images WHERE id = ?1 AND updated_at = ?2"
        );
        let parameters = vec![image.id.to_string().into(), unchanged_since.into()];
        let rows = self.query(&sql, parameters).await?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(None);
        };
        let mut row = Columns::new("usage", row);
        let (before, bytes): (u64, u64) = (row.number()?, row.number()?);
        let admitted = quota.admit_growth(bytes, before, image.described());
        Ok(admitted.err().map(CatalogError::from))
    }
}

/// Reads an image from a row of [`IMAGE_COLUMNS`].
pub(super) fn image(row: Row) -> Result<Image, CatalogError> {
    read_image(&mut Columns::new("images", row))
}

/// Reads the columns of an image: [`IMAGE_COLUMNS`].
pub(super) fn read_image(row: &mut Columns) -> Result<Image, CatalogError> {
    Ok(Image {
        id: row.uuid()?,
        owner: row.text()?,
        blob: row.blob()?,
        sha256: row.sha256()?,
        original_sha256: row.sha256()?,
        kind: row.parsed(Kind::from_media_type)?,
        width: row.number()?,
        height: row.number()?,
        frames: row.number()?,
        traits: traits(row)?,
        // One that is damaged is as good as none.
        placeholder: row
            .optional_text()?
            .and_then(|text| Placeholder::parse(&text)),
        filename: row.optional_text()?,
        visibility: row.parsed(Visibility::parse)?,
        tags: row.parsed(|json| serde_json::from_str(json).ok())?,
        metadata: row.parsed(|json| serde_json::from_str(json).ok())?,
        ticket: row.optional_text()?,
        link_epoch: row.number()?,
        created_at: row.time()?,
        updated_at: row.time()?,
    })
}

/// The columns of traits, of which all are there or none.
fn traits(row: &mut Columns) -> Result<Option<Traits>, CatalogError> {
    let orientation = row.optional_number()?;
    let mut flag = || Ok::<_, CatalogError>(row.optional_number::<u8>()?.map(|flag| flag != 0));
    let (has_alpha, has_standard_colours, has_metadata) = (flag()?, flag()?, flag()?);
    let all = || {
        Some(Traits {
            orientation: orientation?,
            has_alpha: has_alpha?,
            has_standard_colours: has_standard_colours?,
            has_metadata: has_metadata?,
        })
    };
    Ok(all())
}
