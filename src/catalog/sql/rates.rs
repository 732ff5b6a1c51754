//! Rate limits in SQL. One statement decides, so no two requests use the same part of an allowance.

use async_trait::async_trait;

use super::{Columns, Database, SqlCatalog};
use crate::catalog::{CatalogError, Rates};
use crate::model::{LONGEST_DEBT_MICROS, RateUse};

/// The time of the database in microseconds.
const NOW: &str = "(CAST(unixepoch('subsec') * 1000 AS INTEGER) * 1000)";

#[async_trait]
impl<D: Database> Rates for SqlCatalog<D> {
    async fn use_rate(
        &self,
        client: &str,
        cost: RateUse,
        most: i64,
    ) -> Result<(bool, RateUse), CatalogError> {
        let dialect = self.dialect;
        let (greatest, least) = (
            dialect.pick("max", "greatest"),
            dialect.pick("min", "least"),
        );
        // PostgreSQL cannot tell the type of what is only compared with other parameters.
        let sql = format!(
            "INSERT INTO rates AS r (client, requests_full_at, bytes_full_at)
            VALUES (?1, {NOW} + ?2, {NOW} + {least}(CAST(?3 AS bigint), CAST(?5 AS bigint)))
            ON CONFLICT (client) DO UPDATE SET
                requests_full_at = {greatest}(r.requests_full_at, {NOW}) + ?2,
                bytes_full_at = {least}({greatest}(r.bytes_full_at, {NOW}) + ?3, {NOW} + ?5)
            WHERE {greatest}(r.requests_full_at, {NOW}) + ?2 <= {NOW} + ?4
                AND r.bytes_full_at < {NOW} + ?4
            RETURNING requests_full_at - {NOW}, bytes_full_at - {NOW}"
        );
        let parameters = vec![
            client.into(),
            cost.requests.into(),
            cost.bytes.into(),
            most.into(),
            LONGEST_DEBT_MICROS.into(),
        ];
        if let Some(used) = self.rate_use(&sql, parameters).await? {
            return Ok((true, used));
        }
        let sql = format!(
            "SELECT requests_full_at - {NOW}, bytes_full_at - {NOW} FROM rates WHERE client = ?1"
        );
        let used = self.rate_use(&sql, vec![client.into()]).await?;
        Ok((false, used.unwrap_or_default()))
    }

    async fn forget_rates(&self, limit: u32) -> Result<(), CatalogError> {
        // Looked up first: a deletion that deletes nothing would still wait for a commit.
        let full = format!(
            "SELECT client FROM rates
            WHERE requests_full_at <= {NOW} AND bytes_full_at <= {NOW} LIMIT ?1"
        );
        if !self.exists(&full, vec![1.into()]).await? {
            return Ok(());
        }
        // Looked at again for those that a request has used since.
        let sql = format!(
            "DELETE FROM rates WHERE client IN ({full})
            AND requests_full_at <= {NOW} AND bytes_full_at <= {NOW}"
        );
        self.execute(&sql, vec![i64::from(limit).into()]).await
    }
}

impl<D: Database> SqlCatalog<D> {
    /// Reads what a client has used; `None` if there is no row.
    async fn rate_use(
        &self,
        sql: &str,
        parameters: Vec<super::Value>,
    ) -> Result<Option<RateUse>, CatalogError> {
        let rows = self.query(sql, parameters).await?;
        let Some(row) = rows.into_iter().next() else {
            return Ok(None);
        };
        let mut row = Columns::new("rates", row);
        let used = RateUse {
            requests: row.number::<i64>()?.max(0),
            bytes: row.number::<i64>()?.max(0),
        };
        Ok(Some(used))
    }
}
