//! Accounts in SQL: the rows that triggers of `migrations/0002_usage.sql`,
//! `migrations/0008_descriptions.sql` and `migrations/0012_variants.sql` maintain.

use async_trait::async_trait;
use serde::Deserialize;

use super::quota::{BYTES, IMAGES};
use super::{Columns, Database, SqlCatalog};
use crate::catalog::{
    Accounts, BlobCount, CatalogError, Miscount, OwnerUsage, Statistics, VariantCount, migrations,
};
use crate::model::Usage;

/// All totals: PostgreSQL has several rows that add up to them.
pub(super) const TOTALS: &str = "(SELECT CAST(sum(images) AS bigint) AS images,
        CAST(sum(bytes) AS bigint) AS bytes, CAST(sum(live_blobs) AS bigint) AS live_blobs,
        CAST(sum(live_bytes) AS bigint) AS live_bytes,
        CAST(sum(dead_blobs) AS bigint) AS dead_blobs,
        CAST(sum(dead_bytes) AS bigint) AS dead_bytes,
        CAST(sum(variants) AS bigint) AS variants,
        CAST(sum(variant_bytes) AS bigint) AS variant_bytes,
        CAST(sum(leases) AS bigint) AS leases
    FROM totals) AS totals";

/// The statement of [`Accounts::statistics`], before the totals: every column is a look-up.
pub(super) const STATISTICS: &str = "
    SELECT images, bytes, live_blobs, live_bytes, dead_blobs, dead_bytes, variants, variant_bytes,
        leases,
        (SELECT min(died_at) FROM blobs WHERE refs = 0),
        (SELECT min(expires_at) FROM leases WHERE expires_at > 0),
        (SELECT json_group_array(json_object('owner', owner, 'images', images, 'bytes', bytes))
         FROM (SELECT owner, images, bytes FROM usage ORDER BY bytes DESC, owner DESC LIMIT ?1)
         AS largest)
    FROM ?totals";

/// The statements of [`Accounts::recount_usage`].
const RECOUNT: &str = include_str!("recount.sql");

/// The same on PostgreSQL.
const RECOUNT_IN_POSTGRES: &str = include_str!("recount_in_postgres.sql");

/// Owners whose usage is not what their images add up to.
const WRONG_USAGE: &str = "
    SELECT coalesce(usage.owner, found.owner), coalesce(usage.images, 0), coalesce(usage.bytes, 0),
        coalesce(found.images, 0), coalesce(found.bytes, 0)
    FROM usage FULL JOIN (
        SELECT owner, count(*) AS images, CAST(sum(size + described) AS bigint) AS bytes
        FROM images GROUP BY owner) AS found
        ON found.owner = usage.owner
    WHERE usage.images IS DISTINCT FROM found.images OR usage.bytes IS DISTINCT FROM found.bytes
    ORDER BY 1 LIMIT ?1";

/// Owners whose stored count of answers is not what their answers add up to.
const WRONG_ANSWERS: &str = "
    SELECT coalesce(answer_usage.owner, found.owner), 0, coalesce(answer_usage.bytes, 0),
        0, coalesce(found.bytes, 0)
    FROM answer_usage FULL JOIN (
        SELECT owner, CAST(sum(charge) AS bigint) AS bytes FROM idempotency_keys
        WHERE charge > 0 GROUP BY owner) AS found
        ON found.owner = answer_usage.owner
    WHERE answer_usage.bytes IS DISTINCT FROM found.bytes
    ORDER BY 1 LIMIT ?1";

/// The totals, if they are not those of all records.
const WRONG_TOTALS: &str = "
    SELECT NULL, totals.images, totals.bytes, found.images, CAST(found.bytes AS bigint)
    FROM ?totals CROSS JOIN (
        SELECT (SELECT count(*) FROM images) AS images,
            (SELECT coalesce(sum(size), 0) FROM images) AS bytes,
            count(*) FILTER (WHERE refs > 0) AS live_blobs,
            coalesce(sum(size) FILTER (WHERE refs > 0), 0) AS live_bytes,
            count(*) FILTER (WHERE refs = 0) AS dead_blobs,
            coalesce(sum(size) FILTER (WHERE refs = 0), 0) AS dead_bytes,
            (SELECT count(*) FROM leases) AS leases,
            (SELECT count(*) FROM variants) AS variants,
            (SELECT coalesce(sum(size), 0) FROM variants) AS variant_bytes
        FROM blobs) AS found
    WHERE (totals.images, totals.bytes, totals.live_blobs, totals.live_bytes, totals.dead_blobs,
            totals.dead_bytes, totals.leases, totals.variants, totals.variant_bytes)
        <> (found.images, found.bytes, found.live_blobs, found.live_bytes, found.dead_blobs,
            found.dead_bytes, found.leases, found.variants, found.variant_bytes)";

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

#[async_trait]
impl<D: Database> Accounts for SqlCatalog<D> {
    async fn usage(&self, owner: &str) -> Result<Usage, CatalogError> {
        let sql = format!("SELECT {IMAGES}, {BYTES}").replace("?owner", "?1");
        let row = self.one_row(&sql, vec![owner.into()]).await?;
        Columns::new("usage", row).usage()
    }

    async fn statistics(&self, owners: u32) -> Result<Statistics, CatalogError> {
        let parameters = vec![i64::from(owners).into()];
        let sql = STATISTICS.replace("?totals", TOTALS);
        let mut row = Columns::new("totals", self.one_row(&sql, parameters).await?);
        Ok(Statistics {
            images: row.usage()?,
            live: row.blob_count()?,
            dead: row.blob_count()?,
            variants: VariantCount {
                variants: row.number()?,
                bytes: row.number()?,
            },
            leases: row.number()?,
            oldest_death: row.optional_time()?,
            oldest_expiry: row.optional_time()?,
            owners: row
                .list::<OwnerRow>()?
                .into_iter()
                .map(OwnerUsage::from)
                .collect(),
        })
    }

    async fn miscounts(&self, limit: u32) -> Result<Vec<Miscount>, CatalogError> {
        let mut rows = Vec::new();
        for sql in [WRONG_USAGE, WRONG_ANSWERS] {
            let parameters = vec![i64::from(limit).into()];
            rows.extend(self.query_long(sql, parameters).await?);
        }
        let totals = WRONG_TOTALS.replace("?totals", TOTALS);
        rows.extend(self.query_long(&totals, vec![]).await?);
        Columns::read_all("usage", rows, |row| {
            Ok(Miscount {
                owner: row.optional_text()?,
                kept: row.usage()?,
                found: row.usage()?,
            })
        })
    }

    async fn recount_usage(&self) -> Result<(), CatalogError> {
        let all = self.dialect.pick(RECOUNT, RECOUNT_IN_POSTGRES);
        for statement in migrations::statements(all) {
            self.query_long(statement, vec![]).await?;
        }
        Ok(())
    }
}
