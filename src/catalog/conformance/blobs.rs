//! Records of blobs: the dead blobs, and all blobs page by page.

use super::Suite;
use crate::catalog::{BlobEntry, BlobRecord};
use crate::conformance::{Failure, ensure, ensure_eq};
use crate::model::Timestamp;

impl Suite<'_> {
    pub(super) async fn dead_blobs_stay_dead(&self) -> Result<(), Failure> {
        let first = self.image("dead", 1, "a")?;
        let second = self.image("dead", 2, "a")?;
        self.commit(std::slice::from_ref(&first)).await?;
        self.delete(&first).await?;
        let blobs = self.commit(std::slice::from_ref(&second)).await?;
        ensure_eq(
            "a dead blob is not revived",
            blobs,
            vec![second.image.blob.clone()],
        )?;
        let forgotten = self.catalog.forget_blob(&second.image.blob.id).await;
        self.step("forgetting a live blob", forgotten)?;
        self.delete(&second).await?;
        let both = vec![first.image.blob.id.clone(), second.image.blob.id.clone()];
        let mut dead = self.dead().await?;
        dead.sort_by(|a, b| a.as_str().cmp(b.as_str()));
        ensure_eq("a live blob is not forgotten", dead, both)?;
        let long_ago = self
            .catalog
            .dead_blobs(Timestamp::from_millis(1000), 1000)
            .await;
        let ours = self.step("dead blobs", long_ago)?;
        let ours = ours
            .iter()
            .any(|blob| blob.id.as_str().starts_with(&self.lease.id));
        ensure("a blob that died recently is not returned", !ours)?;
        self.forget_dead().await
    }

    pub(super) async fn every_recorded_blob_is_returned_once(&self) -> Result<(), Failure> {
        let mut images = Vec::new();
        for number in 1..=5 {
            images.push(self.image("recorded", number, &format!("content {number}"))?);
        }
        self.commit(&images).await?;
        let mut expected: Vec<BlobEntry> = images
            .iter()
            .map(|new| BlobEntry {
                id: new.image.blob.id.to_string(),
                record: Ok(BlobRecord {
                    blob: new.image.blob.clone(),
                    sha256: new.image.sha256,
                    refs: 1,
                    died_at: None,
                }),
                uses: 1,
            })
            .collect();
        expected.sort_by(|one, other| one.id.cmp(&other.id));
        // Others may have blobs in the same catalog: those of this run are adjacent.
        let mut returned = Vec::new();
        let mut after = format!("{}.", self.lease.id);
        while returned.len() < expected.len() {
            let page = self.catalog.blobs_after(&after, 2).await;
            let page = self.step("a page of blobs", page)?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            returned.extend(page);
        }
        returned.truncate(expected.len());
        ensure_eq("every recorded blob is returned once", returned, expected)?;
        let id = images[0].image.blob.id.clone();
        for (delete, known) in [(false, true), (true, true)] {
            if delete {
                self.delete(&images[0]).await?;
            }
            ensure_eq(
                "dead blobs are recorded",
                self.catalog.is_recorded(&id).await,
                Ok(known),
            )?;
        }
        self.step("forgetting a blob", self.catalog.forget_blob(&id).await)?;
        ensure_eq(
            "forgotten blobs are not recorded",
            self.catalog.is_recorded(&id).await,
            Ok(false),
        )?;
        for image in &images[1..] {
            self.delete(image).await?;
            let forgotten = self.catalog.forget_blob(&image.image.blob.id).await;
            self.step("forgetting a blob", forgotten)?;
        }
        self.forget_remains().await
    }
}
