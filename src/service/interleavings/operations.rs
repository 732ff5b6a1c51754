//! What happens concurrently, and what its outcome shows.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{Stream, StreamExt as _, stream};
use uuid::Uuid;

use super::clock::{Clock, GRACE, TERM, UNSURE};
use super::model::{CHUNK, Known, Model, OWNERS, State, content};
use super::steps::{Pause, Steps};
use crate::auth::{Grant, Scopes};
use crate::blobs::BlobError;
use crate::model::QuotaClaim;
use crate::service::Content;
use crate::service::audit::{Audit, Place};
use crate::service::resumable::{NewResumable, Piece, ResumableError, ResumableState};
use crate::service::{
    Attributes, Declared, Migration, Service, ServiceError, StoreError, UploadError, UploadTerms,
};

/// The length of a piece of an upload: more than a few chunks, and no number of them.
const PIECE: usize = 5 * CHUNK + 7;
/// How many pieces a client sends before it gives up.
const PATIENCE: u32 = 12;

/// An operation that takes many steps.
#[derive(Clone, Debug)]
pub(super) enum Operation {
    /// One request that uploads these files for this owner.
    Upload { owner: usize, files: Vec<usize> },
    /// A client that uploads a file piece by piece, and continues after failures.
    Begin { owner: usize, file: usize },
    /// Another client that continues an upload.
    Continue { upload: usize },
    /// Downloads an image, as slowly as it arrives.
    Read { image: usize },
    /// Deletes an image.
    Delete { image: usize },
    /// Deletes everything of this owner, this many images per call.
    Erase { owner: usize, limit: u32 },
    /// Downloads what is derived from an image, which is made if it is not stored.
    Derive { image: usize, width: usize },
    /// Deletes what was derived from an image.
    DeleteVariants { image: usize },
    /// Creates an upload ticket.
    CreateTicket { owner: usize, max_uploads: u32 },
    /// One request that uploads this file with a ticket.
    UploadWithTicket { ticket: usize, file: usize },
    /// Revokes a ticket.
    RevokeTicket { ticket: usize },
    /// Sweeps at most this many records.
    Sweep { limit: u32 },
    /// Audits everything, with repairs and removals.
    Audit,
    /// Moves all blobs to the current store, if there is another one.
    Migrate,
}

/// The objects that operations work on.
#[derive(Clone)]
pub(super) struct Scene {
    pub(super) service: Service,
    pub(super) migration: Option<Arc<Migration>>,
    pub(super) model: Arc<Mutex<Model>>,
    pub(super) steps: Arc<Steps>,
    pub(super) clock: Clock,
}

