//! From a whole file to an image: the bytes are read through the session of any upload.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Poll, ready};

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};

use super::intake::Intake;
use super::terms::Recorded;
use super::{ResumableError, ResumableState, Service, ServiceError};
use crate::blobs::{BlobError, ByteStream};
use crate::catalog::{CatalogError, Completion, Position, Resumable, Segment};
use crate::model::Image;
use crate::service::upload::{ANSWER_SECONDS, Completes};

/// The bytes of a file, in segments and in memory.
pub(super) struct Whole {
    /// What was stored, in order.
    pub(super) segments: Vec<Segment>,
    /// What follows each of some parts of the segments: after how many of them, and the bytes.
    pub(super) between: Vec<(usize, Bytes)>,
}

impl Service {
    /// Makes an image of an upload whose bytes have all arrived, and completes the upload.
    pub(super) async fn finish(
        &self,
        upload: Resumable,
        recorded: Recorded,
        intake: Intake,
    ) -> Result<ResumableState, ResumableError> {
        let moved = || ResumableError::from(ServiceError::UploadMoved);
        let rest = intake.rest().await?.ok_or_else(moved)?;
        let segments = self.catalog().segments(&upload.id).await?;
        let stored: u64 = segments.iter().map(|segment| segment.blob.size).sum();
        if stored != rest.start {
            return Err(moved());
        }
        let whole = Whole {
            between: vec![(segments.len(), Bytes::from(rest.held))],
            segments,
        };
        let parts = vec![upload.id.clone()];
        self.complete(&upload, recorded, rest.at, rest.length, parts, whole)
            .await
    }

    /// Stores a whole file as an image, and completes the upload with it.
    pub(super) async fn complete(
        &self,
        upload: &Resumable,
        recorded: Recorded,
        at: Position,
        length: u64,
        parts: Vec<String>,
        whole: Whole,
    ) -> Result<ResumableState, ResumableError> {
        let now = self.now();
        let completes = Completes {
            image: upload.image,
            completion: Completion {
                at,
                length,
                parts,
                terms: recorded.clone().of_complete().print(),
                expires_at: now.plus_seconds(ANSWER_SECONDS),
            },
        };
        let segments = whole.segments.clone();
        let completed = Resumable {
            received: length,
            length: Some(length),
            terms: completes.completion.terms.clone(),
            expires_at: completes.completion.expires_at,
            completed_at: Some(now),
            ..upload.clone()
        };
        let image = self
            .store_whole(upload, &recorded, length, completes, whole)
            .await?;
        self.delete_segments(segments);
        let state = self.open_state(completed);
        Ok(ResumableState {
            image: Some(Box::new(image)),
            ..state
        })
    }

    async fn store_whole(
        &self,
        upload: &Resumable,
        recorded: &Recorded,
        length: u64,
        completes: Completes,
        whole: Whole,
    ) -> Result<Image, ResumableError> {
        let failure: Arc<Mutex<Option<BlobError>>> = Arc::default();
        let bytes = self.bytes_of(whole, Arc::clone(&failure));
        let declared = super::Declared {
            length: Some(length),
            ..recorded.declared()
        };
        let terms = recorded.terms(&upload.owner);
        let mut session = self.begin_completion(terms, completes).await?;
        if let Err(refused) = session.file(bytes, declared).await {
            session.abort().await;
            let failed = failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .take();
            let Some(failed) = failed else {
                return Err(refused.into());
            };
            // The bytes go with an upload that another request has completed or ended.
            let known = self.catalog().find_resumable(&upload.id).await?;
            return Err(match known {
                Some(known) if known.completed_at.is_none() => ServiceError::from(failed).into(),
                _ => ServiceError::UploadMoved.into(),
            });
        }
        let images = session.commit(recorded.attributes()).await?;
        let none = || CatalogError::database("a commit has made no image");
        images
            .into_iter()
            .next()
            .ok_or_else(|| ResumableError::from(none()))
    }

    /// Returns the bytes of a file. If a store fails, the reason is left in `failure`.
    fn bytes_of(
        &self,
        whole: Whole,
        failure: Arc<Mutex<Option<BlobError>>>,
    ) -> impl Stream<Item = Result<Bytes, BlobError>> + Send + use<> {
        let mut sources = Vec::new();
        let mut between = whole.between.into_iter().peekable();
        let count = whole.segments.len();
        let mut segments = whole.segments.into_iter();
        for done in 0..=count {
            while let Some((_, bytes)) = between.next_if(|(after, _)| *after == done) {
                sources.push(Source::Held(bytes));
            }
            sources.extend(segments.next().map(Source::Stored));
        }
        let service = self.clone();
        let streams = stream::iter(sources).then(move |source| {
            let service = service.clone();
            async move {
                match source {
                    Source::Held(bytes) => Ok(stream::iter([Ok(bytes)]).boxed()),
                    Source::Stored(Segment { blob, .. }) => {
                        service.blobs().read(&blob, 0..blob.size).await
                    }
                }
            }
        });
        let bytes = streams.try_flatten().inspect_err(move |error| {
            let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
            *failure = Some(error.clone());
        });
        read_ahead(bytes.boxed())
    }
}

/// Begins to read the next bytes when some are taken, so that the store works while those are
/// hashed and written.
fn read_ahead(bytes: ByteStream) -> impl Stream<Item = Result<Bytes, BlobError>> + Send {
    let mut bytes = bytes.peekable();
    stream::poll_fn(move |context| {
        let next = ready!(bytes.poll_next_unpin(context));
        let _ = Pin::new(&mut bytes).poll_peek(context);
        Poll::Ready(next)
    })
}

/// A part of a file.
enum Source {
    Held(Bytes),
    Stored(Segment),
}
