//! A [`Catalog`] over any SQL connection that speaks SQLite's dialect.

mod audit;
mod change;
mod columns;
mod commit;
mod idempotency;
mod listing;
mod recorded;
mod remains;
mod usage;

use async_trait::async_trait;
use serde::Serialize;
use uuid::Uuid;

use super::{
    BlobCheck, Catalog, CatalogError, ImageCheck, KeyClaim, KeyState, Lease, Miscount, NewImage,
    RecordedBlob, Statistics, migrations,
};
use crate::model::{
    BlobId, BlobRef, Image, Kind, ListQuery, Page, Quota, Timestamp, Usage, Visibility,
};
use columns::Columns;

/// A value of SQLite.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL.
    Null,
    /// A 64-bit integer.
    Integer(i64),
    /// A floating-point number.
    Real(f64),
    /// UTF-8.
    Text(String),
    /// Bytes.
    Blob(Vec<u8>),
}

impl From<i64> for Value {
    fn from(value: i64) -> Self {
        Self::Integer(value)
    }
}

impl From<Timestamp> for Value {
    fn from(value: Timestamp) -> Self {
        Self::Integer(value.millis())
    }
}

impl From<&str> for Value {
    fn from(value: &str) -> Self {
        Self::Text(value.to_owned())
    }
}

impl From<String> for Value {
    fn from(value: String) -> Self {
        Self::Text(value)
    }
}

impl From<Option<&str>> for Value {
    fn from(value: Option<&str>) -> Self {
        value.map_or(Self::Null, Self::from)
    }
}

/// A row of a result.
#[derive(Clone, Debug, PartialEq)]
pub struct Row(pub Vec<Value>);

/// A connection that runs one statement at a time, each in a transaction of its
/// own, and fails as a whole or not at all.
#[async_trait]
pub trait Database: Send + Sync {
    /// Runs `sql` with `?1`, `?2`, … bound to `parameters`; gives all rows. An
    /// error after the first row is an error of the whole.
    async fn query(&self, sql: &str, parameters: Vec<Value>) -> Result<Vec<Row>, CatalogError>;

    /// The same, for a statement that goes over all rows of a table, and may take long.
    async fn query_long(
        &self,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<Vec<Row>, CatalogError> {
        self.query(sql, parameters).await
    }
}

/// The catalog of a [`Database`].
pub struct SqlCatalog<D> {
    database: D,
}

impl<D: Database> SqlCatalog<D> {
    /// Brings the schema up to date and gives the catalog.
    pub async fn open(database: D) -> Result<Self, CatalogError> {
        migrations::migrate(&database).await?;
        Ok(Self { database })
    }
}

/// The columns of an image, in the order that [`image`] reads.
const IMAGE_COLUMNS: &str = "id, owner, blob_id, size, chunk_size, sha256, \
     coalesce(original_sha256, sha256), content_type, width, height, frames, filename, \
     visibility, tags, metadata, link_epoch, created_at, updated_at";

const DEAD: &str = "
    SELECT id, size, chunk_size FROM blobs
    WHERE refs = 0 AND died_at < ?1
        AND NOT EXISTS (SELECT 1 FROM images WHERE images.blob_id = blobs.id)
    ORDER BY died_at LIMIT ?2";

#[async_trait]
impl<D: Database> Catalog for SqlCatalog<D> {
    async fn lease(&self, lease: &Lease) -> Result<(), CatalogError> {
        let sql = "INSERT INTO leases (id, capacity, expires_at) VALUES (?1, ?2, ?3)";
        let capacity = i64::from(lease.capacity).into();
        let parameters = vec![lease.id.as_str().into(), capacity, lease.expires_at.into()];
        self.database.query(sql, parameters).await.map(|_| ())
    }

    async fn commit(
        &self,
        images: &[NewImage],
        quota: Quota,
        now: Timestamp,
    ) -> Result<Vec<BlobRef>, CatalogError> {
        self.commit_all(images, quota, now).await
    }

    async fn find(&self, id: Uuid) -> Result<Option<Image>, CatalogError> {
        let sql = format!("SELECT {IMAGE_COLUMNS} FROM images WHERE id = ?1");
        let parameters = vec![id.to_string().into()];
        let rows = self.database.query(&sql, parameters).await?;
        rows.into_iter().next().map(image).transpose()
    }

