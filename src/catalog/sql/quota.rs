//! Quotas, checked within the statements that they may refuse.

use super::{Columns, Database, SqlCatalog, Value, json};
use crate::catalog::{CatalogError, NewImage};
use crate::model::{Quota, Timestamp};

/// How many images the owner `?owner` keeps.
pub(super) const IMAGES: &str = "coalesce((SELECT images FROM usage WHERE owner = ?owner), 0)";

/// How many bytes the owner `?owner` keeps.
pub(super) const BYTES: &str = "(coalesce((SELECT bytes FROM usage WHERE owner = ?owner), 0)
    + coalesce((SELECT bytes FROM answer_usage WHERE owner = ?owner), 0))";

/// Whether a lease is not in force, and what the owner keeps.
const REFUSAL: &str = "
    SELECT EXISTS (SELECT 1 FROM json_each(?1) AS lease LEFT JOIN leases ON leases.id = lease.value
            WHERE leases.expires_at IS NULL OR leases.expires_at <= ?2)";

/// Converts a number to SQL; a larger number becomes the largest.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// The parameters by which a commit is checked against a quota: the owner, and the most
/// images and bytes that the owner may already keep.
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

/// The owner of a commit's images.
fn owner(images: &[NewImage]) -> &str {
    images.first().map_or("", |new| new.image.owner.as_str())
}

impl<D: Database> SqlCatalog<D> {
    /// Returns the reason why a commit did nothing, if the reason still applies.
    pub(super) async fn why_refused(
        &self,
        images: &[NewImage],
        quota: Quota,
        now: Timestamp,
    ) -> Result<Option<CatalogError>, CatalogError> {
        let leases: Vec<&str> = images.iter().map(|new| new.lease.as_str()).collect();
        let parameters = vec![json(&leases)?, now.into(), owner(images).into()];
        let sql = format!("{REFUSAL}, {IMAGES}, {BYTES}").replace("?owner", "?3");
        let mut row = Columns::new("usage", self.one_row(&sql, parameters).await?);
        if row.number::<i64>()? != 0 {
            return Ok(Some(CatalogError::LeaseExpired));
        }
        let admitted = quota.admit(row.usage()?, NewImage::charges(images));
        Ok(admitted.err().map(CatalogError::from))
    }
}
