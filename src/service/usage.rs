//! What each owner keeps.

use super::{Service, ServiceError};
use crate::catalog::Statistics;
use crate::model::{Timestamp, Usage};

/// The report for metrics: what is kept, and how long work has been waiting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// What is kept.
    pub statistics: Statistics,
    /// The age of the oldest lease in seconds; 0 if there is none.
    pub oldest_lease_seconds: u64,
    /// How many seconds ago the first of the dead blobs died; 0 if there is none.
    pub oldest_death_seconds: u64,
}

impl Service {
    /// Returns how much the owner keeps.
    pub async fn usage(&self, owner: &str) -> Result<Usage, ServiceError> {
        Ok(self.catalog().usage(owner).await?)
    }

    /// Returns what all owners keep, and the `owners` of them who keep the most bytes.
    pub async fn report(&self, owners: u32) -> Result<Report, ServiceError> {
        let statistics = self.catalog().statistics(owners).await?;
        let now = self.now().seconds();
        let term = self.lease_term().whole();
        let begun = |expiry: Timestamp| expiry.plus_millis(-term);
        let lease = statistics.oldest_expiry.map(begun);
        let death = statistics.oldest_death;
        let age =
            |since: Option<Timestamp>| since.map_or(0, |since| now.saturating_sub(since.seconds()));
        Ok(Report {
            oldest_lease_seconds: age(lease),
            oldest_death_seconds: age(death),
            statistics,
        })
    }
}