    async fn list(&self, query: &ListQuery) -> Result<Page, CatalogError> {
        listing::list(&self.database, query).await
    }

    async fn update(
        &self,
        image: &Image,
        unchanged_since: Timestamp,
        quota: Quota,
    ) -> Result<bool, CatalogError> {
        self.change(image, unchanged_since, quota).await
    }

    async fn revoke_links(&self, id: Uuid, owner: Option<&str>) -> Result<bool, CatalogError> {
        let sql = "UPDATE images SET link_epoch = link_epoch + 1
            WHERE id = ?1 AND (?2 IS NULL OR owner = ?2) RETURNING id";
        let parameters = vec![id.to_string().into(), owner.into()];
        let rows = self.database.query(sql, parameters).await?;
        Ok(!rows.is_empty())
    }

    async fn is_ticket_spent(&self, id: &str) -> Result<bool, CatalogError> {
        let sql = "SELECT 1 FROM spent_tickets WHERE id = ?1";
        let rows = self.database.query(sql, vec![id.into()]).await?;
        Ok(!rows.is_empty())
    }

    async fn forget_tickets(&self, before: Timestamp) -> Result<(), CatalogError> {
        // Asked before it is done: a deletion of nothing would still wait for a commit.
        let oldest = "SELECT 1 FROM spent_tickets WHERE spent_at < ?1 LIMIT 1";
        if self
            .database
            .query(oldest, vec![before.into()])
            .await?
            .is_empty()
        {
            return Ok(());
        }
        let sql = "DELETE FROM spent_tickets WHERE spent_at < ?1";
        self.database
            .query(sql, vec![before.into()])
            .await
            .map(|_| ())
    }

    async fn claim_key(
        &self,
        claim: &KeyClaim,
        now: Timestamp,
        until: Timestamp,
    ) -> Result<KeyState, CatalogError> {
        self.try_claim(claim, now, until).await
    }

    async fn release_key(&self, claim: &KeyClaim) -> Result<(), CatalogError> {
        self.let_go(claim).await
    }

    async fn abandon_key(&self, claim: &KeyClaim, at: Timestamp) -> Result<(), CatalogError> {
        self.abandon(claim, at).await
    }

    async fn forget_keys(&self, at: Timestamp) -> Result<(), CatalogError> {
        self.forget_expired_keys(at).await
    }

    async fn delete(
        &self,
        id: Uuid,
        owner: Option<&str>,
        unchanged_since: Option<Timestamp>,
    ) -> Result<bool, CatalogError> {
        let sql = "DELETE FROM images WHERE id = ?1 AND (?2 IS NULL OR owner = ?2)
            AND (?3 IS NULL OR updated_at = ?3) RETURNING id";
        let unchanged_since = unchanged_since.map_or(Value::Null, Value::from);
        let parameters = vec![id.to_string().into(), owner.into(), unchanged_since];
        let rows = self.database.query(sql, parameters).await?;
        Ok(!rows.is_empty())
    }

    async fn dead_blobs(
        &self,
        before: Timestamp,
        limit: u32,
    ) -> Result<Vec<BlobRef>, CatalogError> {
        let parameters = vec![before.into(), i64::from(limit).into()];
        let rows = self.database.query(DEAD, parameters).await?;
        rows.into_iter()
            .map(|row| Columns::new("blobs", row).blob())
            .collect()
    }

    async fn forget_blob(&self, id: &BlobId) -> Result<(), CatalogError> {
        let sql = "DELETE FROM blobs WHERE id = ?1 AND refs = 0";
        self.database
            .query(sql, vec![id.as_str().into()])
            .await
            .map(|_| ())
    }

    async fn record_remains(&self, blob: &BlobRef) -> Result<(), CatalogError> {
        self.insert_remains(blob).await
    }

    async fn remains(&self, before: Timestamp, limit: u32) -> Result<Vec<BlobRef>, CatalogError> {
        self.read_remains(before, limit).await
    }

    async fn forget_remains(&self, ids: &[BlobId]) -> Result<(), CatalogError> {
        self.delete_remains(ids).await
    }

