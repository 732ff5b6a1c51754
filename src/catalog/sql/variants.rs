//! Variants in SQL. Triggers of `migrations/0012_variants.sql` count their references to
//! blobs, end the claim of one that is stored, and delete them with their image.

use std::sync::LazyLock;

use async_trait::async_trait;
use serde::Deserialize;
use uuid::Uuid;

use super::images::{IMAGE_COLUMNS, read_image};
use super::quota::signed;
use super::{Columns, Database, Dialect, SqlCatalog, Value, count, json};
use crate::catalog::variants::MOST_FAILURES;
use crate::catalog::{
    CatalogError, NewVariant, VariantClaim, VariantCommit, VariantState, Variants,
};
use crate::model::{BlobId, BlobRef, Image, Kind, Sha256, Timestamp, Variant};

/// A variant as a JSON object: a [`VariantRow`].
const VARIANT: &str = "json_object('transform', transform, 'blob', blob_id, 'size', size,
    'chunk_size', chunk_size, 'sha256', sha256, 'type', content_type, 'width', width,
    'height', height, 'frames', frames, 'created', created_at, 'used', used_at)";

/// A column with the variants that the image `images` has of the transforms `?2`.
pub(super) static OF_IMAGE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "(SELECT json_group_array({VARIANT}) FROM variants
        WHERE image_id = images.id AND transform IN (SELECT value FROM json_each(?2)))"
    )
});

/// The statement of [`Variants::find_with_variants`]: one row, whose last column has all
/// variants.
pub(super) static FIND: LazyLock<String> = LazyLock::new(|| {
    let variants = &*OF_IMAGE;
    format!("SELECT {IMAGE_COLUMNS}, {variants} FROM images WHERE id = ?1")
});

/// Whether an image's content has failed too often, if the image is `images`. `?now` is the time.
const FAILED: &str = "EXISTS (SELECT 1 FROM failed_sources
    WHERE failed_sources.sha256 = images.sha256 AND failures >= ?most AND expires_at > ?now)";

/// The statement of [`Variants::commit_variant`].
pub(super) const COMMIT: &str = "
    INSERT INTO variants (image_id, transform, owner, blob_id, chunk_size, size, sha256,
        content_type, width, height, frames, created_at, used_at)
    SELECT images.id, ?2, images.owner, coalesce(known.id, ?5), coalesce(known.chunk_size, ?6),
        ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14
    FROM images
    JOIN variant_claims AS held
        ON held.image_id = images.id AND held.transform = ?2 AND held.claim = ?3
    JOIN leases ON leases.id = ?4 AND leases.expires_at > ?15
    LEFT JOIN blobs AS known
        ON known.owner = images.owner AND known.sha256 = ?8 AND known.refs > 0
    WHERE images.id = ?1 AND (SELECT variant_bytes FROM totals) <= ?16 - ?7
    ON CONFLICT (image_id, transform) DO NOTHING
    RETURNING blob_id, size, chunk_size";

/// The same on PostgreSQL.
const COMMIT_IN_POSTGRES: &str = "SELECT * FROM darkroom_commit_variant_v1(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, CAST($16 AS bigint) - $7)";

/// The statement of [`Variants::evict_variants`]: adds up the sizes of the least recently used
/// variants, and deletes those without which the rest would still be too large.
pub(super) const EVICT: &str = "
    DELETE FROM variants WHERE (image_id, transform) IN (
        SELECT image_id, transform FROM (
            SELECT image_id, transform,
                sum(size) OVER (ORDER BY used_at, image_id, transform) - size AS freed
            FROM (SELECT used_at, image_id, transform, size FROM variants
                ORDER BY used_at, image_id, transform LIMIT ?2))
        WHERE freed < (SELECT variant_bytes FROM totals) - ?1)
    RETURNING image_id";

