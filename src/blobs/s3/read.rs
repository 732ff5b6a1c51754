//! Reads ranges of an object: one GET for every run of chunks, checked chunk by chunk, and
//! resumed where it breaks off.

use std::collections::VecDeque;
use std::ops::Range;

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use http::header::ETAG;
use http::{Method, StatusCode};

use super::client::{Call, CallError};
use super::span::Span;
use super::{S3Blobs, is_absent};
use crate::blobs::fetch::{Fetch, cut, fetches};
use crate::blobs::seal::{self, SEAL_BYTES};
use crate::blobs::{BlobError, ByteStream};
use crate::model::BlobRef;

/// The maximum number of times that a transfer is resumed without a good chunk in between.
const PATIENCE: u32 = 2;

/// Returns the bytes of `ranges`, which must lie inside `blob`.
pub(super) async fn read(
    store: S3Blobs,
    blob: BlobRef,
    ranges: &[Range<u64>],
) -> Result<ByteStream, BlobError> {
    let transfer = Transfer {
        fetches: Box::new(fetches(&blob, ranges.to_vec())),
        runs: runs(&blob, ranges),
        store,
        blob,
        next: 0,
        last: None,
        body: stream::empty().boxed(),
        rest: Bytes::new(),
        span: Span::default(),
        spare: PATIENCE,
    };
    let mut chunks = Box::pin(stream::try_unfold(transfer, |mut transfer| async move {
        let Some(fetch) = transfer.fetches.next() else {
            return Ok::<_, BlobError>(None);
        };
        let content = transfer.chunk(fetch.index, fetch.length).await?;
        Ok(Some((cut(&content, &fetch.parts), transfer)))
    }));
    let Some(first) = chunks.try_next().await? else {
        return Ok(stream::empty().boxed());
    };
    let chunks = stream::once(async { Ok::<_, BlobError>(first) }).chain(chunks);
    let parts = |parts: Vec<Bytes>| stream::iter(parts.into_iter().map(Ok));
    Ok(chunks.map_ok(parts).try_flatten().boxed())
}

/// The chunks of `ranges`, as runs (first and last) that one GET each can fetch.
fn runs(blob: &BlobRef, ranges: &[Range<u64>]) -> VecDeque<(u64, u64)> {
    let chunk_size = u64::from(blob.chunk_size.max(1));
    let mut runs: VecDeque<(u64, u64)> = VecDeque::new();
    for range in ranges.iter().filter(|range| range.start < range.end) {
        let (first, last) = (range.start / chunk_size, (range.end - 1) / chunk_size);
        match runs.back_mut() {
            Some((_, end)) if first == *end || first == *end + 1 => *end = last,
            _ => runs.push_back((first, last)),
        }
    }
    runs
}

struct Transfer {
    store: S3Blobs,
    blob: BlobRef,
    fetches: Box<dyn Iterator<Item = Fetch> + Send>,
    /// The runs that have not been begun.
    runs: VecDeque<(u64, u64)>,
    /// The index of the next chunk in the body.
    next: u64,
    /// The last chunk of the body's run; `None` before the first.
    last: Option<u64>,
    body: ByteStream,
    /// Bytes of the last piece of the body that belong to later chunks.
    rest: Bytes,
    /// The span that the head of the answer declared.
    span: Span,
    /// How often the transfer may still be resumed.
    spare: u32,
}

/// Why a chunk did not arrive.
enum Cut {
    /// The object ends before the chunk does.
    End { actual: u64 },
    /// The connection broke.
    Broken(BlobError),
}

impl Transfer {
    /// The position in the blob at which a chunk begins.
    fn offset(&self, index: u64) -> u64 {
        index.saturating_mul(u64::from(self.blob.chunk_size.max(1)))
    }