    async fn expired_leases(&self, at: Timestamp, limit: u32) -> Result<Vec<Lease>, CatalogError> {
        let sql = "SELECT id, capacity, expires_at FROM leases
            WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2";
        let parameters = vec![at.into(), i64::from(limit).into()];
        let rows = self.database.query(sql, parameters).await?;
        let lease = |row| {
            let mut row = Columns::new("leases", row);
            Ok(Lease {
                id: row.text()?,
                capacity: row.number()?,
                expires_at: row.time()?,
            })
        };
        rows.into_iter().map(lease).collect()
    }

    async fn close_lease(&self, id: &str) -> Result<(), CatalogError> {
        let sql = "UPDATE leases SET expires_at = 0 WHERE id = ?1";
        self.database.query(sql, vec![id.into()]).await.map(|_| ())
    }

    async fn recorded_blobs(&self, lease: &Lease) -> Result<Vec<BlobId>, CatalogError> {
        // '/' is the character after '.': the range is every id that begins so.
        let sql = "SELECT id FROM blobs WHERE id > ?1 || '.' AND id < ?1 || '/'
            UNION SELECT blob_id FROM images WHERE blob_id > ?1 || '.' AND blob_id < ?1 || '/'";
        let rows = self
            .database
            .query(sql, vec![lease.id.as_str().into()])
            .await?;
        rows.into_iter()
            .map(|row| Columns::new("blobs", row).blob_id())
            .collect()
    }

    async fn blobs_after(
        &self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<RecordedBlob>, CatalogError> {
        self.read_blobs_after(after, limit).await
    }

    async fn is_recorded(&self, id: &BlobId) -> Result<bool, CatalogError> {
        self.knows_blob(id).await
    }

    async fn forget_lease(&self, id: &str) -> Result<(), CatalogError> {
        let sql = "DELETE FROM leases WHERE id = ?1";
        self.database.query(sql, vec![id.into()]).await.map(|_| ())
    }

    async fn usage(&self, owner: &str) -> Result<Usage, CatalogError> {
        self.usage_of(owner).await
    }

    async fn statistics(&self, owners: u32) -> Result<Statistics, CatalogError> {
        self.read_statistics(owners).await
    }

    async fn check_images(&self, after: &str, limit: u32) -> Result<Vec<ImageCheck>, CatalogError> {
        audit::check_images(&self.database, after, limit).await
    }

    async fn check_blobs(&self, after: &str, limit: u32) -> Result<Vec<BlobCheck>, CatalogError> {
        audit::check_blobs(&self.database, after, limit).await
    }

    async fn images_of(&self, blob: &str, limit: u32) -> Result<Vec<String>, CatalogError> {
        audit::images_of(&self.database, blob, limit).await
    }

    async fn record_blob(&self, image: &str) -> Result<(), CatalogError> {
        audit::record_blob(&self.database, image).await
    }

    async fn recount_blob(&self, id: &str) -> Result<(), CatalogError> {
        audit::recount(&self.database, id).await
    }

    async fn miscounts(&self, limit: u32) -> Result<Vec<Miscount>, CatalogError> {
        audit::miscounts(&self.database, limit).await
    }

    async fn recount_usage(&self) -> Result<(), CatalogError> {
        migrations::recount_usage(&self.database).await
    }

    async fn delete_images_of(&self, blob: &str) -> Result<(), CatalogError> {
        audit::delete_images_of(&self.database, blob).await
    }

    async fn check(&self) -> Result<(), CatalogError> {
        self.database.query("SELECT 1", vec![]).await.map(|_| ())
    }
}

fn json(value: &impl Serialize) -> Result<Value, CatalogError> {
    serde_json::to_string(value)
        .map(Value::from)
        .map_err(|error| CatalogError::Database(error.to_string()))
}

fn image(row: Row) -> Result<Image, CatalogError> {
    let mut row = Columns::new("images", row);
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
        filename: row.optional_text()?,
        visibility: row.parsed(Visibility::parse)?,
        tags: row.parsed(|json| serde_json::from_str(json).ok())?,
        metadata: row.parsed(|json| serde_json::from_str(json).ok())?,
        link_epoch: row.number()?,
        created_at: row.time()?,
        updated_at: row.time()?,
    })
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
