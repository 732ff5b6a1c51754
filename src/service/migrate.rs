//! Moving blobs from the previous store to the current one, in bounded steps.

use super::{Service, ServiceError};
use crate::blobs::{BlobError, MoveError, Moved, MovingBlobs};
use crate::catalog::{BlobRecord, CatalogError};
use crate::model::BlobId;

/// The most bytes that one step moves, but for the blob that passes it.
const BYTES_PER_STEP: u64 = 64 << 20;

/// What a step did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// How many blobs were moved, and their bytes.
    pub moved: u64,
    /// The sum of their lengths.
    pub moved_bytes: u64,
    /// How many were not in the previous store.
    pub moved_before: u64,
    /// Those that cannot be moved because they are damaged, and how.
    pub damaged: Vec<(BlobId, String)>,
    /// The last blob of the step; `None` where there are no more.
    pub next: Option<BlobId>,
}

/// The move of blobs from one store to another, while a service serves from both.
pub struct Migration {
    service: Service,
    blobs: MovingBlobs,
}

impl Migration {
    /// The move of the blobs of `service`, whose store is `blobs`.
    pub fn new(service: Service, blobs: MovingBlobs) -> Self {
        Self { service, blobs }
    }

    /// One bounded step: of the blobs after `after`, in the order of their ids, it
    /// moves at most `limit`. A failing store ends it; what was moved stays so.
    pub async fn step(&self, after: &str, limit: u32) -> Result<Migrated, ServiceError> {
        let mut done = Migrated::default();
        let page = self.service.catalog().blobs_after(after, limit).await?;
        let records = page.into_iter().map(|entry| entry.record);
        let page: Vec<BlobRecord> = records.collect::<Result<_, CatalogError>>()?;
        let is_full = u64::from(limit) <= page.len() as u64;
        let Some(last) = page.last().map(|recorded| recorded.blob.id.clone()) else {
            return Ok(done);
        };
        for recorded in page {
            self.migrate_blob(&recorded, &mut done).await?;
            if done.moved_bytes >= BYTES_PER_STEP && recorded.blob.id != last {
                done.next = Some(recorded.blob.id);
                return Ok(done);
            }
        }
        done.next = is_full.then_some(last);
        Ok(done)
    }

    async fn migrate_blob(
        &self,
        recorded: &BlobRecord,
        done: &mut Migrated,
    ) -> Result<(), ServiceError> {
        let blob = &recorded.blob;
        let service = &self.service;
        // What is swept by now is not written again. What is swept from here on is deleted
        // once more when the last write of this move has landed.
        let until = service.now().plus_millis(service.lease_term().write);
        if !service.catalog().is_recorded(&blob.id).await? {
            return Ok(());
        }
        let may_write = || service.now() < until;
        match self
            .blobs
            .move_over(blob, &recorded.sha256, &may_write)
            .await
        {
            Ok(Moved::Now) => {
                done.moved += 1;
                done.moved_bytes += blob.size;
            }
            Ok(Moved::Before) => done.moved_before += 1,
            Err(MoveError::Blobs(error @ (BlobError::Store(_) | BlobError::OutOfRange { .. }))) => {
                return Err(error.into());
            }
            // It was deleted meanwhile: then it is no loss, and swept wherever it is.
            Err(_)
                if service
                    .catalog()
                    .images_of(blob.id.as_str(), 1)
                    .await?
                    .is_empty() => {}
            Err(error) => {
                service.log(&format!("blob {} was not moved: {error}", blob.id));
                done.damaged.push((blob.id.clone(), error.to_string()));
            }
        }
        Ok(())
    }
}
