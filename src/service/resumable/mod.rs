//! Resumable uploads: a file that arrives in as many requests as it takes.
//!
//! 1. [`Service::begin_resumable`] records the terms, and reserves the file's length in its
//!    owner's quota. From then on, whoever knows the id may continue the upload.
//! 2. [`Service::append`], once per piece. The bytes are gathered in memory until a chunk is full.
//!    Full chunks are written as they arrive into a blob of their own, a segment, which one
//!    statement of the catalog adds to the upload. What is left of a piece, less than a chunk, is
//!    added to the tail, which the catalog keeps. The next piece begins its first chunk with the
//!    tail. A piece that takes long to arrive is added in the same way every second. So there is never more than one value per chunk, however short the pieces are, and
//!    every byte is written into the blob store once.
//! 3. The last bytes are not added to the upload. With all the others, they are read through an
//!    upload session (`service/upload/session.rs`), which checks, edits and stores the file as
//!    any other, and the statement that commits the image completes the upload. So an upload has
//!    all of its bytes exactly if it is an image, and a client that sees all bytes received can
//!    rely on that. If the commit fails, the client sends the last bytes again.
//!
//! Nothing is locked. A change names the offset that its request saw and is made only if the
//! upload is still there, so of two requests at once one has no effect. Whoever asks for the
//! offset ([`Service::resume`]) begins a new epoch, and requests of earlier ones add nothing any
//! more: a connection that is dead without the server's knowledge cannot interfere. At any time
//! an upload can be continued, or it is an image, or it is gone.
//!
//! A request whose connection breaks adds what has arrived. A crash loses what was not added yet:
//! what arrived within a second, and never more than 16 MiB.
//!
//! What remains of an upload is deleted when it is complete, refused, ended or expired. Its
//! segments become remains in the same statement, so the sweep finds what a crash leaves.
//!
//! - `terms`: what is recorded of the terms
//! - `append`: the protocol of a piece; `intake`: its bytes on their way into segments and tail;
//!   `judge`: what the first bytes say; `checksum`: of a piece
//! - `finish`: from a whole file to an image; `concatenate`: from several uploads to one
//! - `end`: deleting

mod append;
mod begin;
mod checksum;
mod concatenate;
mod end;
mod error;
mod finish;
mod intake;
mod judge;
mod terms;

use std::collections::BTreeMap;

use super::{Attributes, Declared, Service, ServiceError, UploadError, UploadTerms};
use crate::catalog::Resumable;
use crate::model::{Image, Timestamp};

pub use append::{End, Piece};
pub use checksum::{Checksum, ChecksumAlgorithm};
pub use error::ResumableError;

/// The most open uploads of an owner.
pub const MOST_OPEN: u32 = 1000;
/// The most uploads that are concatenated.
pub const MOST_PARTS: usize = 100;

/// The terms of a new upload.
#[derive(Clone, Debug, Default)]
pub struct NewResumable {
    /// The uploader's permissions.
    pub terms: UploadTerms,
    /// What is declared about the file, whose length may be declared later.
    pub declared: Declared,
    /// The attributes of the image, unless the ticket determines them.
    pub attributes: Attributes,
    /// Whether the upload is a part of another one.
    pub is_partial: bool,
    /// The idempotency key of the request.
    pub key: Option<String>,
    /// What the front end shows again with the upload, by name.
    pub labels: BTreeMap<String, String>,
}

/// The state of an upload, as front ends show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResumableState {
    /// Identifies the upload. Whoever knows it may continue the upload.
    pub id: String,
    /// The bytes received.
    pub received: u64,
    /// The length of the file in bytes, once it is known.
    pub length: Option<u64>,
    /// The most bytes that the file may have.
    pub max_bytes: u64,
    /// When it began.
    pub created_at: Timestamp,
    /// When it expires, unless bytes arrive before.
    pub expires_at: Timestamp,
    /// The name of the file.
    pub filename: Option<String>,
    /// What the front end wants to show again, by name.
    pub labels: BTreeMap<String, String>,
    /// The image that it has become, unless that has been deleted.
    pub image: Option<Box<Image>>,
    /// Whether it has become an image.
    pub is_complete: bool,
    /// Whether it is a part of another one.
    pub is_partial: bool,
}

impl Service {
    /// Begins a new epoch of an upload, and returns its state. Requests that began before add
    /// nothing any more.
    ///
    /// # Errors
    /// [`ResumableError::NotFound`], [`ResumableError::Expired`], and those of the catalog.
    pub async fn resume(&self, id: &str) -> Result<ResumableState, ResumableError> {
        let found = self.catalog().resume(id).await?;
        let upload = self.unexpired(found)?;
        self.state_of(upload).await
    }

    /// Returns the open uploads of an owner, newest first.
    pub async fn open_resumables(&self, owner: &str) -> Result<Vec<ResumableState>, ServiceError> {
        let now = self.now();
        let open = self
            .catalog()
            .open_resumables(owner, now, MOST_OPEN)
            .await?;
        let states = open.into_iter().map(|upload| self.open_state(upload));
        Ok(states.collect())
    }

    /// Returns the state of an upload that may be complete.
    async fn state_of(&self, upload: Resumable) -> Result<ResumableState, ResumableError> {
        let image = match upload.completed_at {
            Some(_) => self.catalog().find(upload.image).await?.map(Box::new),
            None => None,
        };
        let state = self.open_state(upload);
        Ok(ResumableState { image, ..state })
    }

    fn open_state(&self, upload: Resumable) -> ResumableState {
        let terms = terms::Recorded::parse(&upload.terms).unwrap_or_default();
        ResumableState {
            max_bytes: self.max_bytes(&terms.terms(&upload.owner)),
            filename: terms.filename().map(str::to_owned),
            labels: terms.labels,
            id: upload.id,
            received: upload.received,
            length: upload.length,
            created_at: upload.created_at,
            expires_at: upload.expires_at,
            image: None,
            is_complete: upload.completed_at.is_some(),
            is_partial: upload.is_partial,
        }
    }

    /// Returns the upload with this id, whose epoch goes on.
    async fn find_resumable(&self, id: &str) -> Result<Resumable, ResumableError> {
        let found = self.catalog().find_resumable(id).await?;
        self.unexpired(found)
    }

    fn unexpired(&self, found: Option<Resumable>) -> Result<Resumable, ResumableError> {
        match found {
            None => Err(ResumableError::NotFound),
            Some(upload) if upload.expires_at <= self.now() => Err(ResumableError::Expired),
            Some(upload) => Ok(upload),
        }
    }
}

impl Service {
    /// The most bytes that a file on these terms may have now: the limit of its size, or what is
    /// left of the owner's quota.
    pub async fn most_bytes(&self, terms: &UploadTerms) -> u64 {
        let limit = self.max_bytes(terms);
        let (Some(quota), false) = (terms.quota.bytes, terms.owner.is_empty()) else {
            return limit;
        };
        // Only the upload itself decides, so a catalog that does not answer changes nothing here.
        match self.usage(&terms.owner).await {
            Ok(kept) => limit.min(quota.saturating_sub(kept.bytes)),
            Err(_) => limit,
        }
    }
}
