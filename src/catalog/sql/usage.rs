//! What owners keep: the rows that `migrations/0002_usage.sql` and
//! `migrations/0007_descriptions.sql` keep by triggers.

use serde::Deserialize;

use super::{CatalogError, Columns, Database, NewImage, Row, SqlCatalog, Value, json};
use crate::catalog::{BlobCount, OwnerUsage, Statistics};
use crate::model::{Quota, Timestamp, Usage};

/// The statement of [`SqlCatalog::read_statistics`]: every column is a look-up.
pub(super) const STATISTICS: &str = "
    SELECT images, bytes, live_blobs, live_bytes, dead_blobs, dead_bytes, leases,
        (SELECT min(died_at) FROM blobs WHERE refs = 0),
        (SELECT min(expires_at) FROM leases WHERE expires_at > 0),
        (SELECT json_group_array(json_object('owner', owner, 'images', images, 'bytes', bytes))
         FROM (SELECT owner, images, bytes FROM usage ORDER BY bytes DESC, owner DESC LIMIT ?1))
    FROM totals";

/// How many images the owner `?owner` keeps.
pub(super) const IMAGES: &str = "coalesce((SELECT images FROM usage WHERE owner = ?owner), 0)";

/// How many bytes the owner `?owner` keeps.
pub(super) const BYTES: &str = "(coalesce((SELECT bytes FROM usage WHERE owner = ?owner), 0)
    + coalesce((SELECT bytes FROM answer_usage WHERE owner = ?owner), 0))";

/// Whether a lease is not in force, and what the owner keeps.
const REFUSAL: &str = "
    SELECT EXISTS (SELECT 1 FROM json_each(?1) AS lease LEFT JOIN leases ON leases.id = lease.value
            WHERE leases.expires_at IS NULL OR leases.expires_at <= ?2)";

/// A number as SQL has it; one that is larger is the largest.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The parameters of a commit that hold it to a quota: the owner, and the most images
/// and bytes that the owner may keep already.
pub(super) fn room(images: &[NewImage], quota: Quota) -> [Value; 3] {
    let added = NewImage::charges(images);
    let room = |limit: Option<u64>, added: u64| {
        limit.map_or(i64::MAX, |limit| {
            signed(limit).saturating_sub(signed(added))
        })
    };
    [
        owner(images).into(),
        room(quota.images, added.images).into(),
        room(quota.bytes, added.bytes).into(),
    ]
}

/// Whose a commit's images are.
fn owner(images: &[NewImage]) -> &str {
    images.first().map_or("", |new| new.image.owner.as_str())
}

/// A member of the last column of [`STATISTICS`].
#[derive(Deserialize)]
struct OwnerRow {
    owner: String,
    images: u64,
    bytes: u64,
}

impl From<OwnerRow> for OwnerUsage {
    fn from(row: OwnerRow) -> Self {
        Self {
            owner: row.owner,
            usage: Usage {
                images: row.images,
                bytes: row.bytes,
            },
        }
    }
}

impl Columns {
    pub(super) fn usage(&mut self) -> Result<Usage, CatalogError> {
        Ok(Usage {
            images: self.number()?,
            bytes: self.number()?,
        })
    }

    fn blob_count(&mut self) -> Result<BlobCount, CatalogError> {
        Ok(BlobCount {
            blobs: self.number()?,
            bytes: self.number()?,
        })
    }
}

impl<D: Database> SqlCatalog<D> {
    /// Fails with what is in the way of a commit that did nothing, if it still is.
    pub(super) async fn tell_refusal(
        &self,
        images: &[NewImage],
        quota: Quota,
        now: Timestamp,
    ) -> Result<(), CatalogError> {
        let leases: Vec<&str> = images.iter().map(|new| new.lease.as_str()).collect();
        let parameters = vec![json(&leases)?, now.into(), owner(images).into()];
        let sql = format!("{REFUSAL}, {IMAGES}, {BYTES}").replace("?owner", "?3");
        let mut row = Columns::new("usage", self.one_row(&sql, parameters).await?);
        if row.number::<i64>()? != 0 {
            return Err(CatalogError::LeaseExpired);
        }
        Ok(quota.admit(row.usage()?, NewImage::charges(images))?)
    }

    pub(super) async fn usage_of(&self, owner: &str) -> Result<Usage, CatalogError> {
        let sql = format!("SELECT {IMAGES}, {BYTES}").replace("?owner", "?1");
        let row = self.one_row(&sql, vec![owner.into()]).await?;
        Columns::new("usage", row).usage()
    }

    pub(super) async fn read_statistics(&self, owners: u32) -> Result<Statistics, CatalogError> {
        let parameters = vec![i64::from(owners).into()];
        let mut row = Columns::new("totals", self.one_row(STATISTICS, parameters).await?);
        Ok(Statistics {
            images: row.usage()?,
            live: row.blob_count()?,
            dead: row.blob_count()?,
            leases: row.number()?,
            oldest_death: row.optional_time()?,
            oldest_expiry: row.optional_time()?,
            owners: row
                .parsed(|json| serde_json::from_str::<Vec<OwnerRow>>(json).ok())?
                .into_iter()
                .map(OwnerUsage::from)
                .collect(),
        })
    }

    /// The only row of a result.
    async fn one_row(&self, sql: &str, parameters: Vec<Value>) -> Result<Row, CatalogError> {
        let rows = self.database.query(sql, parameters).await?;
        let none = || CatalogError::Database("there is no row where there must be one".to_owned());
        rows.into_iter().next().ok_or_else(none)
    }
}