    /// Requests the next chunk and all after it, up to the chunk `last`.
    async fn open(&mut self, last: u64) -> Result<(), BlobError> {
        let (seal, chunks) = (SEAL_BYTES as u64, last + 1);
        let from = self.offset(self.next) + self.next * seal;
        let to = self.offset(chunks).min(self.blob.size) + chunks * seal;
        let range = format!("bytes={from}-{}", to.saturating_sub(1));
        let key = self.store.key(&self.blob.id);
        let call = Call {
            headers: &[("range", &range)],
            ..Call::new(Method::GET, Some(&key))
        };
        match self.store.client.stream(&call).await {
            Ok(response) => {
                // The answer of a proxy has none.
                let is_object = response.headers().contains_key(ETAG);
                let span = Span::of(response.status(), response.headers());
                let Some(span) = span.filter(|span| span.from == from && is_object) else {
                    let other = "S3 sent something other than the requested range";
                    return Err(BlobError::store(other.to_owned()));
                };
                self.rest = Bytes::new();
                self.span = span;
                self.body = response.into_body();
                Ok(())
            }
            Err(CallError::Refused(refusal)) if is_absent(&refusal) => Err(BlobError::Missing {
                id: self.blob.id.clone(),
                index: self.next,
            }),
            Err(CallError::Refused(refusal))
                if refusal.status == StatusCode::RANGE_NOT_SATISFIABLE =>
            {
                Err(self.damaged(0))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the content of a chunk, which has `length` bytes. Chunks must be requested
    /// in the order of the runs.
    async fn chunk(&mut self, index: u64, length: u64) -> Result<Bytes, BlobError> {
        if self.last.is_none_or(|last| self.next > last)
            && let Some((first, last)) = self.runs.pop_front()
        {
            self.next = first;
            self.last = Some(last);
            self.open(last).await?;
        }
        let content = loop {
            match self.gather(length).await {
                Ok(sealed) => match seal::open(&self.blob.id, index, sealed, length) {
                    Ok(content) => break content,
                    Err(error) if self.spare == 0 => return Err(error),
                    // It may have been damaged in transit.
                    Err(_) => {}
                },
                Err(Cut::End { actual }) => return Err(self.damaged(actual)),
                Err(Cut::Broken(error)) if self.spare == 0 => return Err(error),
                Err(Cut::Broken(_)) => {}
            }
            self.spare -= 1;
            self.open(self.last.unwrap_or(index)).await?;
        };
        self.next = index + 1;
        self.spare = PATIENCE;
        Ok(content)
    }

    /// The length of the next chunk's content.
    fn length(&self) -> u64 {
        let chunk_size = u64::from(self.blob.chunk_size.max(1));
        chunk_size.min(self.blob.size.saturating_sub(self.offset(self.next)))
    }

    fn damaged(&self, actual: u64) -> BlobError {
        BlobError::Damaged {
            id: self.blob.id.clone(),
            index: self.next,
            expected: self.length() + SEAL_BYTES as u64,
            actual,
        }
    }

    /// Collects a chunk of this length, with its seal, from the body.
    async fn gather(&mut self, length: u64) -> Result<Bytes, Cut> {
        let too_long = || Cut::Broken(BlobError::store("a chunk is larger than memory"));
        let length = usize::try_from(length).map_err(|_| too_long())?;
        let wanted = length.checked_add(SEAL_BYTES).ok_or_else(too_long)?;
        if self.rest.len() >= wanted {
            return Ok(self.rest.split_to(wanted));
        }
        let mut gathered = Vec::with_capacity(wanted);
        gathered.extend_from_slice(&std::mem::take(&mut self.rest));
        while gathered.len() < wanted {
            match self.body.next().await {
                Some(Ok(mut piece)) => {
                    self.span.take(piece.len() as u64);
                    let missing = wanted - gathered.len();
                    gathered.extend_from_slice(&piece.split_to(missing.min(piece.len())));
                    self.rest = piece;
                }
                Some(Err(error)) => return Err(Cut::Broken(error)),
                None if self.span.is_at_end() => {
                    let actual = gathered.len() as u64;
                    return Err(Cut::End { actual });
                }
                None => {
                    let early = "S3's answer ended early".to_owned();
                    return Err(Cut::Broken(BlobError::store(early)));
                }
            }
        }
        Ok(gathered.into())
    }
}
