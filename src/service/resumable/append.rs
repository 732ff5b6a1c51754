//! Adding a piece to an upload, whatever the protocol.

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};

use super::checksum::Summing;
use super::intake::Intake;
use super::terms::Recorded;
use super::{Checksum, ResumableError, ResumableState, Service, ServiceError, UploadError};
use crate::catalog::{CatalogError, Ending, Resumable};

/// What a request says about the bytes that it adds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece {
    /// Where they begin.
    pub offset: u64,
    /// How many there are, if known.
    pub size: Option<u64>,
    /// The length of the whole file, if the request declares it.
    pub length: Option<u64>,
    /// When the file is complete.
    pub end: End,
    /// The checksum of the bytes. Bytes that do not have it are not added, and neither are those
    /// of a request whose connection breaks.
    pub checksum: Option<Checksum>,
}

/// When a file is complete.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// When it has the length that was declared.
    #[default]
    AtLength,
    /// At the end of this piece.
    Here,
    /// At the end of a later piece, whatever its length.
    Later,
}

impl Service {
    /// Adds a piece to an upload. If that completes the file, it becomes an image. If the
    /// connection breaks, what has arrived is added.
    ///
    /// A repetition of the last piece of a complete upload adds nothing, and returns the image.
    ///
    /// # Errors
    /// [`ResumableError`]; an upload whose file is refused has ended.
    pub async fn append<S, E>(
        &self,
        id: &str,
        piece: Piece,
        body: S,
    ) -> Result<ResumableState, ResumableError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: std::fmt::Display,
    {
        let upload = self.find_resumable(id).await?;
        if upload.completed_at.is_some() {
            return self.repeated(upload, &piece).await;
        }
        match self.append_to(upload, &piece, body).await {
            Err(error) => self.failed(id, &piece, error).await,
            appended => appended,
        }
    }

    /// Answers a request that could not add its piece. If another request has continued or
    /// completed the upload, that is the reason.
    async fn failed(
        &self,
        id: &str,
        piece: &Piece,
        error: ResumableError,
    ) -> Result<ResumableState, ResumableError> {
        let has_moved = error == ServiceError::UploadMoved.into();
        if !has_moved && !error.ends_the_upload() {
            return Err(error);
        }
        let upload = self.find_resumable(id).await?;
        if upload.completed_at.is_some() {
            return self.repeated(upload, piece).await;
        }
        if has_moved {
            return Err(ResumableError::Mismatch {
                expected: upload.received,
                provided: piece.offset,
            });
        }
        self.drop_resumable(id, Ending::Refused).await?;
        Err(error)
    }

    async fn append_to<S, E>(
        &self,
        mut upload: Resumable,
        piece: &Piece,
        body: S,
    ) -> Result<ResumableState, ResumableError>
    where
        S: Stream<Item = Result<Bytes, E>> + Send,
        E: std::fmt::Display,
    {
        if piece.offset != upload.received {
            return Err(ResumableError::Mismatch {
                expected: upload.received,
                provided: piece.offset,
            });
        }
        let recorded = Recorded::parse(&upload.terms).ok_or(CatalogError::Damaged {
            table: "resumable_uploads",
            column: 5,
        })?;
        self.settle_length(&mut upload, &recorded, piece).await?;
        let summing = piece.checksum.clone().map(Summing::new);
        let mut intake = Intake::begin(self, &upload, &recorded, summing).await?;
        let taken = take(&mut intake, body).await;
        let client = recorded.rate_client(&upload.owner);
        let bytes = intake.received().saturating_sub(piece.offset);
        self.count_bytes(&client, bytes).await;
        if let Err(error) = taken {
            match &error {
                // The client asks for the offset.
                ResumableError::Upload(UploadError::Interrupted(_)) => {
                    intake.save().await?;
                }
                // There is no knowing which of the bytes belong to the file.
                ResumableError::Length { .. } => {
                    intake.discard().await;
                    self.drop_resumable(&upload.id, Ending::Refused).await?;
                }
                _ => intake.discard().await,
            }
            return Err(error);
        }
        intake.check().await?;
        let received = intake.received();
        let is_whole = match piece.end {
            End::AtLength => upload.length == Some(received),
            End::Here => true,
            End::Later => false,
        };
        let is_short = upload.length.is_some_and(|length| length != received);
        if piece.end == End::Here && is_short {
            intake.save().await?;
            return Err(ResumableError::Length {
                expected: upload.length.unwrap_or(received),
                actual: received,
            });
        }
        if is_whole && !upload.is_partial {
            return self.finish(upload, recorded, intake).await;
        }
        upload.received = intake.save().await?;
        upload.expires_at = self.idle_until(self.now()).min(upload.deadline);
        Ok(self.open_state(upload))
    }

