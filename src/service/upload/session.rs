//! An upload from beginning to end.

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};

use super::fingerprint::Fingerprint;
use super::idempotency::{Answering, Hold};
use super::intake::Received;
use super::kept::Kept;
use super::{
    Attributes, Completes, Declared, KeyedRequest, RequestIdentity, Service, ServiceError,
    UploadError, UploadTerms,
};
use crate::catalog::{CatalogError, KeyAnswer, KeyClaim};
use crate::model::{Image, Usage};

/// An upload that has begun.
///
/// It leaves nothing behind unless it is committed: [`abort`](Self::abort) discards the
/// files and releases the key; dropping the upload does the same, but later. An upload of
/// which something was refused can no longer be committed.
#[must_use = "an upload is committed or aborted"]
pub struct Upload {
    service: Service,
    terms: UploadTerms,
    key: Option<Key>,
    /// Whether the upload was admitted by its declared length.
    admitted: bool,
    /// The resumable upload that becomes the image.
    completes: Option<Completes>,
    /// The files that are stored and not committed.
    files: Vec<Received>,
    /// Why the upload is refused.
    refusal: Option<UploadError>,
}

/// The key of a request, and its state.
struct Key {
    request: RequestIdentity,
    hold: Hold,
}

impl Service {
    /// Begins an upload on these terms. A ticket that has been used or revoked is refused, unless
    /// the request repeats one that was answered.
    ///
    /// # Errors
    /// [`ServiceError::KeyHeld`] while another request holds the key,
    /// [`ServiceError::TicketSpent`], [`ServiceError::TicketRevoked`], and those of the catalog.
    pub async fn begin_upload(
        &self,
        terms: UploadTerms,
        keyed: Option<KeyedRequest>,
    ) -> Result<Upload, ServiceError> {
        let key = match keyed {
            Some(KeyedRequest { key, request }) => {
                let hold = self.hold_key(&terms.key_scope(), &key).await?;
                Some(Key { request, hold })
            }
            None => None,
        };
        let upload = Upload {
            service: self.clone(),
            terms,
            key,
            admitted: false,
            completes: None,
            files: Vec::new(),
            refusal: None,
        };
        match upload.refuse_spent().await {
            Ok(()) => Ok(upload),
            Err(error) => {
                upload.abort().await;
                Err(error)
            }
        }
    }

    /// Begins an upload of the one file that a resumable upload has received. Its length is
    /// admitted already, and its image completes the resumable upload.
    pub(in crate::service) async fn begin_completion(
        &self,
        terms: UploadTerms,
        completes: Completes,
    ) -> Result<Upload, ServiceError> {
        let mut upload = self.begin_upload(terms, None).await?;
        upload.admitted = true;
        upload.completes = Some(completes);
        Ok(upload)
    }
}

impl Upload {
    /// Whether the upload uses a ticket, which determines its attributes.
    pub fn has_ticket(&self) -> bool {
        self.terms.ticket.is_some()
    }

    /// Whether the request with the key was answered before: then the commit creates nothing.
    pub fn is_repeat(&self) -> bool {
        let hold = self.key.as_ref().map(|key| &key.hold);
        matches!(hold, Some(Hold::Repeat(_)))
    }

    /// Refuses an upload that is known to be too large before a byte of it is read: by its
    /// `length` in bytes, if known. The commit makes the final decision.
    ///
    /// The first file is admitted by its own length; a front end that reads anything before
    /// the first file calls this first.
    ///
    /// # Errors
    /// [`UploadError::TooLarge`], [`ServiceError::QuotaExceeded`], and those of the catalog.
    pub async fn admit(&mut self, length: Option<u64>) -> Result<(), UploadError> {
        // A repeat adds nothing to what is kept.
        if self.admitted || self.is_repeat() {
            return Ok(());
        }
        let admitted = self.admit_length(length).await;
        self.admitted = admitted.is_ok();
        self.note(admitted)
    }

    /// Refuses the next file if the upload already has as many as it may have.
    ///
    /// # Errors
    /// [`UploadError::TooManyFiles`].
    pub fn refuse_more(&mut self) -> Result<(), UploadError> {
        let limit = self.terms.max_files();
        if self.files.len() < limit {
            return Ok(());
        }
        self.note(Err(UploadError::TooManyFiles { limit }))
    }

    /// Stores the next file as its bytes arrive. If a file is refused, nothing of it remains,
    /// and the upload is refused as well.
    ///
    /// # Errors
    /// The reason why the file is refused, and failures of the stores.
    pub async fn file<S, E>(&mut self, body: S, declared: Declared) -> Result<(), UploadError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: std::fmt::Display,
    {
        if let Some(refusal) = &self.refusal {
            return Err(refusal.clone());
        }
        self.refuse_more()?;
        self.admit(declared.length).await?;
        let interrupted = |error: E| UploadError::Interrupted(error.to_string());
        let body = body.map(|bytes| bytes.map_err(interrupted)).boxed();
        let received = self.service.receive(body, declared, &self.terms).await;
        let received = received.map(|file| self.files.push(file));
        self.note(received)
    }

