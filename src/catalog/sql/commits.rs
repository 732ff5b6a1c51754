//! Commits in SQL: one statement that inserts all images, or none.
//!
//! Each image is a row of parameters, joined with the blob of equal content that its
//! owner may already have; the triggers of `migrations/` do everything that follows.

use std::collections::HashMap;
use std::fmt::Write as _;

use async_trait::async_trait;
use uuid::Uuid;

use super::resumables::CompletionRow;
use super::{Columns, Conflict, Database, Dialect, SqlCatalog, Value, json, keys, quota};
use crate::catalog::{CatalogError, Commits, NewImage};
use crate::model::{BlobRef, Quota, Timestamp, Traits};

/// How often a commit is tried if it does nothing and no reason can be found.
const ATTEMPTS: u32 = 3;

/// The values of a new image: the columns of `new` in the statement.
const COLUMNS: [&str; 24] = [
    "id",
    "owner",
    "lease",
    "blob_id",
    "chunk_size",
    "size",
    "sha256",
    "original_sha256",
    "content_type",
    "width",
    "height",
    "frames",
    "orientation",
    "has_alpha",
    "has_standard_colours",
    "has_metadata",
    "filename",
    "visibility",
    "tags",
    "metadata",
    "ticket",
    "answered",
    "completes",
    "created_at",
];

/// The values of [`COLUMNS`].
fn values(new: &NewImage) -> Result<[Value; COLUMNS.len()], CatalogError> {
    let image = &new.image;
    let answered = new.answer.as_ref().map(keys::AnswerRow::from);
    let completes = new.completes.as_ref().map(CompletionRow::from);
    let trait_of = |read: fn(Traits) -> u8| -> Value {
        let value = image.traits.map(read);
        value.map_or(Value::Null, |value| i64::from(value).into())
    };
    Ok([
        image.id.to_string().into(),
        image.owner.as_str().into(),
        new.lease.as_str().into(),
        image.blob.id.as_str().into(),
        i64::from(image.blob.chunk_size).into(),
        i64::try_from(image.blob.size).unwrap_or(i64::MAX).into(),
        image.sha256.to_string().into(),
        image.original_sha256.to_string().into(),
        image.kind.media_type().into(),
        i64::from(image.width).into(),
        i64::from(image.height).into(),
        i64::from(image.frames).into(),
        trait_of(|traits| traits.orientation),
        trait_of(|traits| traits.has_alpha.into()),
        trait_of(|traits| traits.has_standard_colours.into()),
        trait_of(|traits| traits.has_metadata.into()),
        image.filename.as_deref().into(),
        image.visibility.as_str().into(),
        json(&image.tags)?,
        json(&image.metadata)?,
        image.ticket.as_deref().into(),
        answered.map_or(Ok(Value::Null), |answered| json(&answered))?,
        completes.map_or(Ok(Value::Null), |completes| json(&completes))?,
        image.created_at.into(),
    ])
}

