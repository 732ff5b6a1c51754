//! Blobs of which something may remain.

use super::Suite;
use crate::conformance::{Failure, ensure, ensure_eq};
use crate::model::{BlobId, BlobRef, Timestamp};

impl Suite<'_> {
    /// The remains of this run, whenever they were recorded.
    pub(super) async fn remains(&self) -> Result<Vec<BlobRef>, Failure> {
        let end = Timestamp::from_millis(i64::MAX);
        let remains = self.step("remains", self.catalog.remains(end, 1000).await)?;
        let ours = |blob: &BlobRef| blob.id.as_str().starts_with(&self.lease.id);
        Ok(remains.into_iter().filter(ours).collect())
    }

    pub(super) async fn forget_remains(&self) -> Result<(), Failure> {
        let ids: Vec<BlobId> = self
            .remains()
            .await?
            .into_iter()
            .map(|blob| blob.id)
            .collect();
        let forgotten = self.catalog.forget_remains(&ids).await;
        self.step("forgetting remains", forgotten)?;
        ensure_eq(
            "forgotten remains are not returned",
            self.remains().await?,
            vec![],
        )
    }

    pub(super) async fn forgotten_and_abandoned_blobs_remain_for_a_while(
        &self,
    ) -> Result<(), Failure> {
        let new = self.image("remains", 1, "a")?;
        let blob = new.image.blob.clone();
        self.commit(std::slice::from_ref(&new)).await?;
        let abandoned = BlobRef {
            id: self.image("remains", 2, "b")?.image.blob.id,
            size: 7,
            chunk_size: 3,
        };
        for size in [7, 5] {
            let shorter = BlobRef {
                size,
                ..abandoned.clone()
            };
            let recorded = self.catalog.record_remains(&shorter).await;
            self.step("recording remains", recorded)?;
            let remains = self.remains().await?;
            ensure_eq(
                "the largest recorded size is returned",
                remains,
                vec![abandoned.clone()],
            )?;
        }
        let recorded = self.catalog.record_remains(&blob).await;
        self.step("recording remains", recorded)?;
        for delete in [false, true] {
            if delete {
                self.delete(&new).await?;
            }
            let forgotten = self.catalog.forget_blob(&blob.id).await;
            self.step("forgetting a blob", forgotten)?;
            let remains = self.remains().await?;
            ensure_eq(
                "a blob with a record does not remain",
                remains.contains(&blob),
                delete,
            )?;
        }
        let long_ago = self.catalog.remains(Timestamp::default(), 1000).await;
        let long_ago = self.step("remains", long_ago)?;
        ensure("recent remains are not returned", !long_ago.contains(&blob))?;
        self.forget_remains().await
    }
}
