//! Deletes what was written and will not be committed, of uploads and of variants: after the
//! response, where the deletion may take long.
//!
//! A write that a store reported as failed may still be carried out. Its blob is recorded
//! before it is deleted, so that the sweep deletes it once more.

use super::intake::Received;
use super::{Service, ServiceError, UploadError};
use crate::blobs::BlobWriter;
use crate::model::BlobRef;

impl Service {
    /// Deletes files that were received and will not be committed, after the response.
    pub(super) fn discard(&self, files: Vec<Received>) {
        self.delete_in_background(files.into_iter().map(|file| file.blob).collect());
    }

    /// Deletes blobs after the response: it may take long, and nobody needs to wait. If a
    /// crash interrupts it, the sweep finds the rest through their lease.
    pub(in crate::service) fn delete_in_background(&self, blobs: Vec<BlobRef>) {
        if blobs.is_empty() {
            return;
        }
        let service = self.clone();
        self.spawn(async move {
            for blob in &blobs {
                if let Err(left) = service.blobs().delete(blob).await {
                    service.log(&format!("blob {} is left to the sweep: {left}", blob.id));
                }
            }
        });
    }

    /// Cleans up after an upload that ended with `error`. If a store has failed, that may take
    /// long and is done after the response.
    pub(super) async fn give_up(&self, writer: Box<dyn BlobWriter>, error: &UploadError) {
        if matches!(error, UploadError::Service(_)) {
            let service = self.clone();
            self.spawn(async move { service.delete_written(writer).await });
        } else {
            self.delete_written(writer).await;
        }
    }

    /// Deletes what a writer has written.
    pub(in crate::service) async fn delete_written(&self, writer: Box<dyn BlobWriter>) {
        let deleted = async {
            let Some(remains) = writer.abort().await? else {
                return Ok::<(), ServiceError>(());
            };
            // Recorded first: otherwise a chunk that is written after its deletion would be
            // the only
            // one, without any record of it.
            self.catalog().record_remains(&remains).await?;
            Ok(self.blobs().delete(&remains).await?)
        };
        if let Err(left) = deleted.await {
            self.log(&format!("what was written is left to the sweep: {left}"));
        }
    }
}
