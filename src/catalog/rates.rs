//! How much of their allowances clients have used. Times are those of the database's clock, since
//! the clocks of hosts differ.

use async_trait::async_trait;

use super::CatalogError;
use crate::model::RateUse;

/// Rate limits.
#[async_trait]
pub trait Rates: Send + Sync {
    /// Adds to what a client has used, if there is room for it: if afterwards, the allowance of
    /// requests is full again after `most` microseconds at the latest, and if before, that of bytes
    /// was full again in less. Returns whether there was room, and how long it now takes until both
    /// are full.
    ///
    /// More than [`LONGEST_DEBT_MICROS`](crate::model::LONGEST_DEBT_MICROS) of bytes are not
    /// remembered.
    async fn use_rate(
        &self,
        client: &str,
        cost: RateUse,
        most: i64,
    ) -> Result<(bool, RateUse), CatalogError>;

    /// Forgets at most `limit` clients whose allowances are full.
    async fn forget_rates(&self, limit: u32) -> Result<(), CatalogError>;
}