/// Returns the statement for this many images. Its parameters are the time, the result of
/// [`quota::room`], and the [`values`] of each image.
pub(super) fn statement(dialect: Dialect, images: usize) -> String {
    // PostgreSQL knows the types of parameters by the row type.
    let row = dialect.pick("", "ROW");
    let end = dialect.pick(")", ")::darkroom_new_image_v1");
    let mut rows = String::new();
    for number in 0..images * COLUMNS.len() {
        let before = match number % COLUMNS.len() {
            0 if number == 0 => format!("{row}("),
            0 => format!("{end}, {row}("),
            _ => ", ".to_owned(),
        };
        // Writing to a string cannot fail.
        let _ = write!(rows, "{before}?{}", number + 5);
    }
    if dialect == Dialect::Postgres {
        return format!("SELECT * FROM darkroom_commit_v1(?1, ?2, ?3, ?4, ARRAY[{rows}{end}])");
    }
    let [kept_images, kept_bytes] =
        [quota::IMAGES, quota::BYTES].map(|kept| kept.replace("?owner", "?2"));
    let [freed_images, freed_bytes] = [quota::FREED_IMAGES, quota::FREED_BYTES]
        .map(|freed| freed.replace("?completed", "SELECT completes FROM new"));
    format!(
        "INSERT INTO images (id, owner, blob_id, chunk_size, size, sha256, original_sha256,
            content_type, width, height, frames, orientation, has_alpha, has_standard_colours,
            has_metadata, filename, sort_name, visibility, tags, metadata, ticket,
            answered, completes, created_at, updated_at)
        WITH new ({}) AS (VALUES {rows}))
        SELECT new.id, new.owner, coalesce(known.id, new.blob_id),
            coalesce(known.chunk_size, new.chunk_size), new.size, new.sha256, new.original_sha256,
            new.content_type, new.width, new.height, new.frames, new.orientation, new.has_alpha,
            new.has_standard_colours, new.has_metadata,
            new.filename, coalesce(new.filename, ''), new.visibility, new.tags, new.metadata,
            new.ticket, new.answered, new.completes, new.created_at, new.created_at
        FROM new
        LEFT JOIN blobs AS known
            ON known.owner = new.owner AND known.sha256 = new.sha256 AND known.refs > 0
        WHERE NOT EXISTS (
            SELECT 1 FROM new AS other LEFT JOIN leases ON leases.id = other.lease
            WHERE leases.expires_at IS NULL OR leases.expires_at <= ?1)
        AND {kept_images} - {freed_images} <= ?3 AND {kept_bytes} - {freed_bytes} <= ?4
        RETURNING id, blob_id, size, chunk_size",
        COLUMNS.join(", ")
    )
}

#[async_trait]
impl<D: Database> Commits for SqlCatalog<D> {
    async fn commit(
        &self,
        images: &[NewImage],
        quota: Quota,
        now: Timestamp,
    ) -> Result<Vec<BlobRef>, CatalogError> {
        if images.is_empty() {
            return Ok(Vec::new());
        }
        for _ in 0..ATTEMPTS {
            let committed = self.try_commit(images, quota, now).await?;
            if let Some(blobs) = committed {
                return Ok(blobs);
            }
            if let Some(refusal) = self.why_refused(images, quota, now).await? {
                return Err(refusal);
            }
            // The reason is gone: something was deleted in between.
        }
        let message =
            "a commit was refused several times, each time for a reason that could not be found";
        Err(CatalogError::database(message))
    }
}

impl<D: Database> SqlCatalog<D> {
    /// Runs the statement. `None` if it did nothing.
    async fn try_commit(
        &self,
        images: &[NewImage],
        quota: Quota,
        now: Timestamp,
    ) -> Result<Option<Vec<BlobRef>>, CatalogError> {
        let mut parameters = vec![now.into()];
        parameters.extend(quota::room(images, quota));
        for new in images {
            parameters.extend(values(new)?);
        }
        let returned = self
            .query(&statement(self.dialect, images.len()), parameters)
            .await
            .map_err(|error| from_constraint(error, images))?;
        let blobs: HashMap<Uuid, BlobRef> = returned
            .into_iter()
            .map(|row| {
                let mut row = Columns::new("images", row);
                Ok((row.uuid()?, row.blob()?))
            })
            .collect::<Result<_, CatalogError>>()?;
        let of = |new: &NewImage| blobs.get(&new.image.id).cloned();
        Ok(images.iter().map(of).collect())
    }
}

/// Returns the reason why a trigger or an index refused a statement.
fn from_constraint(error: CatalogError, images: &[NewImage]) -> CatalogError {
    match Conflict::of(&error) {
        Some(Conflict::TicketRevoked) => CatalogError::TicketRevoked,
        Some(Conflict::TicketSpent) => CatalogError::TicketSpent,
        Some(Conflict::ClaimLost) => CatalogError::ClaimLost,
        Some(Conflict::UploadMoved) => CatalogError::UploadMoved,
        // The upload was completed by another request with the same bytes.
        Some(Conflict::ImageExists) if images.iter().any(|new| new.completes.is_some()) => {
            CatalogError::UploadMoved
        }
        Some(Conflict::ImageExists | Conflict::ColumnExists) | None => error,
    }
}
