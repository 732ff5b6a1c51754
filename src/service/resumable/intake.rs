//! The bytes of a piece on their way into segments and the tail.

use bytes::Bytes;

use super::checksum::Summing;
use super::judge::Judge;
use super::terms::Recorded;
use super::{Declared, ResumableError, Service, ServiceError, UploadError, UploadTerms};
use crate::blobs::BlobWriter;
use crate::catalog::{CatalogError, Growth, NewSegment, Position, Resumable, Segment};
use crate::model::Timestamp;

/// A segment is added to the upload when it has this many bytes.
const LONGEST_SEGMENT: u64 = 16 << 20;
/// What has arrived is added to the upload after this many milliseconds.
const LONGEST_WAIT: i64 = 1000;

/// What a piece adds to an upload. If it is dropped, what has arrived is added later.
pub(super) struct Intake(Option<Box<Taking>>);

/// The state of an [`Intake`].
struct Taking {
    service: Service,
    terms: UploadTerms,
    declared: Declared,
    /// What has been added to the upload, and when.
    at: Position,
    since: Timestamp,
    /// The bytes after those of all segments.
    held: Vec<u8>,
    /// How many of these are the upload's tail.
    tail: usize,
    writing: Option<Writing>,
    judge: Option<Judge>,
    /// If there is one, nothing is added before the piece has been checked.
    summing: Option<Summing>,
    /// The bytes received, with those that have not been added.
    received: u64,
    /// The most that may be received, and whether that is the declared length.
    most: (u64, bool),
}

/// A segment that is being written.
struct Writing {
    writer: Box<dyn BlobWriter>,
    lease: String,
    until: Timestamp,
    start: u64,
    size: u64,
}

impl Writing {
    async fn begin(service: &Service, start: u64) -> Result<Self, CatalogError> {
        let id = service.next_blob_id().await?;
        Ok(Self {
            writer: service.blobs().create(id.blob, None),
            lease: id.lease,
            until: id.write_until,
            start,
            size: 0,
        })
    }
}

/// What is left to be completed: everything else has been added.
pub(super) struct Rest {
    /// What has been added to the upload.
    pub(super) at: Position,
    /// The bytes after those of all segments.
    pub(super) held: Vec<u8>,
    /// Where these begin.
    pub(super) start: u64,
    /// The length of the whole file.
    pub(super) length: u64,
}

impl Intake {
    /// Begins to take bytes from where the upload is.
    pub(super) async fn begin(
        service: &Service,
        upload: &Resumable,
        recorded: &Recorded,
        summing: Option<Summing>,
    ) -> Result<Self, ResumableError> {
        let held = service.catalog().tail(&upload.id).await?;
        let tail = held.len();
        // Another request may have added bytes since the upload was read: then they are not the
        // ones before the offset.
        let has_moved = match upload.received {
            0 => tail > 0,
            received => {
                let known = service.catalog().find_resumable(&upload.id).await?;
                known.is_none_or(|known| known.received != received)
            }
        };
        if has_moved {
            return Err(ServiceError::UploadMoved.into());
        }
        let terms = recorded.terms(&upload.owner);
        let is_first = upload.received == tail as u64;
        let judges = is_first && !upload.is_partial;
        let limit = service.max_bytes(&terms);
        let mut taking = Taking {
            service: service.clone(),
            declared: recorded.declared(),
            at: Position {
                id: upload.id.clone(),
                received: upload.received,
                epoch: upload.epoch,
            },
            since: service.now(),
            held,
            tail,
            writing: None,
            judge: judges.then(|| Judge::new(service, &terms)),
            summing,
            received: upload.received,
            most: upload
                .length
                .map_or((limit, false), |length| (length, true)),
            terms,
        };
        if tail > 0 {
            let held = Bytes::copy_from_slice(&taking.held);
            taking.judge(&held)?;
        }
        Ok(Self(Some(Box::new(taking))))
    }

