//! Ending uploads: deleting what has arrived of them.

use super::{ResumableError, Service, ServiceError};
use crate::catalog::{CatalogError, Ending, Segment};
use crate::model::BlobId;

impl Service {
    /// Ends an upload at the request of its client. One that is complete is no upload any more,
    /// and its image stays.
    ///
    /// # Errors
    /// [`ResumableError::NotFound`], [`ResumableError::Expired`], and those of the catalog.
    pub async fn end_resumable(&self, id: &str) -> Result<(), ResumableError> {
        self.find_resumable(id).await?;
        match self.drop_resumable(id, Ending::Wanted).await? {
            true => Ok(()),
            false => Err(ResumableError::NotFound),
        }
    }

    /// Deletes an upload, and its bytes after the response. Returns whether it did.
    pub(super) async fn drop_resumable(
        &self,
        id: &str,
        ending: Ending,
    ) -> Result<bool, ServiceError> {
        let segments = self.catalog().segments(id).await?;
        let ended = self.catalog().end_resumable(id, ending).await;
        let look = || async {
            let found = self.catalog().find_resumable(id).await?;
            Ok(found.is_none().then_some(true))
        };
        let ended = self.find_out(ended, look).await?;
        if ended {
            self.delete_segments(segments);
        }
        Ok(ended)
    }

    /// Deletes the bytes of segments that belong to no upload any more, after the response. They
    /// are among the remains until that has been done.
    pub(super) fn delete_segments(&self, segments: Vec<Segment>) {
        if segments.is_empty() {
            return;
        }
        let service = self.clone();
        self.spawn(async move {
            if let Err(left) = service.delete_segments_now(segments).await {
                service.log(&format!("parts of an upload are left to the sweep: {left}"));
            }
        });
    }

    async fn delete_segments_now(&self, segments: Vec<Segment>) -> Result<(), ServiceError> {
        for segment in &segments {
            self.blobs().delete(&segment.blob).await?;
        }
        // Every write of them had been completed, so that nothing can appear later.
        let ids = segments.into_iter().map(|segment| segment.blob.id);
        let ids: Vec<BlobId> = ids.collect();
        Ok(self.catalog().forget_remains(&ids).await?)
    }

    /// Deletes at most `limit` expired uploads. Returns how many there were.
    pub(in crate::service) async fn sweep_resumables(
        &self,
        limit: u32,
    ) -> Result<u32, ServiceError> {
        let now = self.now();
        let expired = self.catalog().expired_resumables(now, limit).await?;
        let mut swept = 0;
        for id in expired {
            let segments = self.catalog().segments(&id).await?;
            if self
                .catalog()
                .end_resumable(&id, Ending::Expired(now))
                .await?
            {
                self.delete_segments_now(segments).await?;
            }
            swept += 1;
        }
        Ok(swept)
    }

    /// Ends all uploads of an owner, whose bytes the sweep deletes. Returns whether there may be
    /// more.
    pub(in crate::service) async fn end_some_resumables(
        &self,
        owner: &str,
        limit: u32,
    ) -> Result<bool, CatalogError> {
        Ok(self.catalog().end_resumables_of(owner, limit).await? == limit)
    }
}
