//! Resumable uploads in SQL. Triggers of `migrations/0014_resumables.sql` move the offset with
//! the bytes that are added, and leave the blobs of ended uploads among the remains.

use async_trait::async_trait;
use serde::Serialize;
use uuid::Uuid;

use super::quota::{self, BYTES, IMAGES, signed};
use super::{Columns, Database, SqlCatalog, Value, count};
use crate::catalog::{
    Begun, CatalogError, Completion, Ending, Growth, NewSegment, Position, Resumable, Resumables,
    Segment,
};
use crate::model::{Quota, Timestamp, Usage};

/// The columns of a [`Resumable`], in the order in which [`read`] reads them.
const COLUMNS: &str = "id, owner, is_partial, image_id, begun_by, terms, received, length, epoch,
    created_at, deadline, expires_at, completed_at";

/// The statement of [`Resumables::begin_resumable`].
const BEGIN: &str = "
    INSERT INTO resumable_uploads (id, owner, is_partial, image_id, begun_by, terms, received,
        length, epoch, created_at, deadline, expires_at)
    SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12
    WHERE (SELECT count(*) FROM resumable_uploads WHERE owner = ?2 AND completed_at IS NULL) < ?13
        AND ?images <= ?14 AND ?bytes <= ?15
    ON CONFLICT (begun_by) WHERE begun_by IS NOT NULL DO NOTHING
    RETURNING id";

/// The same on PostgreSQL.
const BEGIN_IN_POSTGRES: &str = "SELECT * FROM darkroom_begin_upload_v1(
    $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)";

/// Returns a row if an owner may not have another open upload.
const TOO_MANY: &str = "
    SELECT 1 FROM (SELECT count(*) AS uploads FROM resumable_uploads
        WHERE owner = ?1 AND completed_at IS NULL) AS open
    WHERE uploads >= ?2";

/// How often the beginning of an upload is tried if it does nothing and no reason can be found.
const ATTEMPTS: u32 = 3;

/// Whether an upload may grow: it is still at the position `?3`, `?4`, it does not become longer
/// than its length, and its owner may keep the bytes that were not reserved. `?end` is where the
/// new bytes end.
const MAY_GROW: &str = "
    resumable_uploads.id = ?1 AND received = ?3 AND epoch = ?4 AND completed_at IS NULL
    AND ?end <= coalesce(length, ?end)
    AND (length IS NOT NULL OR ?bytes + ?end - received <= ?5)";

/// The statement of [`Resumables::append_segment`].
const APPEND_SEGMENT: &str = "
    INSERT INTO upload_segments (upload_id, start_at, blob_id, size, chunk_size, expires_at)
    SELECT resumable_uploads.id, ?2, ?7, ?8, ?9, min(deadline, ?6)
    FROM resumable_uploads JOIN leases ON leases.id = ?10 AND leases.expires_at > ?11
    WHERE ?may_grow
    RETURNING upload_id";

/// The statement of [`Resumables::append_tail`].
const APPEND_TAIL: &str = "
    INSERT INTO upload_tails (upload_id, start_at, bytes, expires_at)
    SELECT resumable_uploads.id, ?2, ?7, min(deadline, ?6) FROM resumable_uploads
    WHERE ?may_grow
    RETURNING upload_id";

/// The statement of [`Resumables::expired_resumables`].
pub(super) const EXPIRED: &str = "
    SELECT id FROM resumable_uploads WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2";

/// The statement of [`Resumables::open_resumables`], after its columns.
pub(super) const OPEN: &str = "
    FROM resumable_uploads WHERE owner = ?1 AND completed_at IS NULL AND expires_at > ?2
    ORDER BY created_at DESC LIMIT ?3";

/// The statement of [`Resumables::end_resumables_of`].
pub(super) const END_ALL_OF: &str = "
    DELETE FROM resumable_uploads WHERE id IN (
        SELECT id FROM resumable_uploads WHERE owner = ?1 LIMIT ?2)
    RETURNING id";

/// A completion in the form that the trigger reads.
#[derive(Serialize)]
pub(super) struct CompletionRow<'a> {
    upload: &'a str,
    received: u64,
    length: u64,
    parts: &'a [String],
    terms: &'a str,
    expires_at: i64,
}

