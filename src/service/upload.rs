//! Taking images in.
//!
//! 1. [`Service::receive`], once per file: bytes are judged, edited, hashed and
//!    written as they come, a chunk at a time. The proof of it is a [`Received`].
//! 2. [`Service::commit`], once per request: all files become images, or none.
//!
//! Whatever is received and not committed must be given to
//! [`Service::discard`]; what a crash keeps from it is found by the sweep.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use uuid::{NoContext, Uuid};

use super::digests::Digests;
use super::{Answering, Service, ServiceError};
use crate::blobs::{BlobError, BlobWriter};
use crate::catalog::{CatalogError, NewImage};
use crate::media::{Facts, Inspector, MediaError, Piece, Policy};
use crate::model::{BlobRef, Image, Kind, Quota, Sha256, Timestamp, Visibility};

/// What the uploader said of a file, to be held against the file.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Its length in bytes, where known.
    pub length: Option<u64>,
    /// Its kind, where one was declared.
    pub kind: Option<Kind>,
    /// Its SHA-256, where sent.
    pub sha256: Option<Sha256>,
    /// The most bytes that it may have, if fewer than the deployment allows.
    pub max_bytes: Option<u64>,
    /// The kinds that it may be of, if not all that the deployment accepts.
    pub kinds: Option<Vec<Kind>>,
}

/// What holds for all images of a request.
#[derive(Clone, Debug, Default)]
pub struct Attributes {
    /// Who may read the bytes without a token.
    pub visibility: Visibility,
    /// In the order given.
    pub tags: Vec<String>,
    /// The id of the upload ticket that the request came with.
    pub ticket: Option<String>,
    /// The most that the owner may keep.
    pub quota: Quota,
}

/// A file whose bytes are stored and were found good, but which is no image yet.
#[derive(Clone, Debug)]
#[must_use = "what is not committed must be discarded"]
pub struct Received {
    pub(super) blob: BlobRef,
    lease: String,
    sha256: Sha256,
    original_sha256: Sha256,
    facts: Facts,
    /// As the uploader named it, cleaned.
    pub filename: Option<String>,
}

impl Received {
    /// The SHA-256 of what came.
    pub fn original_sha256(&self) -> Sha256 {
        self.original_sha256
    }

    /// The image that it becomes at the time `now`.
    pub(super) fn into_image(
        self,
        id: Uuid,
        owner: &str,
        attributes: &Attributes,
        now: Timestamp,
    ) -> Image {
        Image {
            id,
            owner: owner.to_owned(),
            blob: self.blob,
            sha256: self.sha256,
            original_sha256: self.original_sha256,
            kind: self.facts.kind,
            width: self.facts.width,
            height: self.facts.height,
            frames: self.facts.frames,
            filename: self.filename,
            visibility: attributes.visibility,
            tags: attributes.tags.clone(),
            metadata: BTreeMap::new(),
            link_epoch: 0,
            created_at: now,
            updated_at: now,
        }
    }
}