    /// Takes the next bytes.
    pub(super) async fn push(&mut self, bytes: Bytes) -> Result<(), ResumableError> {
        match &mut self.0 {
            Some(taking) => taking.push(bytes).await,
            None => Ok(()),
        }
    }

    /// The bytes received, with those that have not been added.
    pub(super) fn received(&self) -> u64 {
        self.0.as_ref().map_or(0, |taking| taking.received)
    }

    /// Checks a piece whose bytes have all arrived: that it has its checksum, if there is one, and
    /// that the file may still become an image. Any other piece is discarded.
    pub(super) async fn check(&mut self) -> Result<(), ResumableError> {
        let checked = self.0.as_mut().map_or(Ok(()), |taking| taking.check());
        if checked.is_err() {
            self.discard().await;
        }
        checked
    }

    /// Adds everything that has been taken. Returns where the upload is then.
    pub(super) async fn save(mut self) -> Result<u64, ResumableError> {
        match self.0.take() {
            Some(mut taking) => {
                taking.save().await?;
                Ok(taking.at.received)
            }
            None => Ok(0),
        }
    }

    /// Adds what has been taken in whole segments, and returns the rest.
    pub(super) async fn rest(mut self) -> Result<Option<Rest>, ResumableError> {
        let Some(mut taking) = self.0.take() else {
            return Ok(None);
        };
        taking.add_segment().await?;
        Ok(Some(Rest {
            start: taking.at.received - taking.tail as u64,
            held: std::mem::take(&mut taking.held),
            at: taking.at.clone(),
            length: taking.received,
        }))
    }

    /// Deletes what has been written and not added.
    pub(super) async fn discard(&mut self) {
        if let Some(taking) = self.0.take()
            && let Some(writing) = taking.writing
        {
            taking.service.delete_written(writing.writer).await;
        }
    }
}

impl Drop for Intake {
    fn drop(&mut self) {
        let Some(mut taking) = self.0.take() else {
            return;
        };
        let service = taking.service.clone();
        service.spawn(async move {
            // The client learns from the offset what was added.
            let _ = taking.save().await;
        });
    }
}

impl Taking {
    fn judge(&mut self, bytes: &Bytes) -> Result<(), UploadError> {
        if let Some(judge) = &mut self.judge
            && judge.take(&self.service, bytes, &self.declared, &self.terms)?
        {
            self.judge = None;
        }
        Ok(())
    }

    fn check(&mut self) -> Result<(), ResumableError> {
        if !self.summing.take().is_none_or(Summing::matches) {
            return Err(ResumableError::Checksum);
        }
        match &self.judge {
            Some(judge) => Ok(judge.pause()?),
            None => Ok(()),
        }
    }

    async fn push(&mut self, mut bytes: Bytes) -> Result<(), ResumableError> {
        self.received = self.received.saturating_add(bytes.len() as u64);
        match self.most {
            (length, true) if self.received > length => {
                return Err(ResumableError::Length {
                    expected: length,
                    actual: self.received,
                });
            }
            (limit, false) if self.received > limit => {
                return Err(UploadError::TooLarge { limit }.into());
            }
            _ => {}
        }
        self.judge(&bytes)?;
        if let Some(summing) = &mut self.summing {
            summing.update(&bytes);
        }
        let chunk = self.service.settings().stores.chunk_bytes as usize;
        while !bytes.is_empty() {
            // A full chunk is written when it is known that it is not the last.
            if self.held.len() >= chunk {
                self.write_held().await?;
            }
            let room = chunk - self.held.len();
            if self.held.is_empty() {
                self.held.reserve_exact(chunk);
            }
            let taken = bytes.split_to(room.min(bytes.len()));
            self.held.extend_from_slice(&taken);
        }
        // So that a client which has lost its connection finds what has arrived, even if the server
        // does not know of the loss. The last bytes are for the image to add.
        if self.summing.is_none() && self.is_due() && self.most != (self.received, true) {
            self.save().await?;
        }
        Ok(())
    }

