//! Limits on clients that read responses too slowly, and on the memory that is held for them.
//!
//! The host waits for a connection that accepts no more bytes, and for a stream of HTTP/2 whose
//! flow-control window is empty. If that takes longer than [`Patience`] allows, the connection or
//! the stream is aborted.

use crate::patience::Patience;
use hyper::rt::Executor;
use std::io::{ErrorKind, IoSlice, Result};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep};

/// How many bytes the kernel buffers that it cannot send yet. It reports the socket as writable
/// again when half of them are sent, so a slow client is seen to make progress at such intervals.
const UNSENT: u32 = 128 << 10;

/// The bytes of the current response that have not been passed to the kernel yet. A connection of
/// HTTP/1 has one response at a time.
#[derive(Default)]
pub struct Backlog {
    bytes: AtomicU64,
    waiting: Mutex<Option<Waker>>,
}

impl Backlog {
    /// Begins the next response.
    pub fn begin(&self) {
        self.bytes.store(0, Relaxed);
    }

    /// Ready when all of the previous piece has been passed to the kernel.
    pub fn poll_empty(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.bytes.load(Relaxed) == 0 {
            return Poll::Ready(());
        }
        *self.lock() = Some(context.waker().clone());
        Poll::Pending
    }

    /// Adds a piece of this length.
    pub fn add(&self, length: usize) {
        self.bytes.fetch_add(length as u64, Relaxed);
    }

    /// Removes bytes that have been passed to the kernel. Heads count too: the backlog may be
    /// emptied too early, but never stays filled.
    fn remove(&self, length: usize) {
        let left = self.bytes.load(Relaxed).saturating_sub(length as u64);
        self.bytes.store(left, Relaxed);
        if left == 0
            && let Some(waker) = self.lock().take()
        {
            waker.wake();
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Waker>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A connection that ends when its client reads too slowly.
pub struct Paced {
    stream: TcpStream,
    patience: Patience,
    sleep: Pin<Box<Sleep>>,
    backlog: Arc<Backlog>,
}

impl Paced {
    /// Wraps a new connection.
    pub fn new(stream: TcpStream, timeout: Duration, backlog: Arc<Backlog>) -> Self {
        // Without this option, a slow client's progress is noticed in larger steps.
        let _ = socket2::SockRef::from(&stream).set_tcp_notsent_lowat(UNSENT);
        Self {
            stream,
            patience: Patience::new(timeout),
            sleep: Box::pin(tokio::time::sleep(timeout)),
            backlog,
        }
    }

    fn wrote(
        &mut self,
        context: &mut Context<'_>,
        written: Poll<Result<usize>>,
    ) -> Poll<Result<usize>> {
        if let Poll::Ready(written) = written {
            if let Ok(length) = written {
                self.patience.moves(Instant::now(), length);
                self.backlog.remove(length);
            }
            return Poll::Ready(written);
        }
        let deadline = self.patience.waits(Instant::now());
        if self.sleep.deadline() != deadline {
            self.sleep.as_mut().reset(deadline);
        }
        ready!(self.sleep.as_mut().poll(context));
        // Makes the kernel discard the bytes that the client does not read.
        let _ = self.stream.set_zero_linger();
        Poll::Ready(Err(ErrorKind::TimedOut.into()))
    }
}

impl AsyncRead for Paced {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Paced {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.wrote(context, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.wrote(context, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

tokio::task_local! {
    static PACE: Arc<Pace>;
}

/// How fast a client reads the response on one stream of HTTP/2.
pub struct Pace(Mutex<(Patience, usize)>);

impl Pace {
    fn new(timeout: Duration) -> Self {
        Self(Mutex::new((Patience::new(timeout), 0)))
    }

    /// The pace of the stream that the current task runs.
    pub fn current() -> Option<Arc<Self>> {
        PACE.try_with(Arc::clone).ok()
    }

    /// Records that another piece is polled, so the previous one has been accepted.
    pub fn asked(&self) {
        let (patience, given) = &mut *self.lock();
        patience.moves(Instant::now(), std::mem::take(given));
    }

    /// Records that a piece of this length has been returned.
    pub fn gave(&self, length: usize) {
        let (patience, given) = &mut *self.lock();
        *given = length;
        patience.waits(Instant::now());
    }

    /// Completes when the host has waited for the client too long, at most an eighth of `timeout`
    /// late.
    async fn is_over(&self, timeout: Duration) {
        loop {
            let deadline = self.lock().0.deadline();
            let now = Instant::now();
            if deadline.is_some_and(|deadline| deadline <= now) {
                return;
            }
            let next = now + timeout / 8;
            let next = deadline.map_or(next, |deadline| deadline.min(next));
            tokio::time::sleep_until(next).await;
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, (Patience, usize)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs streams of HTTP/2, each until the host has waited too long for its client.
#[derive(Clone)]
pub struct Streams(pub Duration);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        let timeout = self.0;
        let pace = Arc::new(Pace::new(timeout));
        tokio::spawn(PACE.scope(pace.clone(), async move {
            tokio::select! {
                () = stream => {}
                () = pace.is_over(timeout) => {}
            }
        }));
    }
}
