//! The statements of audits: finding records that contradict each other, and
//! bringing them together again.

use std::collections::HashMap;

use super::{Columns, Database, IMAGE_COLUMNS, Row, Value, image};
use crate::catalog::{BlobCheck, BlobRecord, CatalogError, ImageCheck, ImageFault, Miscount};

/// The images of a range of ids that do not agree with their blob's record.
const AT_ODDS: &str = "
    SELECT images.id, blobs.id IS NULL
    FROM images LEFT JOIN blobs ON blobs.id = images.blob_id
    WHERE images.id > ?1 AND images.id <= ?2
        AND (blobs.id IS NULL OR blobs.owner <> images.owner OR blobs.sha256 <> images.sha256
            OR blobs.size <> images.size OR blobs.chunk_size <> images.chunk_size)";

pub(super) const CHECK_BLOBS: &str = "
    SELECT id, (SELECT count(*) FROM images WHERE images.blob_id = blobs.id),
        id, size, chunk_size, sha256, refs, died_at
    FROM blobs WHERE id > ?1 ORDER BY id LIMIT ?2";

/// Gives the images of a blob that counts as dead to a living one of equal content:
/// no two can live at the same time.
const MOVE_IMAGES: &str = "
    UPDATE images SET blob_id = live.id, chunk_size = live.chunk_size
    FROM blobs AS dead
    JOIN blobs AS live ON live.owner = dead.owner AND live.sha256 = dead.sha256 AND live.refs > 0
    WHERE dead.id = ?1 AND dead.refs = 0 AND images.blob_id = dead.id";

const RECOUNT: &str = "
    UPDATE blobs SET refs = counted.images, died_at = CASE WHEN counted.images = 0
        THEN coalesce(died_at, CAST(unixepoch('subsec') * 1000 AS INTEGER)) END
    FROM (SELECT count(*) AS images FROM images WHERE blob_id = ?1) AS counted
    WHERE id = ?1";

/// As dead, with no images: counting them is [`recount`]'s.
const RECORD: &str = "
    INSERT INTO blobs (id, owner, sha256, size, chunk_size, refs, died_at)
    SELECT blob_id, owner, sha256, size, chunk_size, 0, CAST(unixepoch('subsec') * 1000 AS INTEGER)
    FROM images WHERE id = ?1
    ON CONFLICT (id) DO NOTHING
    RETURNING id";

const WRONG_USAGE: &str = "
    SELECT coalesce(usage.owner, found.owner), coalesce(usage.images, 0), coalesce(usage.bytes, 0),
        coalesce(found.images, 0), coalesce(found.bytes, 0)
    FROM usage FULL JOIN (
        SELECT owner, count(*) AS images, sum(size + described) AS bytes
        FROM images GROUP BY owner) AS found
        ON found.owner = usage.owner
    WHERE usage.images IS NOT found.images OR usage.bytes IS NOT found.bytes
    ORDER BY 1 LIMIT ?1";

/// What is counted of the answers that are kept.
const WRONG_ANSWERS: &str = "
    SELECT coalesce(answer_usage.owner, found.owner), 0, coalesce(answer_usage.bytes, 0),
        0, coalesce(found.bytes, 0)
    FROM answer_usage FULL JOIN (
        SELECT owner, sum(charge) AS bytes FROM idempotency_keys
        WHERE charge > 0 GROUP BY owner) AS found
        ON found.owner = answer_usage.owner
    WHERE answer_usage.bytes IS NOT found.bytes
    ORDER BY 1 LIMIT ?1";

const WRONG_TOTALS: &str = "
    SELECT NULL, totals.images, totals.bytes, found.images, found.bytes
    FROM totals JOIN (
        SELECT (SELECT count(*) FROM images) AS images,
            (SELECT coalesce(sum(size), 0) FROM images) AS bytes,
            count(*) FILTER (WHERE refs > 0) AS live_blobs,
            coalesce(sum(size) FILTER (WHERE refs > 0), 0) AS live_bytes,
            count(*) FILTER (WHERE refs = 0) AS dead_blobs,
            coalesce(sum(size) FILTER (WHERE refs = 0), 0) AS dead_bytes,
            (SELECT count(*) FROM leases) AS leases
        FROM blobs) AS found
    WHERE (totals.images, totals.bytes, totals.live_blobs, totals.live_bytes, totals.dead_blobs,
            totals.dead_bytes, totals.leases)
        <> (found.images, found.bytes, found.live_blobs, found.live_bytes, found.dead_blobs,
            found.dead_bytes, found.leases)";

