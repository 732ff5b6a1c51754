//! The writer of an object.

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use http::Method;

use super::S3Blobs;
use super::client::Call;
use super::multipart::{self, Upload};
use crate::blobs::seal::{SEAL_BYTES, Sealer};
use crate::blobs::{BlobError, BlobWriter};
use crate::model::{BlobId, BlobRef};

/// The minimum length that S3 accepts for every part but the last.
const LEAST_PART: usize = 5 << 20;
/// The maximum number of parts of an upload.
const MOST_PARTS: u64 = 10_000;

type Sending = BoxFuture<'static, Result<String, BlobError>>;

pub(super) struct S3Writer {
    store: S3Blobs,
    id: BlobId,
    chunk_size: u32,
    /// The length of each part.
    part: usize,
    /// Sealed bytes that have not been sent.
    buffer: Vec<u8>,
    /// The length of the object in bytes, if known.
    expected: Option<u64>,
    /// The number of bytes of content so far.
    size: u64,
    sealer: Sealer,
    /// The index of the chunk that is being sealed.
    index: u64,
    /// The number of bytes of that chunk so far.
    in_chunk: usize,
    /// `None` while everything fits into the buffer.
    upload: Option<Upload>,
    /// The entity tags of the parts that have arrived.
    etags: Vec<String>,
    in_flight: Option<Sending>,
}

impl S3Writer {
    pub(super) fn new(store: S3Blobs, id: BlobId, chunk_size: u32, size_hint: Option<u64>) -> Self {
        let sealed = |size: u64| {
            let chunks = size.div_ceil(u64::from(chunk_size));
            size.saturating_add(chunks.saturating_mul(SEAL_BYTES as u64))
        };
        let expected = size_hint.map(sealed);
        let least = expected.unwrap_or_default().div_ceil(MOST_PARTS);
        Self {
            sealer: Sealer::new(&id, 0),
            part: usize::try_from(least).unwrap_or(usize::MAX).max(LEAST_PART),
            store,
            id,
            chunk_size,
            buffer: Vec::new(),
            expected,
            size: 0,
            index: 0,
            in_chunk: 0,
            upload: None,
            etags: Vec::new(),
            in_flight: None,
        }
    }

    /// Adds bytes of the object, already sealed.
    async fn push(&mut self, mut bytes: &[u8]) -> Result<(), BlobError> {
        while !bytes.is_empty() {
            if self.buffer.capacity() == 0 {
                self.reserve();
            }
            let room = self.part.saturating_sub(self.buffer.len());
            let (taken, rest) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(taken);
            bytes = rest;
            if self.buffer.len() >= self.part {
                self.send_part().await?;
            }
        }
        Ok(())
    }

    /// Makes room for the next part if its length is known. Otherwise the buffer grows by
    /// itself, because most objects are much shorter than a part.
    fn reserve(&mut self) {
        let sent = self.etags.len() + usize::from(self.in_flight.is_some());
        let sent = (sent as u64).saturating_mul(self.part as u64);
        let rest = self.expected.map(|all| all.saturating_sub(sent));
        let known = match rest.map(usize::try_from) {
            Some(Ok(rest)) => rest.min(self.part),
            Some(Err(_)) => self.part,
            None if self.upload.is_some() => self.part,
            None => 0,
        };
        self.buffer.reserve_exact(known);
    }

    async fn send_part(&mut self) -> Result<(), BlobError> {
        let upload = match &self.upload {
            Some(upload) => upload.clone(),
            None => {
                let upload = multipart::begin(&self.store, &self.id).await?;
                self.upload.insert(upload).clone()
            }
        };
        self.arrive().await?;
        let number = self.etags.len() + 1;
        let part = Bytes::from(std::mem::take(&mut self.buffer));
        self.in_flight = Some(Box::pin(async move { upload.send(number, part).await }));
        Ok(())
    }

    /// Waits for the part in flight.
    async fn arrive(&mut self) -> Result<(), BlobError> {
        if let Some(sending) = &mut self.in_flight {
            let sent = sending.await;
            self.in_flight = None;
            self.etags.push(sent?);
        }
        Ok(())
    }

    async fn end_chunk(&mut self) -> Result<(), BlobError> {
        let seal = self.sealer.finish();
        self.index += 1;
        self.in_chunk = 0;
        self.sealer = Sealer::new(&self.id, self.index);
        self.push(&seal).await
    }

    /// Sends the rest, and completes the object.
    async fn complete(&mut self) -> Result<(), BlobError> {
        if self.in_chunk > 0 {
            self.end_chunk().await?;
        }
        if self.upload.is_some() && !self.buffer.is_empty() {
            self.send_part().await?;
        }
        self.arrive().await?;
        match &self.upload {
            Some(upload) => upload.complete(&self.etags).await,
            None if self.buffer.is_empty() => Ok(()),
            None => self.put().await,
        }
    }

    async fn put(&mut self) -> Result<(), BlobError> {
        let key = self.store.key(&self.id);
        let call = Call {
            headers: &[("content-type", "application/octet-stream")],
            body: std::mem::take(&mut self.buffer).into(),
            ..Call::new(Method::PUT, Some(&key))
        };
        let answer = self.store.client.stream(&call).await?;
        multipart::entity_tag(&answer).map(drop)
    }
}

#[async_trait]
impl BlobWriter for S3Writer {
    async fn write(&mut self, mut bytes: Bytes) -> Result<(), BlobError> {
        while !bytes.is_empty() {
            let room = (self.chunk_size as usize).saturating_sub(self.in_chunk);
            let taken = bytes.split_to(room.min(bytes.len()));
            self.sealer.update(&taken);
            self.in_chunk += taken.len();
            self.size += taken.len() as u64;
            self.push(&taken).await?;
            if self.in_chunk == self.chunk_size as usize {
                self.end_chunk().await?;
            }
        }
        // Lets a part in flight proceed while more bytes are awaited.
        if let Some(sent) = self
            .in_flight
            .as_mut()
            .and_then(|sending| sending.now_or_never())
        {
            self.in_flight = None;
            self.etags.push(sent?);
        }
        Ok(())
    }

    async fn finish(mut self: Box<Self>) -> Result<BlobRef, BlobError> {
        if let Err(error) = self.complete().await {
            // If that fails too, the remains are left to the sweep.
            let _ = self.abort().await;
            return Err(error);
        }
        Ok(BlobRef {
            id: self.id,
            size: self.size,
            chunk_size: self.chunk_size,
        })
    }

    async fn abort(mut self: Box<Self>) -> Result<Option<BlobRef>, BlobError> {
        // A part must not arrive after the upload's end, so wait for it first.
        let _ = self.arrive().await;
        if let Some(upload) = self.upload.take() {
            upload.abort().await?;
        }
        // A late write is found by the sweep of its lease, because an object has one key.
        Ok(None)
    }
}