/// Why a file was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// More bytes than are allowed.
    #[error("the file has more than {limit} bytes")]
    TooLarge {
        /// The most that is allowed, in bytes.
        limit: u64,
    },
    /// The sender stopped before the end.
    #[error("the body ended before it was complete: {0}")]
    Interrupted(String),
    /// The declared type is not that of the bytes.
    #[error("the file was declared to be {}, but its bytes are {}", .declared.media_type(), .actual.media_type())]
    TypeMismatch {
        /// What was declared.
        declared: Kind,
        /// What the bytes are.
        actual: Kind,
    },
    /// The bytes are not those that the sender hashed.
    #[error("the content does not have the SHA-256 that was sent with it")]
    DigestMismatch,
    /// The bytes are no image that is taken.
    #[error(transparent)]
    Media(#[from] MediaError),
    /// A store failed.
    #[error(transparent)]
    Service(#[from] ServiceError),
}

impl From<BlobError> for UploadError {
    fn from(error: BlobError) -> Self {
        Self::Service(error.into())
    }
}

/// What is known of a body once it has ended.
struct Judged {
    facts: Facts,
    /// Of what is stored.
    sha256: Sha256,
    /// Of what came.
    original_sha256: Sha256,
}

impl Service {
    /// Stores one file as its bytes come. On an error nothing of it is left.
    pub async fn receive<S, E>(
        &self,
        body: S,
        filename: Option<&str>,
        expected: &Expected,
    ) -> Result<Received, UploadError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: std::fmt::Display,
    {
        self.refuse_length(expected)?;
        let id = self.next_blob_id().await.map_err(ServiceError::from)?;
        let mut writer = self.blobs().create(id.blob, expected.length);
        let until = id.write_until;
        match self.take(body, expected, until, &mut *writer).await {
            Ok(judged) => Ok(Received {
                blob: writer.finish().await?,
                lease: id.lease,
                sha256: judged.sha256,
                original_sha256: judged.original_sha256,
                facts: judged.facts,
                filename: filename.and_then(super::filename::clean),
            }),
            Err(error) => {
                self.give_up(writer, &error).await;
                Err(error)
            }
        }
    }

    /// Refuses what is known to be too long before a byte of it is read.
    pub(super) fn refuse_length(&self, expected: &Expected) -> Result<(), UploadError> {
        let limit = self.max_bytes(expected);
        if expected.length.is_some_and(|length| length > limit) {
            return Err(UploadError::TooLarge { limit });
        }
        Ok(())
    }

    /// Past its time, what is written might come after the sweep.
    fn refuse_late(&self, until: Timestamp) -> Result<(), ServiceError> {
        if self.now() >= until {
            return Err(CatalogError::LeaseExpired.into());
        }
        Ok(())
    }

    fn max_bytes(&self, expected: &Expected) -> u64 {
        let limit = self.settings().uploads.max_bytes;
        expected.max_bytes.map_or(limit, |wanted| wanted.min(limit))
    }

    /// The kinds that the deployment accepts, less those that the file may not be.
    fn accepted(&self, expected: &Expected) -> Vec<Kind> {
        let allowed = |kind: &Kind| {
            expected
                .kinds
                .as_ref()
                .is_none_or(|kinds| kinds.contains(kind))
        };
        let accepted = self.settings().media.accepted.iter().copied();
        accepted.filter(allowed).collect()
    }

    async fn take<S, E>(
        &self,
        body: S,
        expected: &Expected,
        until: Timestamp,
        writer: &mut dyn BlobWriter,
    ) -> Result<Judged, UploadError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: std::fmt::Display,
    {
        let mut inspector = Inspector::new(self.policy(expected));
        let limit = self.max_bytes(expected);
        let mut digests = Digests::default();
        let mut pieces = Vec::new();
        let mut size: u64 = 0;
        let mut body = std::pin::pin!(body);
        while let Some(bytes) = body.next().await {
            let bytes = bytes.map_err(|error| UploadError::Interrupted(error.to_string()))?;
            size += bytes.len() as u64;
            if size > limit {
                return Err(UploadError::TooLarge { limit });
            }
            self.refuse_late(until)?;
            inspector.push(bytes, &mut pieces)?;
            refuse_mismatch(expected.kind, inspector.kind())?;
            for piece in pieces.drain(..) {
                digests.update(&piece);
                if let Piece::Kept(bytes) | Piece::Added(bytes) = piece {
                    writer.write(bytes).await?;
                }
            }
        }
        if expected.length.is_some_and(|length| length != size) {
            let error = format!("{size} bytes came of those announced");
            return Err(UploadError::Interrupted(error));
        }
        self.refuse_late(until)?;
        let facts = inspector.finish(&mut pieces)?;
        // Nothing that comes so late is stored.
        pieces.iter().for_each(|piece| digests.update(piece));
        let (sha256, original_sha256) = digests.finish();
        if expected.sha256.is_some_and(|sent| sent != original_sha256) {
            return Err(UploadError::DigestMismatch);
        }
        Ok(Judged {
            facts,
            sha256,
            original_sha256,
        })
    }

    fn policy(&self, expected: &Expected) -> Policy {
        Policy {
            accepted: self.accepted(expected),
            ..self.settings().media.clone()
        }
    }

    /// Makes images of all `files`, or of none. What is not committed is deleted, or
    /// where it cannot be known, left to the sweep.
    pub async fn commit(
        &self,
        owner: &str,
        files: Vec<Received>,
        attributes: &Attributes,
    ) -> Result<Vec<Image>, ServiceError> {
        self.commit_answering(owner, files, attributes, None).await
    }

    /// The same, and records what the request is answered under its key.
    pub async fn commit_answering(
        &self,
        owner: &str,
        files: Vec<Received>,
        attributes: &Attributes,
        answering: Option<&Answering>,
    ) -> Result<Vec<Image>, ServiceError> {
        let now = self.now();
        let written: Vec<BlobRef> = files.iter().map(|file| file.blob.clone()).collect();
        let mut known: HashMap<Sha256, BlobRef> = HashMap::new();
        let mut new: Vec<NewImage> = ids_at(now, files.len())
            .zip(files)
            .map(|(id, mut file)| {
                let first = known.entry(file.sha256).or_insert(file.blob);
                file.blob = first.clone();
                NewImage {
                    lease: file.lease.clone(),
                    ticket: attributes.ticket.clone(),
                    answer: None,
                    image: file.into_image(id, owner, attributes, now),
                }
            })
            .collect();
        if let Some(answering) = answering {
            let images: Vec<Image> = new.iter().map(|new| new.image.clone()).collect();
            if let Some(first) = new.first_mut() {
                first.answer = Some(answering.record(&images, now));
            }
        }
        match self.catalog().commit(&new, attributes.quota, now).await {
            Ok(used) => {
                let unused = written.into_iter().filter(|blob| !used.contains(blob));
                self.delete_in_background(unused.collect());
                self.sweep_in_background();
                let images = new.into_iter().zip(used);
                Ok(images
                    .map(|(new, blob)| Image { blob, ..new.image })
                    .collect())
            }
            Err(error) => {
                if matches!(
                    error,
                    CatalogError::TicketSpent
                        | CatalogError::ClaimLost
                        | CatalogError::LeaseExpired
                        | CatalogError::QuotaExceeded(_)
                ) {
                    self.delete_in_background(written);
                }
                // Otherwise the commit may be made, or be made yet: the bytes stay until
                // their lease ends, after which it is not made any more.
                Err(error.into())
            }
        }
    }
}

fn refuse_mismatch(declared: Option<Kind>, actual: Option<Kind>) -> Result<(), UploadError> {
    match (declared, actual) {
        (Some(declared), Some(actual)) if declared != actual => {
            Err(UploadError::TypeMismatch { declared, actual })
        }
        _ => Ok(()),
    }
}

/// The bits of a UUIDv7 after its time and version (`rand_a`, RFC 9562 §5.7), which count
/// the ids of one moment (§6.2, method 1).
const COUNTER: u128 = 0xfff << COUNTER_SHIFT;
const COUNTER_SHIFT: u32 = 64;

/// As many UUIDv7s of this time, in their order: the files of a form keep theirs, for
/// images of one time are sorted by id. Each has 62 random bits of its own.
fn ids_at(time: Timestamp, number: usize) -> impl Iterator<Item = Uuid> {
    let millis = time.millis().unsigned_abs();
    let nanos = u32::try_from(millis % 1000).unwrap_or_default() * 1_000_000;
    let random = move || {
        let id = Uuid::new_v7(uuid::Timestamp::from_unix(NoContext, millis / 1000, nanos));
        id.as_u128()
    };
    // It begins where it does not run over.
    let room = (COUNTER >> COUNTER_SHIFT).saturating_sub(number as u128) + 1;
    let first = ((random() & COUNTER) >> COUNTER_SHIFT) % room;
    (first..).take(number).map(move |counter| {
        let counter = (counter << COUNTER_SHIFT) & COUNTER;
        Uuid::from_u128((random() & !COUNTER) | counter)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn ids_of_one_moment_are_in_order_and_say_when(millis in 0i64..253_402_300_799_999, number in 0usize..40) {
            let ids: Vec<Uuid> = ids_at(Timestamp::from_millis(millis), number).collect();
            proptest::prop_assert_eq!(ids.len(), number);
            proptest::prop_assert!(ids.is_sorted_by(|a, b| a < b));
            proptest::prop_assert!(ids.is_sorted_by(|a, b| a.to_string() < b.to_string()));
            for id in ids {
                proptest::prop_assert_eq!(id.get_version_num(), 7);
                proptest::prop_assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
                let (seconds, nanos) = id.get_timestamp().expect("a time").to_unix();
                let told = seconds * 1000 + u64::from(nanos) / 1_000_000;
                proptest::prop_assert_eq!(told, millis.unsigned_abs());
            }
        }
    }
}
