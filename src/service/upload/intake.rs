//! One file of an upload: its bytes are inspected, edited, hashed and written as they arrive.

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use uuid::Uuid;

use super::digests::Digests;
use super::{Attributes, Declared, Service, ServiceError, UploadError, UploadTerms};
use crate::blobs::{BlobError, BlobWriter};
use crate::catalog::CatalogError;
use crate::media::{Facts, Inspector, MediaError, Piece, Policy, Verdict};
use crate::model::{BlobRef, Image, Kind, Sha256, Timestamp};
use crate::service::filename;

/// The bytes of a file as they arrive. All sources have this type, so that the code that stores
/// them is compiled once.
pub(super) type Incoming<'a> = BoxStream<'a, Result<Bytes, UploadError>>;

/// A file whose bytes were accepted and stored, but which is not an image yet.
#[derive(Clone, Debug)]
pub(super) struct Received {
    pub(super) blob: BlobRef,
    /// The lease that its blob was written under.
    pub(super) lease: String,
    /// Of the stored bytes.
    pub(super) sha256: Sha256,
    /// Of the received bytes.
    pub(super) original_sha256: Sha256,
    facts: Facts,
    /// The uploader's name for it, cleaned.
    pub(super) filename: Option<String>,
}

impl Received {
    /// Returns the image that the file becomes at the time `now`.
    pub(super) fn into_image(
        self,
        id: Uuid,
        terms: &UploadTerms,
        attributes: &Attributes,
        now: Timestamp,
    ) -> Image {
        let ticket = terms.ticket.as_ref();
        // The ticket's name takes precedence over the uploader's.
        let named = ticket.and_then(|ticket| ticket.filename.clone());
        Image {
            id,
            owner: terms.owner.clone(),
            blob: self.blob,
            sha256: self.sha256,
            original_sha256: self.original_sha256,
            kind: self.facts.kind,
            width: self.facts.width,
            height: self.facts.height,
            frames: self.facts.frames,
            traits: Some(self.facts.traits),
            placeholder: None,
            filename: named.or(self.filename),
            visibility: attributes.visibility,
            tags: attributes.tags.clone(),
            metadata: attributes.metadata.clone(),
            ticket: ticket.map(|ticket| ticket.id.clone()),
            link_epoch: 0,
            created_at: now,
            updated_at: now,
        }
    }
}

/// What is known of a body once it has ended.
struct Judged {
    verdict: Verdict,
    /// Of the stored bytes.
    sha256: Sha256,
    /// Of the received bytes.
    original_sha256: Sha256,
}

/// A body that has been stored.
struct Stored {
    blob: BlobRef,
    lease: String,
    judged: Judged,
}

impl Stored {
    fn into_received(self, facts: Facts, declared: &Declared) -> Received {
        Received {
            blob: self.blob,
            lease: self.lease,
            sha256: self.judged.sha256,
            original_sha256: self.judged.original_sha256,
            facts,
            filename: declared.filename.as_deref().and_then(filename::clean),
        }
    }
}

impl Service {
    /// Stores one file as its bytes arrive. After an error nothing of it remains.
    ///
    /// A JPEG without an end is stored twice. The second time, its codes are followed, which is
    /// too slow to be done for every JPEG.
    pub(super) async fn receive(
        &self,
        body: Incoming<'_>,
        declared: Declared,
        terms: &UploadTerms,
    ) -> Result<Received, UploadError> {
        self.refuse_length(terms, declared.length)?;
        let inspector = Inspector::new(self.policy(terms));
        let stored = self.store(body, inspector, &declared, terms).await?;
        match stored.judged.verdict {
            Verdict::Accepted(facts) => Ok(stored.into_received(facts, &declared)),
            Verdict::Undecided => self.decide(stored, &declared, terms).await,
        }
    }

    /// Stores an undecided file once more, following its codes.
    async fn decide(
        &self,
        undecided: Stored,
        declared: &Declared,
        terms: &UploadTerms,
    ) -> Result<Received, UploadError> {
        let decided = self.follow(&undecided.blob, declared, terms).await;
        self.delete_in_background(vec![undecided.blob]);
        let (mut stored, facts) = decided?;
        stored.judged.original_sha256 = undecided.judged.original_sha256;
        Ok(stored.into_received(facts, declared))
    }

    async fn follow(
        &self,
        blob: &BlobRef,
        declared: &Declared,
        terms: &UploadTerms,
    ) -> Result<(Stored, Facts), UploadError> {
        let declared = Declared {
            length: Some(blob.size),
            sha256: None,
            ..declared.clone()
        };
        let body = self.blobs().read(blob, 0..blob.size).await?;
        let body = body.map(|bytes| bytes.map_err(UploadError::from)).boxed();
        let inspector = Inspector::following(self.policy(terms));
        let stored = self.store(body, inspector, &declared, terms).await?;
        match stored.judged.verdict {
            Verdict::Accepted(facts) => Ok((stored, facts)),
            Verdict::Undecided => Err(MediaError::Truncated { kind: Kind::Jpeg }.into()),
        }
    }