    fn is_due(&self) -> bool {
        self.service.now() >= self.since.plus_millis(LONGEST_WAIT)
    }

    /// Writes the bytes held into a segment.
    async fn write_held(&mut self) -> Result<(), ResumableError> {
        let mut writing = match self.writing.take() {
            Some(writing) => writing,
            None => {
                let start = self.at.received - self.tail as u64;
                Writing::begin(&self.service, start).await?
            }
        };
        let service = self.service.clone();
        let held = std::mem::take(&mut self.held);
        writing.size += held.len() as u64;
        let written = match service.refuse_late(writing.until) {
            Ok(()) => writing.writer.write(Bytes::from(held)).await,
            Err(late) => {
                service.delete_written(writing.writer).await;
                return Err(late.into());
            }
        };
        if let Err(error) = written {
            service.delete_written(writing.writer).await;
            return Err(ServiceError::from(error).into());
        }
        let is_long = writing.size >= LONGEST_SEGMENT;
        self.writing = Some(writing);
        if is_long && self.summing.is_none() {
            self.add_segment().await?;
        }
        Ok(())
    }

    /// Adds the segment that is being written, if any, to the upload.
    async fn add_segment(&mut self) -> Result<(), ResumableError> {
        let Some(writing) = self.writing.take() else {
            return Ok(());
        };
        let service = &self.service;
        let blob = writing.writer.finish().await.map_err(ServiceError::from)?;
        let new = NewSegment {
            segment: Segment {
                start: writing.start,
                blob: blob.clone(),
            },
            lease: writing.lease,
        };
        let now = service.now();
        let added = service
            .catalog()
            .append_segment(&self.at, &new, self.growth(), now)
            .await;
        let look = || async {
            let segments = service.catalog().segments(&self.at.id).await?;
            Ok(segments.contains(&new.segment).then_some(true))
        };
        let added = service.find_out(added, look).await;
        // If the catalog does not answer, the segment may have been added, or may still be: its
        // bytes stay until their lease ends.
        let is_in_doubt = matches!(
            added,
            Err(CatalogError::Database(_) | CatalogError::Unknown(_))
        );
        if !is_in_doubt && added != Ok(true) {
            service.delete_in_background(vec![blob]);
        }
        self.added(added?, new.segment.end())?;
        self.tail = 0;
        Ok(())
    }

    /// Adds all bytes to the upload.
    async fn save(&mut self) -> Result<(), ResumableError> {
        if self.summing.is_some() {
            // They cannot be checked any more.
            if let Some(writing) = self.writing.take() {
                self.service.delete_written(writing.writer).await;
            }
            return Ok(());
        }
        let chunk = self.service.settings().stores.chunk_bytes as usize;
        if self.held.len() >= chunk {
            self.write_held().await?;
        }
        self.add_segment().await?;
        if self.held.len() <= self.tail {
            return Ok(());
        }
        let bytes = &self.held[self.tail..];
        let end = self.at.received + bytes.len() as u64;
        let catalog = self.service.catalog();
        let added = catalog.append_tail(&self.at, bytes, self.growth()).await;
        // Whoever has added the same bytes, they are there.
        let look = || async {
            let found = catalog.find_resumable(&self.at.id).await?;
            let is_there = found.is_some_and(|found| found.received == end);
            let tail = catalog.tail(&self.at.id).await?;
            Ok((is_there && tail == self.held).then_some(true))
        };
        let added = self.service.find_out(added, look).await?;
        self.tail = self.held.len();
        self.added(added, end)
    }

    /// Notes that the upload has received its bytes up to `end`, if that was `added`.
    fn added(&mut self, added: bool, end: u64) -> Result<(), ResumableError> {
        if !added {
            return Err(ServiceError::UploadMoved.into());
        }
        self.at.received = end;
        self.since = self.service.now();
        Ok(())
    }

    fn growth(&self) -> Growth {
        Growth {
            expires_at: self.service.idle_until(self.service.now()),
            quota: self.terms.quota,
        }
    }
}
