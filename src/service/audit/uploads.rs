//! The audit of resumable uploads: whether everything that they have received is there.

use futures_util::TryStreamExt as _;

use super::{Audit, AuditPage, BYTES_PER_PAGE, Finding, Place, to_usize};
use crate::blobs::BlobError;
use crate::catalog::{Ending, Resumable};
use crate::service::{Service, ServiceError};

impl Service {
    pub(super) async fn audit_uploads(
        &self,
        audit: &Audit,
        after: &str,
        page: &mut AuditPage,
    ) -> Result<(), ServiceError> {
        let uploads = self.catalog().resumables_after(after, audit.limit).await?;
        let is_last = uploads.len() < to_usize(audit.limit);
        let mut left = uploads.into_iter();
        for upload in left.by_ref() {
            page.uploads += u64::from(upload.completed_at.is_none());
            page.next = Some(Place::Uploads(upload.id.clone()));
            self.audit_upload(audit, &upload, page).await?;
            if page.bytes >= BYTES_PER_PAGE {
                break;
            }
        }
        if is_last && left.next().is_none() {
            page.next = Some(Place::Counts);
        }
        Ok(())
    }

    async fn audit_upload(
        &self,
        audit: &Audit,
        upload: &Resumable,
        page: &mut AuditPage,
    ) -> Result<(), ServiceError> {
        if upload.completed_at.is_some() {
            return Ok(());
        }
        let Some(damage) = self.damage_of_upload(upload, page).await? else {
            return Ok(());
        };
        // It may have been continued or have ended in the meantime. The id of an upload is for
        // its client alone, so a finding names the image that it would become.
        let now = self.catalog().find_resumable(&upload.id).await?;
        if now.is_none_or(|now| now.received != upload.received || now.completed_at.is_some()) {
            return Ok(());
        }
        let mut finding = Finding::damaged_upload(&upload.image.to_string(), damage);
        if audit.remove_damaged {
            finding.repaired = self
                .catalog()
                .end_resumable(&upload.id, Ending::Refused)
                .await?;
        }
        page.findings.push(finding);
        Ok(())
    }

    /// Reads all that an upload has received, and describes the damage, if any.
    async fn damage_of_upload(
        &self,
        upload: &Resumable,
        page: &mut AuditPage,
    ) -> Result<Option<String>, ServiceError> {
        let mut end = 0;
        for segment in self.catalog().segments(&upload.id).await? {
            if segment.start != end {
                return Ok(Some(format!(
                    "bytes {end} to {} are missing",
                    segment.start
                )));
            }
            end = segment.end();
            let blob = &segment.blob;
            page.bytes += blob.size;
            let read = async {
                let mut bytes = self.blobs().read(blob, 0..blob.size).await?;
                while bytes.try_next().await?.is_some() {}
                Ok(())
            };
            match read.await {
                Ok(()) => {}
                Err(error @ BlobError::Store(_)) => return Err(error.into()),
                Err(damage) => return Ok(Some(damage.to_string())),
            }
        }
        end += self.catalog().tail(&upload.id).await?.len() as u64;
        let received = upload.received;
        Ok((end != received)
            .then(|| format!("the upload has received {received} bytes, and {end} are there")))
    }
}
