//! Multipart uploads: one object sent in numbered parts, which appears when it is complete.

use bytes::Bytes;
use http::header::ETAG;
use http::{Method, Response};

use super::client::{Call, CallError, Repeat};
use super::{S3Blobs, xml};
use crate::blobs::BlobError;
use crate::model::BlobId;

/// An upload in progress.
#[derive(Clone)]
pub(super) struct Upload {
    store: S3Blobs,
    key: String,
    id: String,
}

/// Begins an upload of the object of `blob`.
pub(super) async fn begin(store: &S3Blobs, blob: &BlobId) -> Result<Upload, BlobError> {
    let key = store.key(blob);
    let call = Call {
        query: &[("uploads", "")],
        headers: &[("content-type", "application/octet-stream")],
        // Nobody would ever end the first of two uploads.
        repeat: Repeat::IfRefused,
        ..Call::new(Method::POST, Some(&key))
    };
    let answer = store.client.document(&call).await?;
    match answer.first("UploadId").filter(|id| !id.is_empty()) {
        Some(id) => Ok(Upload {
            store: store.clone(),
            id: id.to_owned(),
            key,
        }),
        None => Err(BlobError::store(
            "S3 began an upload without an id".to_owned(),
        )),
    }
}

/// Lists the uploads of `blob`'s object that are neither completed nor aborted.
pub(super) async fn unfinished(store: &S3Blobs, blob: &BlobId) -> Result<Vec<Upload>, BlobError> {
    let key = store.key(blob);
    let call = Call {
        query: &[("uploads", ""), ("prefix", &key)],
        ..Call::new(Method::GET, None)
    };
    let answer = store.client.document(&call).await?;
    if !["Bucket", "Prefix", "IsTruncated"]
        .iter()
        .any(|name| answer.first(name).is_some())
    {
        let other = "S3 sent something other than a list of uploads";
        return Err(BlobError::store(other.to_owned()));
    }
    // Each blob has one writer, so there are always fewer than a page holds.
    let uploads = answer.all("Key").zip(answer.all("UploadId"));
    let own = uploads.filter(|(found, _)| *found == key);
    Ok(own
        .map(|(key, id)| Upload {
            store: store.clone(),
            key: key.to_owned(),
            id: id.to_owned(),
        })
        .collect())
}

/// The entity tag of a stored object. An answer without one has stored nothing.
pub(super) fn entity_tag<B>(answer: &Response<B>) -> Result<String, BlobError> {
    let tag = answer.headers().get(ETAG);
    let tag = tag.and_then(|tag| tag.to_str().ok());
    tag.map(str::to_owned)
        .ok_or_else(|| BlobError::store("S3 accepted bytes without an entity tag".to_owned()))
}

impl Upload {
    /// Sends the part with this number, counted from 1, and returns its entity tag.
    pub(super) async fn send(&self, number: usize, part: Bytes) -> Result<String, BlobError> {
        let call = Call {
            query: &[("partNumber", &number.to_string()), ("uploadId", &self.id)],
            body: part,
            ..Call::new(Method::PUT, Some(&self.key))
        };
        let answer = self.store.client.stream(&call).await?;
        entity_tag(&answer)
    }

    /// Assembles the object from all of its parts, which have these entity tags.
    pub(super) async fn complete(&self, etags: &[String]) -> Result<(), BlobError> {
        let call = Call {
            query: &[("uploadId", &self.id)],
            headers: &[("content-type", "application/xml")],
            body: xml::complete_multipart_upload(etags).into(),
            ..Call::new(Method::POST, Some(&self.key))
        };
        match self.store.client.document(&call).await {
            Ok(answer) if answer.first("ETag").is_some() => Ok(()),
            // It may have been carried out, and its answer lost on the way.
            Ok(_) if self.is_complete().await? => Ok(()),
            Ok(_) => {
                let silent = "S3 did not confirm that an upload is complete";
                Err(BlobError::store(silent.to_owned()))
            }
            Err(CallError::Refused(refusal))
                if refusal.code == "NoSuchUpload" && self.is_complete().await? =>
            {
                Ok(())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Aborts the upload, which deletes its parts.
    pub(super) async fn abort(&self) -> Result<(), BlobError> {
        let call = Call {
            query: &[("uploadId", &self.id)],
            ..Call::new(Method::DELETE, Some(&self.key))
        };
        match self.store.client.stream(&call).await {
            Ok(_) => Ok(()),
            Err(CallError::Refused(refusal)) if refusal.code == "NoSuchUpload" => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    async fn is_complete(&self) -> Result<bool, BlobError> {
        let call = Call::new(Method::HEAD, Some(&self.key));
        match self.store.client.stream(&call).await {
            Ok(_) => Ok(true),
            Err(CallError::Refused(refusal)) if refusal.status.as_u16() == 404 => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}
