//! Moving blobs from the previous store to the current one, in bounded steps.

use super::{Service, ServiceError};
use crate::blobs::{BlobError, MoveError, Moved, MovingBlobs};
use crate::catalog::{BlobRecord, CatalogError};
use crate::model::BlobId;

/// The most bytes that one step moves, except that the last blob may exceed it.
const BYTES_PER_STEP: u64 = 64 << 20;

/// The result of a step.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Migrated {
    /// How many blobs were moved, and their bytes.
    pub moved: u64,
    /// The sum of their lengths.
    pub moved_bytes: u64,
    /// How many were not in the previous store.
    pub moved_before: u64,
    /// The blobs that cannot be moved because they are damaged, and the damage.
    pub damaged: Vec<(BlobId, String)>,
    /// The last blob of the step; `None` if there are no more.
    pub next: Option<BlobId>,
}

/// The move of blobs from one store to another, while a service serves from both.
pub struct Migration {
    service: Service,
    blobs: MovingBlobs,
}

impl Migration {
    /// Creates the migration for `service`, whose blob store is `blobs`.
    pub fn new(service: Service, blobs: MovingBlobs) -> Self {
        Self { service, blobs }
    }

    /// Performs one bounded step: moves at most `limit` of the blobs that follow `after` in
    /// the order of ids. If a store fails, the step ends; blobs already moved stay moved.
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
        // A blob that has been swept by now is not written again. A blob that is swept later
        // is deleted once more after the last write of this move has completed.
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
            // It was deleted meanwhile: nothing is lost, and the sweep deletes it in both
            // stores.
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