#[async_trait]
impl<D: Database> Variants for SqlCatalog<D> {
    async fn find_with_variants(
        &self,
        id: Uuid,
        transforms: &[String],
    ) -> Result<Option<(Image, Vec<Variant>)>, CatalogError> {
        let parameters = vec![id.to_string().into(), json(&transforms)?];
        let rows = self.query(&FIND, parameters).await?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(None);
        };
        let mut row = Columns::new("images", row);
        Ok(Some((read_image(&mut row)?, variants(&mut row)?)))
    }

    async fn variant_state(
        &self,
        image: Uuid,
        transform: &str,
        now: Timestamp,
    ) -> Result<VariantState, CatalogError> {
        let sql = format!(
            "SELECT {FAILED},
                EXISTS (SELECT 1 FROM variant_claims
                    WHERE image_id = images.id AND transform = ?2 AND expires_at > ?now),
                (SELECT json_group_array({VARIANT}) FROM variants
                    WHERE image_id = images.id AND transform = ?2)
            FROM images WHERE id = ?1"
        );
        let sql = sql.replace("?now", "?3").replace("?most", "?4");
        let parameters = vec![
            image.to_string().into(),
            transform.into(),
            now.into(),
            i64::from(MOST_FAILURES).into(),
        ];
        let rows = self.query(&sql, parameters).await?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(VariantState::NoImage);
        };
        let mut row = Columns::new("variants", row);
        let (failed, held): (u8, u8) = (row.number()?, row.number()?);
        if let Some(variant) = variants(&mut row)?.pop() {
            return Ok(VariantState::Stored(Box::new(variant)));
        }
        Ok(match (failed, held) {
            (0, 0) => VariantState::Absent,
            (0, _) => VariantState::InProgress,
            _ => VariantState::SourceFailed,
        })
    }

    async fn claim_variant(
        &self,
        claim: &VariantClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<bool, CatalogError> {
        let sql = format!(
            "INSERT INTO variant_claims (image_id, transform, claim, expires_at)
            SELECT id, ?2, ?3, ?5 FROM images
            WHERE id = ?1 AND NOT {FAILED}
                AND NOT EXISTS (
                    SELECT 1 FROM variants WHERE image_id = images.id AND transform = ?2)
            ON CONFLICT (image_id, transform) DO UPDATE
            SET claim = excluded.claim, expires_at = excluded.expires_at
            WHERE variant_claims.expires_at <= ?4
            RETURNING claim"
        );
        let sql = sql.replace("?now", "?4").replace("?most", "?6");
        let [image, transform, id] = values(claim);
        let most = i64::from(MOST_FAILURES).into();
        let parameters = vec![image, transform, id, now.into(), until.into(), most];
        let postgres = "SELECT * FROM darkroom_claim_variant_v1($1, $2, $3, $4, $5, $6)";
        self.exists(self.dialect.pick(&sql, postgres), parameters)
            .await
    }

    async fn release_variant(&self, claim: &VariantClaim) -> Result<(), CatalogError> {
        let sql = "DELETE FROM variant_claims
            WHERE image_id = ?1 AND transform = ?2 AND claim = ?3";
        self.execute(sql, values(claim).into()).await
    }

    async fn commit_variant(
        &self,
        new: &NewVariant,
        budget: u64,
        now: Timestamp,
    ) -> Result<VariantCommit, CatalogError> {
        let variant = &new.variant;
        let mut parameters: Vec<Value> = values(&new.claim).into();
        parameters.extend([
            new.lease.as_str().into(),
            variant.blob.id.as_str().into(),
            i64::from(variant.blob.chunk_size).into(),
            signed(variant.blob.size).into(),
            variant.sha256.to_string().into(),
            variant.kind.media_type().into(),
            i64::from(variant.width).into(),
            i64::from(variant.height).into(),
            i64::from(variant.frames).into(),
            variant.created_at.into(),
            variant.used_at.into(),
            now.into(),
            signed(budget).into(),
        ]);
        let sql = self.dialect.pick(COMMIT, COMMIT_IN_POSTGRES);
        let stored = self.query(sql, parameters).await?;
        if let Some(row) = stored.into_iter().next() {
            let blob = Columns::new("variants", row).blob()?;
            return Ok(VariantCommit::Stored(blob));
        }
        let sql = "SELECT 1 FROM (SELECT sum(variant_bytes) AS kept FROM totals) AS all_variants
            WHERE kept > CAST(?1 AS bigint) - ?2";
        let parameters = vec![signed(budget).into(), signed(variant.blob.size).into()];
        Ok(match self.exists(sql, parameters).await? {
            true => VariantCommit::OverBudget,
            false => VariantCommit::Refused,
        })
    }

    async fn count_failure(
        &self,
        image: Uuid,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<(), CatalogError> {
        let sql = "INSERT INTO failed_sources (sha256, failures, expires_at)
            SELECT sha256, 1, ?3 FROM images WHERE id = ?1
            ON CONFLICT (sha256) DO UPDATE
            SET failures = CASE WHEN failed_sources.expires_at <= ?2 THEN 1
                    ELSE failed_sources.failures + 1 END,
                expires_at = excluded.expires_at";
        let parameters = vec![image.to_string().into(), now.into(), until.into()];
        self.execute(sql, parameters).await
    }

    async fn touch_variant(
        &self,
        image: Uuid,
        transform: &str,
        at: Timestamp,
    ) -> Result<(), CatalogError> {
        let sql = "UPDATE variants SET used_at = ?3
            WHERE image_id = ?1 AND transform = ?2 AND used_at < ?3";
        let parameters = vec![image.to_string().into(), transform.into(), at.into()];
        self.execute(sql, parameters).await
    }

    async fn delete_variants(
        &self,
        image: Uuid,
        owner: Option<&str>,
    ) -> Result<bool, CatalogError> {
        let parameters = || -> Vec<Value> { vec![image.to_string().into(), owner.into()] };
        if self.dialect == Dialect::Postgres {
            let sql = "SELECT * FROM darkroom_delete_variants_v1($1, $2)";
            return self.exists(sql, parameters()).await;
        }
        let known = "SELECT 1 FROM images WHERE id = ?1 AND (owner = ?2 OR ?2 IS NULL)";
        if !self.exists(known, parameters()).await? {
            return Ok(false);
        }
        // The claims first: a variant that is being made is then not stored afterwards.
        for sql in [
            "DELETE FROM variant_claims WHERE image_id = ?1 AND EXISTS (
                SELECT 1 FROM images WHERE id = ?1 AND (owner = ?2 OR ?2 IS NULL))",
            "DELETE FROM variants WHERE image_id = ?1 AND (owner = ?2 OR ?2 IS NULL)",
        ] {
            self.execute(sql, parameters()).await?;
        }
        Ok(true)
    }

    async fn evict_variants(&self, keep: u64, limit: u32) -> Result<u32, CatalogError> {
        // Looked up first: a deletion that deletes nothing would still wait for a commit.
        let over = "SELECT 1 FROM (SELECT sum(variant_bytes) AS kept FROM totals) AS all_variants
            WHERE kept > CAST(?1 AS bigint)";
        if !self.exists(over, vec![signed(keep).into()]).await? {
            return Ok(0);
        }
        let parameters = vec![signed(keep).into(), i64::from(limit).into()];
        let postgres = "SELECT * FROM darkroom_evict_variants_v1($1, $2)";
        let sql = self.dialect.pick(EVICT, postgres);
        let deleted = self.query(sql, parameters).await?;
        Ok(count(&deleted))
    }

    async fn forget_variant_records(&self, at: Timestamp) -> Result<(), CatalogError> {
        for table in ["variant_claims", "failed_sources"] {
            let expired = format!("SELECT 1 FROM {table} WHERE expires_at <= ?1 LIMIT 1");
            if self.exists(&expired, vec![at.into()]).await? {
                let sql = format!("DELETE FROM {table} WHERE expires_at <= ?1");
                self.execute(&sql, vec![at.into()]).await?;
            }
        }
        Ok(())
    }
}