impl<'a> From<&'a Completion> for CompletionRow<'a> {
    fn from(completion: &'a Completion) -> Self {
        Self {
            upload: &completion.at.id,
            received: completion.at.received,
            length: completion.length,
            parts: &completion.parts,
            terms: &completion.terms,
            expires_at: completion.expires_at.millis(),
        }
    }
}

#[async_trait]
impl<D: Database> Resumables for SqlCatalog<D> {
    async fn begin_resumable(
        &self,
        new: &Resumable,
        quota: Quota,
        most: u32,
    ) -> Result<Begun, CatalogError> {
        let added = Usage {
            images: u64::from(!new.is_partial),
            bytes: new.reserved(),
        };
        let sql = BEGIN
            .replace("?images", &IMAGES.replace("?owner", "?2"))
            .replace("?bytes", &BYTES.replace("?owner", "?2"));
        let mut parameters = values(new);
        parameters.extend([
            i64::from(most).into(),
            quota::left(quota.images, added.images),
            quota::left(quota.bytes, added.bytes),
        ]);
        let sql = self.dialect.pick(&sql, BEGIN_IN_POSTGRES);
        for _ in 0..ATTEMPTS {
            if self.exists(sql, parameters.clone()).await? {
                return Ok(Begun::Now);
            }
            if let Some(begun_by) = &new.begun_by
                && let Some(known) = self.find_by("begun_by", begun_by).await?
            {
                return Ok(Begun::Before(Box::new(known)));
            }
            let kept = super::super::Accounts::usage(self, &new.owner).await?;
            quota.admit(kept, added)?;
            let owner = vec![new.owner.as_str().into(), i64::from(most).into()];
            if self.exists(TOO_MANY, owner).await? {
                return Ok(Begun::TooMany);
            }
            // The reason is gone: something was deleted in between.
        }
        let message = "an upload was refused several times, each time for a reason that could not \
                       be found";
        Err(CatalogError::database(message))
    }

    async fn find_resumable(&self, id: &str) -> Result<Option<Resumable>, CatalogError> {
        self.find_by("id", id).await
    }

    async fn resumable_begun_by(&self, begun_by: &str) -> Result<Option<Resumable>, CatalogError> {
        self.find_by("begun_by", begun_by).await
    }

    async fn resume(&self, id: &str) -> Result<Option<Resumable>, CatalogError> {
        let sql = format!(
            "UPDATE resumable_uploads SET epoch = epoch + 1
            WHERE id = ?1 AND completed_at IS NULL RETURNING {COLUMNS}"
        );
        match self.first(&sql, vec![id.into()]).await? {
            Some(resumed) => Ok(Some(resumed)),
            None => self.find_by("id", id).await,
        }
    }

    async fn segments(&self, id: &str) -> Result<Vec<Segment>, CatalogError> {
        let sql = "SELECT start_at, blob_id, size, chunk_size FROM upload_segments
            WHERE upload_id = ?1 ORDER BY start_at";
        let rows = self.query(sql, vec![id.into()]).await?;
        Columns::read_all("upload_segments", rows, |row| {
            Ok(Segment {
                start: row.number()?,
                blob: row.blob()?,
            })
        })
    }

    async fn tail(&self, id: &str) -> Result<Vec<u8>, CatalogError> {
        let sql = "SELECT bytes FROM upload_tails WHERE upload_id = ?1 ORDER BY start_at";
        let rows = self.query(sql, vec![id.into()]).await?;
        let pieces = Columns::read_all("upload_tails", rows, |row| {
            row.read(|value| match value {
                Value::Blob(bytes) => Some(bytes),
                _ => None,
            })
        })?;
        Ok(pieces.concat())
    }

    async fn append_segment(
        &self,
        at: &Position,
        new: &NewSegment,
        growth: Growth,
        now: Timestamp,
    ) -> Result<bool, CatalogError> {
        let blob = &new.segment.blob;
        let mut parameters = position(at, new.segment.start, growth);
        parameters.extend([
            blob.id.as_str().into(),
            signed(blob.size).into(),
            i64::from(blob.chunk_size).into(),
            new.lease.as_str().into(),
            now.into(),
        ]);
        let sqlite = growing(APPEND_SEGMENT, "(?2 + ?8)");
        let postgres = "SELECT * FROM darkroom_append_segment_v1(
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";
        let sql = self.dialect.pick(&sqlite, postgres);
        if self.exists(sql, parameters).await? {
            return Ok(true);
        }
        let in_force = "SELECT 1 FROM leases WHERE id = ?1 AND expires_at > ?2";
        let lease = vec![new.lease.as_str().into(), now.into()];
        if !self.exists(in_force, lease).await? {
            return Err(CatalogError::LeaseExpired);
        }
        self.why_not_grown(at, new.segment.end(), growth.quota)
            .await
    }

