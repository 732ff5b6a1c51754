//! Blobs that have a record, read page by page.

use super::Suite;
use crate::catalog::{BlobEntry, BlobRecord};
use crate::conformance::{Failure, ensure_eq};

impl Suite<'_> {
    pub(super) async fn every_recorded_blob_is_told_once(&self) -> Result<(), Failure> {
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
                images: 1,
            })
            .collect();
        expected.sort_by(|one, other| one.id.cmp(&other.id));
        // Others may have blobs in the same catalog: ours lie next to each other.
        let mut told = Vec::new();
        let mut after = format!("{}.", self.lease.id);
        while told.len() < expected.len() {
            let page = self.catalog.blobs_after(&after, 2).await;
            let page = self.step("a page of blobs", page)?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.id);
            told.extend(page);
        }
        told.truncate(expected.len());
        ensure_eq("every recorded blob is told once", told, expected)?;
        let id = images[0].image.blob.id.clone();
        for (delete, known) in [(false, true), (true, true)] {
            if delete {
                self.delete(&images[0]).await?;
            }
            ensure_eq(
                "dead blobs are known",
                self.catalog.is_recorded(&id).await,
                Ok(known),
            )?;
        }
        self.step("forgotten", self.catalog.forget_blob(&id).await)?;
        ensure_eq(
            "forgotten blobs are not",
            self.catalog.is_recorded(&id).await,
            Ok(false),
        )?;
        for image in &images[1..] {
            self.delete(image).await?;
            let forgotten = self.catalog.forget_blob(&image.image.blob.id).await;
            self.step("forgotten", forgotten)?;
        }
        self.forget_remains().await
    }
}