/// Image records after the id `after`.
pub(super) async fn check_images(
    database: &dyn Database,
    after: &str,
    limit: u32,
) -> Result<Vec<ImageCheck>, CatalogError> {
    let parameters = vec![after.into(), i64::from(limit).into()];
    let select = format!("SELECT {IMAGE_COLUMNS} FROM images WHERE id > ?1 ORDER BY id LIMIT ?2");
    let rows = database.query(&select, parameters).await?;
    let mut checks: Vec<ImageCheck> = Vec::with_capacity(rows.len());
    for row in rows {
        let id = Columns::new("images", row.clone()).text()?;
        let fault = image(row).is_err().then_some(ImageFault::Unreadable);
        checks.push(ImageCheck { id, fault });
    }
    let Some(last) = checks.last() else {
        return Ok(checks);
    };
    let parameters = vec![after.into(), last.id.as_str().into()];
    let at_odds = database.query(AT_ODDS, parameters).await?;
    let at_odds: HashMap<String, ImageFault> = at_odds
        .into_iter()
        .map(fault)
        .collect::<Result<_, CatalogError>>()?;
    for check in &mut checks {
        check.fault = check.fault.or_else(|| at_odds.get(&check.id).copied());
    }
    Ok(checks)
}

fn fault(row: Row) -> Result<(String, ImageFault), CatalogError> {
    let mut row = Columns::new("images", row);
    let id = row.text()?;
    let unrecorded: u8 = row.number()?;
    let fault = match unrecorded {
        0 => ImageFault::Contradicted,
        _ => ImageFault::Unrecorded,
    };
    Ok((id, fault))
}

/// Blob records after the id `after`.
pub(super) async fn check_blobs(
    database: &dyn Database,
    after: &str,
    limit: u32,
) -> Result<Vec<BlobCheck>, CatalogError> {
    let parameters = vec![after.into(), i64::from(limit).into()];
    let rows = database.query(CHECK_BLOBS, parameters).await?;
    let check = |row| {
        let mut row = Columns::new("blobs", row);
        Ok(BlobCheck {
            id: row.text()?,
            images: row.number()?,
            record: record(row).ok(),
        })
    };
    rows.into_iter().map(check).collect()
}

fn record(mut row: Columns) -> Result<BlobRecord, CatalogError> {
    Ok(BlobRecord {
        blob: row.blob()?,
        sha256: row.sha256()?,
        refs: row.number()?,
        died_at: row.optional_time()?,
    })
}

/// The ids of images that refer to the blob.
pub(super) async fn images_of(
    database: &dyn Database,
    blob: &str,
    limit: u32,
) -> Result<Vec<String>, CatalogError> {
    let sql = "SELECT id FROM images WHERE blob_id = ?1 ORDER BY id LIMIT ?2";
    texts(database, sql, vec![blob.into(), i64::from(limit).into()]).await
}

/// Counts a blob's images anew.
pub(super) async fn recount(database: &dyn Database, blob: &str) -> Result<(), CatalogError> {
    database.query(MOVE_IMAGES, vec![blob.into()]).await?;
    database.query(RECOUNT, vec![blob.into()]).await.map(|_| ())
}

/// Makes a record of the blob that an image refers to.
pub(super) async fn record_blob(database: &dyn Database, image: &str) -> Result<(), CatalogError> {
    for blob in texts(database, RECORD, vec![image.into()]).await? {
        recount(database, &blob).await?;
    }
    Ok(())
}

/// Owners whose usage is wrong, and the totals if they are.
pub(super) async fn miscounts(
    database: &dyn Database,
    limit: u32,
) -> Result<Vec<Miscount>, CatalogError> {
    let mut rows = Vec::new();
    for sql in [WRONG_USAGE, WRONG_ANSWERS] {
        rows.extend(
            database
                .query_long(sql, vec![i64::from(limit).into()])
                .await?,
        );
    }
    rows.extend(database.query_long(WRONG_TOTALS, vec![]).await?);
    let miscount = |row| {
        let mut row = Columns::new("usage", row);
        Ok(Miscount {
            owner: row.optional_text()?,
            kept: row.usage()?,
            found: row.usage()?,
        })
    };
    rows.into_iter().map(miscount).collect()
}

/// Deletes every image that refers to the blob.
pub(super) async fn delete_images_of(
    database: &dyn Database,
    blob: &str,
) -> Result<(), CatalogError> {
    let sql = "DELETE FROM images WHERE blob_id = ?1";
    database.query(sql, vec![blob.into()]).await.map(|_| ())
}

async fn texts(
    database: &dyn Database,
    sql: &str,
    parameters: Vec<Value>,
) -> Result<Vec<String>, CatalogError> {
    let rows = database.query(sql, parameters).await?;
    rows.into_iter()
        .map(|row| Columns::new("blobs", row).text())
        .collect()
}