    async fn append_tail(
        &self,
        at: &Position,
        bytes: &[u8],
        growth: Growth,
    ) -> Result<bool, CatalogError> {
        let mut parameters = position(at, at.received, growth);
        parameters.push(Value::Blob(bytes.to_vec()));
        let sqlite = growing(APPEND_TAIL, "(?2 + length(?7))");
        let postgres = "SELECT * FROM darkroom_append_tail_v1($1, $2, $3, $4, $5, $6, $7)";
        let sql = self.dialect.pick(&sqlite, postgres);
        if self.exists(sql, parameters).await? {
            return Ok(true);
        }
        let end = at.received.saturating_add(bytes.len() as u64);
        self.why_not_grown(at, end, growth.quota).await
    }

    async fn set_length(&self, id: &str, length: u64, quota: Quota) -> Result<bool, CatalogError> {
        let sql = "UPDATE resumable_uploads SET length = ?2
            WHERE id = ?1 AND length IS NULL AND received <= ?2 AND completed_at IS NULL
                AND ?bytes + ?2 - received <= ?3
            RETURNING id";
        let sql = sql.replace(
            "?bytes",
            &BYTES.replace("?owner", "resumable_uploads.owner"),
        );
        let most = quota::left(quota.bytes, 0);
        let parameters = vec![id.into(), signed(length).into(), most];
        let postgres = "SELECT * FROM darkroom_set_length_v1($1, $2, $3)";
        let sql = self.dialect.pick(&sql, postgres);
        if self.exists(sql, parameters).await? {
            return Ok(true);
        }
        match self.find_by("id", id).await? {
            Some(known) if known.length.is_none() && known.received <= length => {
                let kept = super::super::Accounts::usage(self, &known.owner).await?;
                quota.admit_growth(kept.bytes, known.received, length)?;
                Ok(false)
            }
            known => Ok(known.is_some_and(|known| known.length == Some(length))),
        }
    }

    async fn end_resumable(&self, id: &str, ending: Ending) -> Result<bool, CatalogError> {
        let sql = "DELETE FROM resumable_uploads
            WHERE id = ?1 AND (CAST(?2 AS bigint) IS NULL OR expires_at <= ?2)
                AND (CAST(?3 AS bigint) = 0 OR completed_at IS NULL)
            RETURNING id";
        let (expired_at, only_open) = match ending {
            Ending::Wanted => (Value::Null, 0),
            Ending::Refused => (Value::Null, 1),
            Ending::Expired(at) => (at.into(), 0),
        };
        let parameters = vec![id.into(), expired_at, Value::Integer(only_open)];
        self.exists(sql, parameters).await
    }

    async fn expired_resumables(
        &self,
        at: Timestamp,
        limit: u32,
    ) -> Result<Vec<String>, CatalogError> {
        let parameters = vec![at.into(), i64::from(limit).into()];
        let rows = self.query(EXPIRED, parameters).await?;
        Columns::read_all("resumable_uploads", rows, Columns::text)
    }

    async fn open_resumables(
        &self,
        owner: &str,
        now: Timestamp,
        limit: u32,
    ) -> Result<Vec<Resumable>, CatalogError> {
        let parameters = vec![owner.into(), now.into(), i64::from(limit).into()];
        let sql = format!("SELECT {COLUMNS} {OPEN}");
        let rows = self.query(&sql, parameters).await?;
        Columns::read_all("resumable_uploads", rows, read)
    }

    async fn resumables_after(
        &self,
        after: &str,
        limit: u32,
    ) -> Result<Vec<Resumable>, CatalogError> {
        let sql =
            format!("SELECT {COLUMNS} FROM resumable_uploads WHERE id > ?1 ORDER BY id LIMIT ?2");
        let parameters = vec![after.into(), i64::from(limit).into()];
        let rows = self.query(&sql, parameters).await?;
        Columns::read_all("resumable_uploads", rows, read)
    }