impl Scene {
    /// Begins an operation. It panics if its outcome is wrong.
    pub(super) fn begin(self, operation: Operation) -> BoxFuture<'static, ()> {
        match operation {
            Operation::Upload { owner, files } => {
                Box::pin(self.upload(OWNERS[owner % OWNERS.len()], files))
            }
            Operation::Begin { owner, file } => {
                Box::pin(self.begin_resumable(OWNERS[owner % OWNERS.len()], file))
            }
            Operation::Continue { upload } => Box::pin(self.continue_any(upload)),
            Operation::Read { image } => Box::pin(self.read(image)),
            Operation::Delete { image } => Box::pin(self.delete(image)),
            Operation::Erase { owner, limit } => {
                Box::pin(self.erase(OWNERS[owner % OWNERS.len()], limit))
            }
            Operation::Derive { image, width } => Box::pin(self.derive(image, width)),
            Operation::DeleteVariants { image } => Box::pin(self.delete_variants(image)),
            Operation::CreateTicket { owner, max_uploads } => {
                Box::pin(self.create_ticket(owner, max_uploads))
            }
            Operation::UploadWithTicket { ticket, file } => {
                Box::pin(self.upload_with_ticket(ticket, file))
            }
            Operation::RevokeTicket { ticket } => Box::pin(self.revoke_ticket(ticket)),
            Operation::Sweep { limit } => Box::pin(self.sweep(limit)),
            Operation::Audit => Box::pin(self.audit()),
            Operation::Migrate => Box::pin(self.migrate()),
        }
    }

    pub(super) fn model<T>(&self, with: impl FnOnce(&mut Model) -> T) -> T {
        with(&mut self.model.lock().expect("not poisoned"))
    }

    /// Whether the clock of any instance has advanced by `millis` since `began`, by any
    /// reading.
    pub(super) fn has_passed(&self, began: i64, millis: i64) -> bool {
        self.clock.latest() - began >= millis - UNSURE
    }

    async fn upload(self, owner: &'static str, files: Vec<usize>) {
        let began = self.clock.read();
        let terms = UploadTerms {
            owner: owner.to_owned(),
            ..UploadTerms::default()
        };
        let erasures = self.model(|model| model.erasures(owner));
        let mut upload = match self.service.begin_upload(terms, None).await {
            Ok(upload) => upload,
            Err(error) => return self.excuse(began, &error.into()),
        };
        for file in &files {
            self.model(|model| model.attempted.insert((owner, *file)));
            if let Err(error) = upload.file(self.body(*file), Declared::default()).await {
                upload.abort().await;
                return self.excuse(began, &error);
            }
        }
        match upload.commit(Attributes::default()).await {
            Ok(images) => self.model(|model| {
                for (image, content) in images.iter().zip(files) {
                    let state = model.state_since(owner, erasures);
                    let known = Known {
                        owner,
                        content,
                        state,
                    };
                    model.images.insert(image.id, known);
                }
            }),
            Err(error) => self.excuse(began, &error),
        }
    }

    /// A file that arrives in pieces, or not to its end.
    pub(super) fn body(
        &self,
        file: usize,
    ) -> impl Stream<Item = Result<Bytes, &'static str>> + Send + use<> {
        self.arriving(content(file))
    }

    /// Bytes that arrive in the same way.
    fn arriving(
        &self,
        bytes: &[u8],
    ) -> impl Stream<Item = Result<Bytes, &'static str>> + Send + use<> {
        let pieces: Vec<Bytes> = bytes
            .chunks(5 * CHUNK)
            .map(Bytes::copy_from_slice)
            .collect();
        let (steps, clock) = (Arc::clone(&self.steps), self.clock.clone());
        stream::iter(pieces).then(move |piece| {
            let (steps, clock) = (Arc::clone(&steps), clock.clone());
            async move {
                let is_there = steps.pause(Pause::Client, clock.timestamp()).await;
                is_there.then_some(piece).ok_or("the client is gone")
            }
        })
    }

    async fn begin_resumable(self, owner: &'static str, file: usize) {
        let began = self.clock.read();
        self.model(|model| model.attempted.insert((owner, file)));
        let new = NewResumable {
            terms: UploadTerms {
                owner: owner.to_owned(),
                ..UploadTerms::default()
            },
            declared: Declared {
                length: Some(content(file).len() as u64),
                ..Declared::default()
            },
            ..NewResumable::default()
        };
        match self.service.begin_resumable(new).await {
            Ok(upload) => {
                let begun = (upload.id, owner, file);
                self.model(|model| model.uploads.push(begun.clone()));
                self.continue_upload(begun).await;
            }
            Err(ResumableError::Upload(error)) => self.excuse(began, &error),
            Err(error) => panic!("{error:?}"),
        }
    }

    async fn continue_any(self, number: usize) {
        let upload = self.model(|model| {
            let index = number % model.uploads.len().max(1);
            model.uploads.get(index).cloned()
        });
        if let Some(upload) = upload {
            self.continue_upload(upload).await;
        }
    }

    /// Sends what is missing of an upload, from wherever it is, until it is an image or gone.
    async fn continue_upload(&self, (id, owner, file): (String, &'static str, usize)) {
        let erasures = self.model(|model| model.erasures(owner));
        for _ in 0..PATIENCE {
            let began = self.clock.read();
            let upload = match self.service.resume(&id).await {
                Ok(upload) => upload,
                Err(error) => return self.excuse_piece(began, &error),
            };
            let sent = if upload.is_complete {
                Ok(upload)
            } else {
                self.send_piece(&id, file, upload.received).await
            };
            match sent {
                Ok(ResumableState {
                    image: Some(image), ..
                }) => {
                    return self.model(|model| {
                        let state = model.state_since(owner, erasures);
                        model.images.entry(image.id).or_insert(Known {
                            owner,
                            content: file,
                            state,
                        });
                    });
                }
                // The image has been deleted since.
                Ok(upload) if upload.is_complete => return,
                Ok(_)
                | Err(ResumableError::Mismatch { .. })
                | Err(ResumableError::Upload(UploadError::Interrupted(_))) => {}
                Err(error) => return self.excuse_piece(began, &error),
            }
        }
    }

    async fn send_piece(
        &self,
        id: &str,
        file: usize,
        offset: u64,
    ) -> Result<ResumableState, ResumableError> {
        let rest = usize::try_from(offset).expect("is small");
        let rest = &content(file)[rest..];
        let bytes = &rest[..rest.len().min(PIECE)];
        let piece = Piece {
            offset,
            size: Some(bytes.len() as u64),
            ..Piece::default()
        };
        self.service.append(id, piece, self.arriving(bytes)).await
    }

    /// An upload may also be gone: it expires, and ends with everything of its owner.
    fn excuse_piece(&self, began: i64, error: &ResumableError) {
        match error {
            ResumableError::NotFound | ResumableError::Expired => {}
            ResumableError::Upload(error) => self.excuse(began, error),
            error => panic!("{error:?}"),
        }
    }

    /// An upload may fail if a store did, if its client disconnected, or if it took too long.
    pub(super) fn excuse(&self, began: i64, error: &UploadError) {
        match error {
            UploadError::Interrupted(_) => {}
            UploadError::Service(ServiceError::TooLate) => {
                assert!(self.has_passed(began, TERM.write), "a lease ended early");
            }
            error => assert!(self.model(|model| model.faulty), "{error:?}"),
        }
    }

    async fn read(self, number: usize) {
        let Some((id, known)) = self.model(|model| model.pick(number)) else {
            return;
        };
        let began = self.clock.read();
        match self.bytes(&known, id).await {
            Ok(bytes) => assert!(bytes == content(known.content), "wrong bytes of {id}"),
            Err(ServiceError::NotFound) => {
                assert_ne!(self.model(|model| model.state(id)), Some(State::There));
            }
            Err(ServiceError::Damaged(StoreError::Blobs(BlobError::Missing { .. }))) => {
                let state = self.model(|model| model.state(id));
                assert_ne!(state, Some(State::There), "{id} is broken");
                assert!(
                    self.has_passed(began, GRACE),
                    "a reader had no grace period"
                );
            }
            Err(error) => assert!(self.model(|model| model.faulty), "{error:?}"),
        }
    }

    async fn bytes(&self, known: &Known, id: Uuid) -> Result<Vec<u8>, ServiceError> {
        let image = self.service.find(&grant(known.owner), id).await?;
        let whole = 0..image.blob.size;
        let mut stream = self
            .service
            .read(&Content::of(&image), std::slice::from_ref(&whole))
            .await?;
        let mut bytes = Vec::new();
        while let Some(piece) = stream.next().await {
            bytes.extend_from_slice(&piece?);
            self.steps
                .pause(Pause::Client, self.clock.timestamp())
                .await;
        }
        Ok(bytes)
    }

    async fn delete(self, number: usize) {
        let Some((id, known)) = self.model(|model| model.pick(number)) else {
            return;
        };
        if known.state == State::There {
            self.model(|model| model.set(id, State::Doubtful));
        }
        match self.service.delete(&grant(known.owner), id, None).await {
            Ok(()) | Err(ServiceError::NotFound) => self.model(|model| model.set(id, State::Gone)),
            Err(error) => assert!(self.model(|model| model.faulty), "{error:?}"),
        }
    }

    /// When a call answers that there is no more, no image is left that existed when it began.
    async fn erase(self, owner: &'static str, limit: u32) {
        self.model(|model| model.begin_erasure(owner));
        loop {
            let known = self.model(|model| model.images_of(owner));
            match self.service.erase_owner(owner, limit).await {
                Ok(erased) if erased.more => assert!(erased.deleted <= limit),
                Ok(_) => {
                    return self.model(|model| {
                        known.into_iter().for_each(|id| model.set(id, State::Gone));
                        model.end_erasure(owner);
                    });
                }
                Err(error) => {
                    return assert!(self.model(|model| model.faulty), "{error:?}");
                }
            }
        }
    }

    async fn sweep(self, limit: u32) {
        if let Err(error) = self.service.sweep(limit).await {
            assert!(self.model(|model| model.faulty), "{error:?}");
        }
    }

    async fn migrate(self) {
        let Some(migration) = self.migration.clone() else {
            return;
        };
        let began = self.clock.read();
        let mut after = String::new();
        loop {
            match migration.step(&after, 2).await {
                Ok(done) => {
                    assert_eq!(done.damaged, []);
                    let Some(next) = done.next else { return };
                    after = next.to_string();
                }
                Err(error) => {
                    let late = self.has_passed(began, TERM.write);
                    return assert!(late || self.model(|model| model.faulty), "{error:?}");
                }
            }
        }
    }

    /// Nothing is ever damaged here, so audits must find nothing.
    async fn audit(self) {
        let mut next = Some(Place::default());
        while let Some(from) = next {
            let audit = Audit {
                from,
                limit: 3,
                repair: true,
                remove_damaged: true,
            };
            match self.service.audit(&audit).await {
                Ok(page) => {
                    assert_eq!(page.findings, []);
                    next = page.next;
                }
                Err(error) => {
                    assert!(self.model(|model| model.faulty), "{error:?}");
                    return;
                }
            }
        }
    }
}

pub(super) fn grant(owner: &str) -> Grant {
    Grant {
        owner: owner.to_owned(),
        scopes: Scopes::parse("images:read images:write images:delete"),
        quota: QuotaClaim::default(),
        expires: u64::MAX,
    }
}