    /// Turns all files into images, or none, in the order of the files; the images have the
    /// attributes of the ticket if there is one. A repeat of a request that was answered
    /// creates nothing, and returns the images as they were made then.
    ///
    /// # Errors
    /// The reason why a file was refused, [`UploadError::NoFile`],
    /// [`ServiceError::KeyReused`] if the key was used for a different request,
    /// [`ServiceError::KeyHeld`] if the key was lost to another request,
    /// [`ServiceError::TicketSpent`], [`ServiceError::TicketRevoked`],
    /// [`ServiceError::QuotaExceeded`], [`ServiceError::TooLate`], and those of the catalog, after which the outcome is
    /// unknown.
    pub async fn commit(mut self, attributes: Attributes) -> Result<Vec<Image>, UploadError> {
        let committed = self.try_commit(attributes).await;
        match committed {
            // The key has an answer and must not be released.
            Ok(_) => self.key = None,
            Err(_) => self.abort().await,
        }
        committed
    }

    /// Ends an upload without committing it. The key is free when this returns; the files are
    /// deleted after the response.
    pub async fn abort(mut self) {
        if let Some(claim) = self.claim() {
            self.service.release_key(claim).await;
        }
        self.key = None;
    }

    async fn try_commit(&mut self, attributes: Attributes) -> Result<Vec<Image>, UploadError> {
        if let Some(refusal) = self.refusal.take() {
            return Err(refusal);
        }
        if self.files.is_empty() {
            return Err(UploadError::NoFile);
        }
        let attributes = match &self.terms.ticket {
            Some(ticket) => ticket.attributes.clone(),
            None => attributes,
        };
        let answering = match &self.key {
            None => None,
            Some(Key { request, hold }) => {
                let fingerprint = Fingerprint::of(request, &self.files, &attributes).print();
                match hold {
                    Hold::Repeat(answer) => {
                        return Ok(self.repeat(answer, &fingerprint, &attributes)?);
                    }
                    Hold::First(claim) => Some(Answering {
                        claim: claim.clone(),
                        fingerprint,
                    }),
                }
            }
        };
        // From here on the commit may take effect, so a drop must not delete the files.
        let files = std::mem::take(&mut self.files);
        let committed = self.service.commit(
            &self.terms,
            files,
            &attributes,
            answering,
            self.completes.take(),
        );
        Ok(committed.await?)
    }

    /// Returns the images in the answer to the first request with the key.
    fn repeat(
        &self,
        answer: &KeyAnswer,
        fingerprint: &str,
        attributes: &Attributes,
    ) -> Result<Vec<Image>, ServiceError> {
        if fingerprint != answer.fingerprint {
            return Err(ServiceError::KeyReused);
        }
        let kept = Kept::parse(&answer.answer);
        let images = kept.and_then(|kept| kept.images(&self.terms, &self.files, attributes));
        let damaged = || CatalogError::Damaged {
            table: "idempotency_keys",
            column: 1,
        };
        Ok(images.ok_or_else(damaged)?)
    }

    /// Refuses a ticket that allows no more images before its upload is read. The commit makes the final decision.
    async fn refuse_spent(&self) -> Result<(), ServiceError> {
        let Some(ticket) = &self.terms.ticket else {
            return Ok(());
        };
        if self.is_repeat() {
            return Ok(());
        }
        self.service.refuse_used(ticket).await
    }

    async fn admit_length(&self, length: Option<u64>) -> Result<(), UploadError> {
        self.service.refuse_length(&self.terms, length)?;
        if self.terms.quota.is_unlimited() {
            return Ok(());
        }
        let kept = self.service.usage(&self.terms.owner).await?;
        // No image is shorter than one byte.
        let added = Usage {
            images: 1,
            bytes: length.unwrap_or(1),
        };
        let admitted = self.terms.quota.admit(kept, added);
        admitted.map_err(|refused| ServiceError::from(refused).into())
    }

    /// Remembers why the upload is refused.
    fn note(&mut self, outcome: Result<(), UploadError>) -> Result<(), UploadError> {
        if let Err(refusal) = &outcome {
            self.refusal = Some(refusal.clone());
        }
        outcome
    }

    /// The request's hold on its key.
    fn claim(&self) -> Option<&KeyClaim> {
        match &self.key.as_ref()?.hold {
            Hold::First(claim) => Some(claim),
            Hold::Repeat(_) => None,
        }
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let files = std::mem::take(&mut self.files);
        self.service.discard(files);
        if let Some(claim) = self.claim() {
            let (service, claim) = (self.service.clone(), claim.clone());
            self.service
                .spawn(async move { service.release_key(&claim).await });
        }
    }
}