    async fn end_resumables_of(&self, owner: &str, limit: u32) -> Result<u32, CatalogError> {
        let parameters = vec![owner.into(), i64::from(limit).into()];
        let deleted = self.query(END_ALL_OF, parameters).await?;
        Ok(count(&deleted))
    }
}

impl<D: Database> SqlCatalog<D> {
    /// Returns the upload with this value in a column whose values are unique.
    async fn find_by(&self, column: &str, value: &str) -> Result<Option<Resumable>, CatalogError> {
        let sql = format!("SELECT {COLUMNS} FROM resumable_uploads WHERE {column} = ?1");
        self.first(&sql, vec![value.into()]).await
    }

    /// Returns the upload in the first row of a result.
    async fn first(
        &self,
        sql: &str,
        parameters: Vec<Value>,
    ) -> Result<Option<Resumable>, CatalogError> {
        let rows = self.query(sql, parameters).await?;
        let first = rows.into_iter().next();
        first
            .map(|row| read(&mut Columns::new("resumable_uploads", row)))
            .transpose()
    }

    /// Whether an upload is where its completion begins.
    pub(super) async fn may_complete(&self, at: &Position) -> Result<bool, CatalogError> {
        let sql = "SELECT 1 FROM resumable_uploads
            WHERE id = ?1 AND received = ?2 AND completed_at IS NULL";
        let parameters = vec![at.id.as_str().into(), signed(at.received).into()];
        self.exists(sql, parameters).await
    }

    /// Returns why an upload did not grow to `end`: its quota, or `false` if it is elsewhere.
    async fn why_not_grown(
        &self,
        at: &Position,
        end: u64,
        quota: Quota,
    ) -> Result<bool, CatalogError> {
        let Some(known) = self.find_by("id", &at.id).await? else {
            return Ok(false);
        };
        let is_there = known.received == at.received && known.epoch == at.epoch;
        if is_there && known.length.is_none() && known.completed_at.is_none() {
            let kept = super::super::Accounts::usage(self, &known.owner).await?;
            quota.admit_growth(kept.bytes, known.received, end)?;
        }
        Ok(false)
    }
}

/// The first six parameters of a statement with [`MAY_GROW`].
fn position(at: &Position, start: u64, growth: Growth) -> Vec<Value> {
    vec![
        at.id.as_str().into(),
        signed(start).into(),
        signed(at.received).into(),
        signed(at.epoch).into(),
        quota::left(growth.quota.bytes, 0),
        growth.expires_at.into(),
    ]
}

/// Completes a statement with [`MAY_GROW`].
fn growing(sql: &str, end: &str) -> String {
    let bytes = BYTES.replace("?owner", "resumable_uploads.owner");
    sql.replace("?may_grow", MAY_GROW)
        .replace("?end", end)
        .replace("?bytes", &bytes)
}

/// The values of a new upload: [`COLUMNS`] without the last.
fn values(new: &Resumable) -> Vec<Value> {
    vec![
        new.id.as_str().into(),
        new.owner.as_str().into(),
        i64::from(new.is_partial).into(),
        new.image.to_string().into(),
        new.begun_by.as_deref().into(),
        new.terms.as_str().into(),
        signed(new.received).into(),
        new.length
            .map_or(Value::Null, |length| signed(length).into()),
        signed(new.epoch).into(),
        new.created_at.into(),
        new.deadline.into(),
        new.expires_at.into(),
    ]
}

/// Reads [`COLUMNS`].
fn read(row: &mut Columns) -> Result<Resumable, CatalogError> {
    Ok(Resumable {
        id: row.text()?,
        owner: row.text()?,
        is_partial: row.number::<u8>()? != 0,
        image: row.parsed(|text| Uuid::try_parse(text).ok())?,
        begun_by: row.optional_text()?,
        terms: row.text()?,
        received: row.number()?,
        length: row.read(|value| match value {
            Value::Integer(length) => u64::try_from(length).ok().map(Some),
            Value::Null => Some(None),
            _ => None,
        })?,
        epoch: row.number()?,
        created_at: row.time()?,
        deadline: row.time()?,
        expires_at: row.time()?,
        completed_at: row.optional_time()?,
    })
}
