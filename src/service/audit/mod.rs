//! The audit: checks whether every record agrees with the other records and with the
//! bytes, and repairs what can be repaired.
//!
//! It goes page by page through all images, then through all blobs, whose bytes it reads
//! and hashes, then through all resumable uploads, and finally checks the counts. It may run beside everything else: a finding
//! was true at one moment, and a repair is correct at any moment.

mod place;
mod report;
mod uploads;

use futures_util::TryStreamExt as _;
use uuid::Uuid;

use super::verify::verified;
use super::{Service, ServiceError};
use crate::blobs::BlobError;
use crate::catalog::{BlobEntry, BlobRecord, ImageCheck, ImageFault};

pub use place::Place;
pub use report::{AuditPage, Fault, Finding, Remedy};

/// A page ends once this many bytes have been read.
const BYTES_PER_PAGE: u64 = 64 << 20;
/// The most images of a damaged blob that a finding names.
const IMAGES_NAMED: u32 = 100;

/// What an audit should do.
#[derive(Clone, Debug)]
pub struct Audit {
    /// Where the page begins.
    pub from: Place,
    /// The most records on the page.
    pub limit: u32,
    /// Whether to make the repairs that lose nothing.
    pub repair: bool,
    /// Whether to delete images whose bytes are missing or do not match.
    pub remove_damaged: bool,
}

impl Service {
    /// Performs one page of an audit.
    pub async fn audit(&self, audit: &Audit) -> Result<AuditPage, ServiceError> {
        let mut page = AuditPage::default();
        match &audit.from {
            Place::Images(after) => self.audit_images(audit, after, &mut page).await?,
            Place::Blobs(after) => self.audit_blobs(audit, after, &mut page).await?,
            Place::Uploads(after) => self.audit_uploads(audit, after, &mut page).await?,
            Place::Counts => self.audit_counts(audit, &mut page).await?,
        }
        Ok(page)
    }

    async fn audit_images(
        &self,
        audit: &Audit,
        after: &str,
        page: &mut AuditPage,
    ) -> Result<(), ServiceError> {
        let checks = self.catalog().check_images(after, audit.limit).await?;
        for check in &checks {
            page.images += 1;
            if let Some(fault) = check.fault {
                page.findings.push(self.settle(audit, check, fault).await?);
            }
        }
        let is_last = checks.len() < to_usize(audit.limit);
        page.next = Some(match checks.into_iter().next_back() {
            Some(last) if !is_last => Place::Images(last.id),
            _ => Place::Blobs(String::new()),
        });
        Ok(())
    }

    /// Reports an image whose record is wrong, and repairs the record where asked.
    async fn settle(
        &self,
        audit: &Audit,
        check: &ImageCheck,
        fault: ImageFault,
    ) -> Result<Finding, ServiceError> {
        let mut finding = Finding::of_image(&check.id, fault);
        match (fault, Uuid::try_parse(&check.id)) {
            (ImageFault::Unrecorded, _) if audit.repair => {
                self.catalog().record_blob(&check.id).await?;
                finding.repaired = true;
            }
            (ImageFault::Variant, Ok(id)) if audit.repair => {
                self.catalog().delete_variants(id, None).await?;
                finding.repaired = true;
            }
            (ImageFault::Contradicted, Ok(id)) if audit.remove_damaged => {
                self.catalog().delete(id, None, None).await?;
                finding.repaired = true;
            }
            _ => {}
        }
        Ok(finding)
    }

    async fn audit_blobs(
        &self,
        audit: &Audit,
        after: &str,
        page: &mut AuditPage,
    ) -> Result<(), ServiceError> {
        let entries = self.catalog().blobs_after(after, audit.limit).await?;
        let is_last = entries.len() < to_usize(audit.limit);
        let mut left = entries.into_iter();
        for entry in left.by_ref() {
            page.blobs += 1;
            self.audit_blob(audit, &entry, page).await?;
            page.next = Some(Place::Blobs(entry.id));
            if page.bytes >= BYTES_PER_PAGE {
                break;
            }
        }
        if is_last && left.next().is_none() {
            page.next = Some(Place::Uploads(String::new()));
        }
        Ok(())
    }

    async fn audit_counts(&self, audit: &Audit, page: &mut AuditPage) -> Result<(), ServiceError> {
        let miscounts = self.catalog().miscounts(audit.limit).await?;
        let repaired = audit.repair && !miscounts.is_empty();
        if repaired {
            self.catalog().recount_usage().await?;
        }
        page.findings
            .extend(miscounts.iter().map(|miscount| Finding {
                repaired,
                ..Finding::wrong_usage(miscount)
            }));
        Ok(())
    }

    async fn audit_blob(
        &self,
        audit: &Audit,
        entry: &BlobEntry,
        page: &mut AuditPage,
    ) -> Result<(), ServiceError> {
        let Ok(record) = &entry.record else {
            page.findings.push(Finding::unreadable_blob(&entry.id));
            return Ok(());
        };
        if !record.agrees_with(entry.uses) {
            let mut finding = Finding::wrong_count(record, entry.uses);
            if audit.repair {
                self.catalog().recount_blob(&entry.id).await?;
                finding.repaired = true;
            }
            page.findings.push(finding);
        }
        if entry.uses == 0 {
            page.dead += 1;
            return Ok(());
        }
        page.bytes += record.blob.size;
        if let Some(damage) = self.damage(record).await? {
            self.settle_damage(audit, record, damage, page).await?;
        }
        Ok(())
    }

    /// Reports a blob whose bytes are damaged, and deletes what refers to it where asked: to
    /// delete a variant is a repair, because it can be made again.
    async fn settle_damage(
        &self,
        audit: &Audit,
        record: &BlobRecord,
        damage: String,
        page: &mut AuditPage,
    ) -> Result<(), ServiceError> {
        let blob = record.blob.id.as_str();
        let images = self.catalog().images_of(blob, IMAGES_NAMED).await?;
        // If the last image has been deleted by now, the bytes may be gone as well.
        if images.is_empty() {
            return Ok(());
        }
        let mut finding = Finding::damaged(record, images, damage);
        if audit.remove_damaged {
            self.catalog().delete_images_of(blob).await?;
            finding.repaired = true;
        } else if audit.repair {
            self.catalog().delete_variants_of(blob).await?;
            finding.repaired = self.catalog().images_of(blob, 1).await?.is_empty();
        }
        page.findings.push(finding);
        Ok(())
    }

    /// Reads all bytes of a blob and describes the damage, if any.
    async fn damage(&self, record: &BlobRecord) -> Result<Option<String>, ServiceError> {
        let read = async {
            let bytes = self.blobs().read(&record.blob, 0..record.blob.size).await?;
            let mut bytes = verified(bytes, record.blob.id.clone(), record.sha256);
            while bytes.try_next().await?.is_some() {}
            Ok(())
        };
        match read.await {
            Ok(()) => Ok(None),
            Err(error @ BlobError::Store(_)) => Err(error.into()),
            Err(damage) => Ok(Some(damage.to_string())),
        }
    }
}

fn to_usize(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[cfg(all(test, not(target_family = "wasm")))]
mod tests;
