//! Changing an image, within its owner's quota of bytes.

use super::usage::{BYTES, signed};
use super::{Columns, Database, SqlCatalog, json};
use crate::catalog::CatalogError;
use crate::model::{Image, Quota, Timestamp};

impl<D: Database> SqlCatalog<D> {
    /// Writes what may be changed of an image. What makes it no larger is not held to
    /// the quota.
    pub(super) async fn change(
        &self,
        image: &Image,
        unchanged_since: Timestamp,
        quota: Quota,
    ) -> Result<bool, CatalogError> {
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
        let rows = self.database.query(&sql, parameters).await?;
        if rows.is_empty() && quota.bytes.is_some() {
            self.tell_no_room(image, unchanged_since, quota).await?;
        }
        Ok(!rows.is_empty())
    }

    /// Fails if the quota is in the way of a change that was not made, and nothing else.
    async fn tell_no_room(
        &self,
        image: &Image,
        unchanged_since: Timestamp,
        quota: Quota,
    ) -> Result<(), CatalogError> {
        let owner_bytes = BYTES.replace("?owner", "images.owner");
        let sql = format!(
            "SELECT described, {owner_bytes} FROM images WHERE id = ?1 AND updated_at = ?2"
        );
        let parameters = vec![image.id.to_string().into(), unchanged_since.into()];
        for row in self.database.query(&sql, parameters).await? {
            let mut row = Columns::new("usage", row);
            let (before, bytes): (u64, u64) = (row.number()?, row.number()?);
            quota.admit_growth(bytes, before, image.described())?;
        }
        Ok(())
    }
}