    /// Checks that all that is known of the length agrees, and records it.
    async fn settle_length(
        &self,
        upload: &mut Resumable,
        recorded: &Recorded,
        piece: &Piece,
    ) -> Result<(), ResumableError> {
        let end = piece.size.map(|size| piece.offset.saturating_add(size));
        let by_end = end.filter(|_| piece.end == End::Here);
        let known = upload.length.or(piece.length).or(by_end);
        let Some(length) = known else {
            return Ok(());
        };
        let differs = [piece.length, by_end].into_iter().flatten();
        let differs = differs.filter(|declared| *declared != length);
        let too_long = end.filter(|end| *end > length);
        let too_short = Some(upload.received).filter(|received| *received > length);
        if let Some(actual) = differs.chain(too_long).chain(too_short).next() {
            let expected = length;
            return Err(ResumableError::Length { expected, actual });
        }
        if upload.length.is_some() {
            return Ok(());
        }
        self.refuse_length(&recorded.terms(&upload.owner), Some(length))?;
        // An upload has all of its bytes only when it is an image.
        if length > upload.received || upload.is_partial {
            let catalog = self.catalog();
            let set = catalog.set_length(&upload.id, length, recorded.quota());
            let look = || async {
                let found = catalog.find_resumable(&upload.id).await?;
                let has_it = found.is_some_and(|found| found.length == Some(length));
                Ok(has_it.then_some(true))
            };
            if !self.find_out(set.await, look).await? {
                return Err(ServiceError::UploadMoved.into());
            }
        }
        upload.length = Some(length);
        Ok(())
    }

    /// Answers a request that continues an upload which is complete.
    async fn repeated(
        &self,
        upload: Resumable,
        piece: &Piece,
    ) -> Result<ResumableState, ResumableError> {
        let end = piece.size.and_then(|size| piece.offset.checked_add(size));
        if piece.offset == upload.received || end == Some(upload.received) {
            return self.state_of(upload).await;
        }
        Err(ResumableError::Mismatch {
            expected: upload.received,
            provided: piece.offset,
        })
    }
}

/// Takes the bytes of a body.
async fn take<S, E>(intake: &mut Intake, body: S) -> Result<(), ResumableError>
where
    S: Stream<Item = Result<Bytes, E>> + Send,
    E: std::fmt::Display,
{
    let mut body = std::pin::pin!(body);
    while let Some(bytes) = body.next().await {
        let interrupted = |error: E| UploadError::Interrupted(error.to_string());
        intake.push(bytes.map_err(interrupted)?).await?;
    }
    Ok(())
}

impl ResumableError {
    /// Whether nothing that its client could still send would make the upload an image.
    pub fn ends_the_upload(&self) -> bool {
        match self {
            Self::Upload(error) => match error {
                UploadError::TooLarge { .. }
                | UploadError::TypeMismatch { .. }
                | UploadError::DigestMismatch
                | UploadError::Media(_) => true,
                UploadError::Service(error) => {
                    matches!(
                        error,
                        ServiceError::TicketSpent
                            | ServiceError::TicketRevoked
                            | ServiceError::Damaged(_)
                    )
                }
                UploadError::TooManyFiles { .. }
                | UploadError::NoFile
                | UploadError::Interrupted(_) => false,
            },
            _ => false,
        }
    }
}