    /// Stores a body in a new blob. After an error nothing of it remains.
    async fn store(
        &self,
        body: Incoming<'_>,
        inspector: Inspector,
        declared: &Declared,
        terms: &UploadTerms,
    ) -> Result<Stored, UploadError> {
        let id = self.next_blob_id().await.map_err(ServiceError::from)?;
        let mut writer = self.blobs().create(id.blob, declared.length);
        let until = id.write_until;
        let taken = self.take(body, inspector, declared, terms, until, &mut *writer);
        match taken.await {
            Ok(judged) => Ok(Stored {
                blob: writer.finish().await?,
                lease: id.lease,
                judged,
            }),
            Err(error) => {
                self.give_up(writer, &error).await;
                Err(error)
            }
        }
    }

    /// Refuses a file that is known to be too long before a byte of it is read.
    pub(in crate::service) fn refuse_length(
        &self,
        terms: &UploadTerms,
        length: Option<u64>,
    ) -> Result<(), UploadError> {
        let limit = self.max_bytes(terms);
        if length.is_some_and(|length| length > limit) {
            return Err(UploadError::TooLarge { limit });
        }
        Ok(())
    }

    /// Refuses to write after `until`: the write might complete after the sweep.
    pub(in crate::service) fn refuse_late(&self, until: Timestamp) -> Result<(), ServiceError> {
        if self.now() >= until {
            return Err(CatalogError::LeaseExpired.into());
        }
        Ok(())
    }

    pub(in crate::service) fn max_bytes(&self, terms: &UploadTerms) -> u64 {
        let limit = self.settings().uploads.max_bytes;
        terms.max_bytes.map_or(limit, |wanted| wanted.min(limit))
    }

    /// Returns the kinds that the deployment accepts and the uploader may send.
    fn accepted(&self, terms: &UploadTerms) -> Vec<Kind> {
        let allowed = |kind: &Kind| {
            terms
                .kinds
                .as_ref()
                .is_none_or(|kinds| kinds.contains(kind))
        };
        let accepted = self.settings().media.accepted.iter().copied();
        accepted.filter(allowed).collect()
    }

    async fn take(
        &self,
        mut body: Incoming<'_>,
        mut inspector: Inspector,
        declared: &Declared,
        terms: &UploadTerms,
        until: Timestamp,
        writer: &mut dyn BlobWriter,
    ) -> Result<Judged, UploadError> {
        let limit = self.max_bytes(terms);
        let mut digests = Digests::default();
        let mut pieces = Vec::new();
        let mut size: u64 = 0;
        while let Some(bytes) = body.next().await {
            let bytes = bytes?;
            size += bytes.len() as u64;
            if size > limit {
                return Err(UploadError::TooLarge { limit });
            }
            self.refuse_late(until)?;
            inspector.push(bytes, &mut pieces)?;
            self.refuse_mismatch(declared, inspector.kind(), terms)?;
            keep(&mut pieces, &mut digests, writer).await?;
        }
        if declared.length.is_some_and(|length| length != size) {
            let error = format!("{size} bytes arrived, which is not the declared length");
            return Err(UploadError::Interrupted(error));
        }
        self.refuse_late(until)?;
        let verdict = inspector.finish(&mut pieces)?;
        keep(&mut pieces, &mut digests, writer).await?;
        let (sha256, original_sha256) = digests.finish();
        if declared.sha256.is_some_and(|sent| sent != original_sha256) {
            return Err(UploadError::DigestMismatch);
        }
        Ok(Judged {
            verdict,
            sha256,
            original_sha256,
        })
    }

    /// Refuses a file of another kind than the declared one.
    pub(in crate::service) fn refuse_mismatch(
        &self,
        declared: &Declared,
        actual: Option<Kind>,
        terms: &UploadTerms,
    ) -> Result<(), UploadError> {
        let (Some(declared), Some(actual)) = (&declared.media_type, actual) else {
            return Ok(());
        };
        if Kind::from_media_type(declared) == Some(actual) {
            return Ok(());
        }
        Err(UploadError::TypeMismatch {
            declared: declared.clone(),
            actual,
            accepted: self.accepted(terms),
        })
    }

    pub(in crate::service) fn policy(&self, terms: &UploadTerms) -> Policy {
        Policy {
            accepted: self.accepted(terms),
            ..self.settings().media.clone()
        }
    }
}

/// Hashes pieces of a file, and writes those that are stored.
async fn keep(
    pieces: &mut Vec<Piece>,
    digests: &mut Digests,
    writer: &mut dyn BlobWriter,
) -> Result<(), BlobError> {
    for piece in pieces.drain(..) {
        digests.update(&piece);
        if let Piece::Kept(bytes) | Piece::Added(bytes) = piece {
            writer.write(bytes).await?;
        }
    }
    Ok(())
}
