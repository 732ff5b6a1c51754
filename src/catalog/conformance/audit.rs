//! Audits: sound records are reported as sound, and repairs do not change them. The repair
//! of damaged records is tested where they can be damaged.

use super::Suite;
use crate::catalog::{BlobEntry, BlobRecord, ImageCheck, NewImage};
use crate::conformance::{Failure, ensure, ensure_eq};

impl Suite<'_> {
    pub(super) async fn audits_return_every_record(&self) -> Result<(), Failure> {
        let first = self.image("audit", 1, "a")?;
        let mut same = self.image("audit", 2, "a")?;
        same.image.blob = first.image.blob.clone();
        let gone = self.image("audit", 3, "b")?;
        self.commit(&[first.clone(), same.clone(), gone.clone()])
            .await?;
        self.delete(&gone).await?;
        self.audited(&[&first, &same], &[(&first, 2), (&gone, 0)])
            .await?;
        for image in [&first, &gone] {
            let id = image.image.blob.id.as_str();
            self.step("a recount", self.catalog.recount_blob(id).await)?;
        }
        let recorded = self.catalog.record_blob(&first.image.id.to_string()).await;
        self.step("recording a blob", recorded)?;
        self.audited(&[&first, &same], &[(&first, 2), (&gone, 0)])
            .await?;
        let blob = first.image.blob.id.as_str();
        let all = self.catalog.images_of(blob, 9).await;
        let ids = vec![first.image.id.to_string(), same.image.id.to_string()];
        ensure_eq("a blob's images", all, Ok(ids.clone()))?;
        let one = self.catalog.images_of(blob, 1).await;
        ensure_eq("no more images than requested", one, Ok(ids[..1].to_vec()))?;
        let deleted = self.catalog.delete_images_of(blob).await;
        self.step("deleting a blob's images", deleted)?;
        self.audited(&[], &[(&first, 0), (&gone, 0)]).await?;
        self.forget_dead().await
    }

    /// Checks that audits report these images as sound, and these blobs with this many images.
    async fn audited(
        &self,
        images: &[&NewImage],
        blobs: &[(&NewImage, u64)],
    ) -> Result<(), Failure> {
        let mut found = Vec::new();
        let mut after = String::new();
        loop {
            let page = self.catalog.check_images(&after, 1).await;
            let page = self.step("a page of an audit", page)?;
            let Some(last) = page.last() else { break };
            ensure("each page makes progress", last.id > after)?;
            after.clone_from(&last.id);
            found.extend(page);
        }
        let mut expected = images.iter().map(|new| ImageCheck {
            id: new.image.id.to_string(),
            fault: None,
        });
        let all = expected.all(|check| found.contains(&check));
        ensure("every image is found sound", all)?;
        let before = format!("{}.", self.lease.id);
        let checks = self.catalog.blobs_after(&before, 1000).await;
        let checks = self.step("a page of an audit", checks)?;
        let ours = checks
            .into_iter()
            .filter(|check| check.id.starts_with(&before));
        let mut ours: Vec<BlobEntry> = ours.collect();
        for check in &mut ours {
            let record = check.record.as_mut().ok();
            ensure(
                "a record counts the blob's images",
                record
                    .as_ref()
                    .is_some_and(|record| record.agrees_with(check.uses)),
            )?;
            if let Some(record) = record {
                record.died_at = None;
            }
        }
        let expected = blobs.iter().map(|(new, images)| BlobEntry {
            id: new.image.blob.id.to_string(),
            record: Ok(BlobRecord {
                blob: new.image.blob.clone(),
                sha256: new.image.sha256,
                refs: *images,
                died_at: None,
            }),
            uses: *images,
        });
        ensure_eq("every blob is returned", ours, expected.collect())
    }
}
