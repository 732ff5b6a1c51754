//! Blobs in a bucket of any server that implements Amazon S3's protocol.
//!
//! A blob is one object, whose key is the prefix and the blob's id. Its content is the
//! blob's chunks, each followed by its [`seal`](super::seal), so that every range can be
//! checked by itself. Read Darkroom's objects only through Darkroom.
//!
//! Writing: an object of at most one part is sent by one PUT, a larger one by a multipart
//! upload, with one part in flight while the next one fills. An object never appears before
//! it is complete. Reading: one GET for every run of chunks, streamed; if it breaks off,
//! another GET continues after the last good chunk.
//!
//! Requests that are safe to repeat are repeated after a delay if the server is busy or
//! does not answer (`client.rs`). An answer counts as a success only if it says what S3
//! itself would say, because a proxy in between may answer instead of S3.
//!
//! The key needs the permissions `s3:GetObject`, `s3:PutObject`, `s3:DeleteObject`,
//! `s3:AbortMultipartUpload`, `s3:ListBucketMultipartUploads` and `s3:ListBucket` (without
//! the last one, a missing object looks like a forbidden one).

mod client;
mod config;
mod multipart;
mod read;
pub mod sign;
mod span;
mod writer;
mod xml;

use std::ops::Range;
use std::sync::Arc;

use async_trait::async_trait;
use http::{Method, StatusCode};

use super::{BlobError, BlobStore, BlobWriter, ByteStream, check_ranges};
use crate::model::{BlobId, BlobRef};
use crate::platform::HttpClient;
use client::{Call, CallError, Client};

pub use config::{Endpoint, S3Config, Secret};

/// A [`BlobStore`] in a bucket. Clones share the client.
#[derive(Clone)]
pub struct S3Blobs {
    client: Arc<Client>,
    chunk_size: u32,
}

impl S3Blobs {
    /// Creates a store that seals new blobs in chunks of `chunk_size` bytes (at least 1).
    /// Existing blobs keep the size that their [`BlobRef`] records.
    pub fn new(config: S3Config, http: Arc<dyn HttpClient>, chunk_size: u32) -> Self {
        Self {
            client: Arc::new(Client::new(config, http)),
            chunk_size: chunk_size.max(1),
        }
    }

    fn key(&self, id: &BlobId) -> String {
        format!("{}{id}", self.client.prefix())
    }

    async fn delete_object(&self, id: &BlobId) -> Result<(), BlobError> {
        let key = self.key(id);
        let call = Call::new(Method::DELETE, Some(&key));
        match self.client.stream(&call).await {
            Ok(_) => Ok(()),
            // Some servers report an error when the object does not exist.
            Err(CallError::Refused(refusal)) if refusal.code == "NoSuchKey" => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

#[async_trait]
impl BlobStore for S3Blobs {
    fn create(&self, id: BlobId, size_hint: Option<u64>) -> Box<dyn BlobWriter> {
        Box::new(writer::S3Writer::new(
            self.clone(),
            id,
            self.chunk_size,
            size_hint,
        ))
    }

    fn rewrite(&self, blob: &BlobRef) -> Box<dyn BlobWriter> {
        // Has an upload of its own, so that aborting it affects no other.
        Box::new(writer::S3Writer::new(
            self.clone(),
            blob.id.clone(),
            blob.chunk_size.max(1),
            Some(blob.size),
        ))
    }

    async fn read_ranges(
        &self,
        blob: &BlobRef,
        ranges: &[Range<u64>],
    ) -> Result<ByteStream, BlobError> {
        check_ranges(blob, ranges)?;
        read::read(self.clone(), blob.clone(), ranges).await
    }

    async fn delete(&self, blob: &BlobRef) -> Result<(), BlobError> {
        self.delete_object(&blob.id).await
    }

    async fn delete_remains(&self, id: &BlobId) -> Result<(), BlobError> {
        for upload in multipart::unfinished(self, id).await? {
            upload.abort().await?;
        }
        self.delete_object(id).await
    }

    async fn check(&self) -> Result<(), BlobError> {
        let key = format!("{}probe", self.client.prefix());
        let call = Call::new(Method::GET, Some(&key));
        match self.client.stream(&call).await {
            Ok(_) => Ok(()),
            Err(CallError::Refused(refusal)) if is_absent(&refusal) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether the object is missing, as opposed to its bucket.
fn is_absent(refusal: &client::Refusal) -> bool {
    refusal.status == StatusCode::NOT_FOUND && refusal.code == "NoSuchKey"
}

#[cfg(test)]
mod tests;