/// The parameters that identify a claim.
fn values(claim: &VariantClaim) -> [Value; 3] {
    [
        claim.image.to_string().into(),
        claim.transform.as_str().into(),
        claim.id.as_str().into(),
    ]
}

/// Reads a column with a JSON array of [`VARIANT`]s.
pub(super) fn variants(row: &mut Columns) -> Result<Vec<Variant>, CatalogError> {
    let variants: Vec<VariantRow> = row.list()?;
    variants.into_iter().map(VariantRow::variant).collect()
}

/// A variant as [`VARIANT`] prints it.
#[derive(Deserialize)]
struct VariantRow {
    transform: String,
    blob: String,
    size: u64,
    chunk_size: u32,
    sha256: String,
    r#type: String,
    width: u32,
    height: u32,
    frames: u32,
    created: i64,
    used: i64,
}

impl VariantRow {
    fn variant(self) -> Result<Variant, CatalogError> {
        Ok(Variant {
            blob: BlobRef {
                id: BlobId::new(self.blob).ok_or_else(damaged)?,
                size: self.size,
                chunk_size: self.chunk_size,
            },
            sha256: Sha256::parse(&self.sha256).ok_or_else(damaged)?,
            kind: Kind::from_media_type(&self.r#type).ok_or_else(damaged)?,
            transform: self.transform,
            width: self.width,
            height: self.height,
            frames: self.frames,
            created_at: Timestamp::from_millis(self.created),
            used_at: Timestamp::from_millis(self.used),
        })
    }
}

/// The columns of a variant are read as one, so the error names none.
fn damaged() -> CatalogError {
    CatalogError::Damaged {
        table: "variants",
        column: 0,
    }
}
