//! Quotas, checked within the statements that they may refuse.

use super::resumables::CompletionRow;
use super::{Columns, Database, SqlCatalog, Value, json};
use crate::catalog::{CatalogError, NewImage};
use crate::model::{Quota, Timestamp};

/// How many images the owner `?owner` keeps, and is uploading piece by piece.
pub(super) const IMAGES: &str = "(coalesce((SELECT images FROM usage WHERE owner = ?owner), 0)
    + (SELECT count(*) FROM resumable_uploads AS open
        WHERE open.owner = ?owner AND open.completed_at IS NULL AND open.is_partial = 0))";

/// How many bytes the owner `?owner` keeps, and has reserved for such uploads.
pub(super) const BYTES: &str = "(coalesce((SELECT bytes FROM usage WHERE owner = ?owner), 0)
    + coalesce((SELECT bytes FROM answer_usage WHERE owner = ?owner), 0)
    + (SELECT CAST(coalesce(sum(open.reserved), 0) AS bigint) FROM resumable_uploads AS open
        WHERE open.owner = ?owner AND open.completed_at IS NULL))";

/// How many images the uploads have reserved that are completed by the completions `?completed`.
pub(super) const FREED_IMAGES: &str = "(SELECT count(*)
    FROM (?completed) AS done, json_each(done.completes, '$.parts') AS part
    JOIN resumable_uploads AS open ON open.id = part.value
    WHERE open.completed_at IS NULL AND open.is_partial = 0)";

/// How many bytes these uploads have reserved.
pub(super) const FREED_BYTES: &str = "(SELECT coalesce(sum(open.reserved), 0)
    FROM (?completed) AS done, json_each(done.completes, '$.parts') AS part
    JOIN resumable_uploads AS open ON open.id = part.value
    WHERE open.completed_at IS NULL)";

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
    [
        owner(images).into(),
        left(quota.images, added.images),
        left(quota.bytes, added.bytes),
    ]
}

/// The most that may be kept already if `added` is to fit.
pub(super) fn left(limit: Option<u64>, added: u64) -> Value {
    let left = |limit| signed(limit).saturating_sub(signed(added));
    limit.map_or(i64::MAX, left).into()
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
        // Another request may have completed an upload, which then counts as an image.
        for completion in images.iter().filter_map(|new| new.completes.as_ref()) {
            if !self.may_complete(&completion.at).await? {
                return Ok(Some(CatalogError::UploadMoved));
            }
        }
        let leases: Vec<&str> = images.iter().map(|new| new.lease.as_str()).collect();
        let completed = images.iter().filter_map(|new| new.completes.as_ref());
        let completed: Vec<CompletionRow<'_>> = completed.map(CompletionRow::from).collect();
        let parameters = vec![
            json(&leases)?,
            now.into(),
            owner(images).into(),
            json(&completed)?,
        ];
        let sql = format!("{REFUSAL}, {IMAGES} - {FREED_IMAGES}, {BYTES} - {FREED_BYTES}")
            .replace("?owner", "?3")
            .replace("?completed", "SELECT value AS completes FROM json_each(?4)");
        let postgres = "SELECT * FROM darkroom_refusal_v1($1, $2, $3, $4)";
        let sql = self.dialect.pick(&sql, postgres);
        let mut row = Columns::new("usage", self.one_row(sql, parameters).await?);
        if row.number::<i64>()? != 0 {
            return Ok(Some(CatalogError::LeaseExpired));
        }
        let admitted = quota.admit(row.usage()?, NewImage::charges(images));
        Ok(admitted.err().map(CatalogError::from))
    }
}
