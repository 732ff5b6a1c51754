//! Clients that take what they are sent too slowly, and how little is held for them.
//!
//! A connection that takes no more bytes is waited for, and so is a stream of HTTP/2 whose
//! client gives no leave to send. What is longer in coming than patience lasts is broken
//! off.

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

/// So much the kernel takes that it cannot send yet. It tells that there is room again
/// when half of that is sent: a slow client is seen to take something that often.
const UNSENT: u32 = 128 << 10;

/// What of a connection's bodies is not with the kernel yet. There is one of them at a time.
#[derive(Default)]
pub struct Backlog {
    bytes: AtomicU64,
    waiting: Mutex<Option<Waker>>,
}

impl Backlog {
    /// Another answer begins.
    pub fn begin(&self) {
        self.bytes.store(0, Relaxed);
    }

    /// Ready when all of the piece before is out.
    pub fn poll_empty(&self, context: &mut Context<'_>) -> Poll<()> {
        if self.bytes.load(Relaxed) == 0 {
            return Poll::Ready(());
        }
        *self.lock() = Some(context.waker().clone());
        Poll::Pending
    }

    /// A piece is on its way.
    pub fn add(&self, length: usize) {
        self.bytes.fetch_add(length as u64, Relaxed);
    }

    /// So many bytes are out, heads included, so that nothing is waited for in vain.
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

/// A connection that ends when its client takes too long over what it is sent.
pub struct Paced {
    stream: TcpStream,
    patience: Patience,
    sleep: Pin<Box<Sleep>>,
    backlog: Arc<Backlog>,
}

impl Paced {
    /// A new connection.
    pub fn new(stream: TcpStream, timeout: Duration, backlog: Arc<Backlog>) -> Self {
        // Without it a slow client is noticed in larger steps.
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
        // The kernel does not keep what the client does not take, either.
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

/// How a client takes the answer on one stream of HTTP/2.
pub struct Pace(Mutex<(Patience, usize)>);

impl Pace {
    fn new(timeout: Duration) -> Self {
        Self(Mutex::new((Patience::new(timeout), 0)))
    }

    /// That of the stream whose task this is.
    pub fn current() -> Option<Arc<Self>> {
        PACE.try_with(Arc::clone).ok()
    }

    /// Another piece is asked for: the one before is on its way.
    pub fn asked(&self) {
        let (patience, given) = &mut *self.lock();
        patience.moves(Instant::now(), std::mem::take(given));
    }

    /// A piece was given.
    pub fn gave(&self, length: usize) {
        let (patience, given) = &mut *self.lock();
        *given = length;
        patience.waits(Instant::now());
    }

    /// Ends when the client has been waited for too long, and at most an eighth later.
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

/// Runs streams of HTTP/2, each no longer than its client is waited for.
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
