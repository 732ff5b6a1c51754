//! What a form has besides the data of its parts: boundaries, headers, and what comes
//! before the first. The parser gathers them until they are whole, so they are bounded
//! here, before it gets them.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, BodyDataStream};
use bytes::Bytes;
use futures_util::Stream;

/// The most bytes from the end of one part's data to the beginning of the next's: room
/// for a file name of 64 kB, of which each byte is sent as three.
pub(super) const MAX_FRAMING: u64 = 256 << 10;

/// There are more.
#[derive(Debug, thiserror::Error)]
#[error("the form has more than {MAX_FRAMING} bytes in a row that are no part's data")]
pub(super) struct TooMuchFraming;

/// Where the parser is in a form.
pub(super) struct Place {
    /// The bytes that it may still be given.
    left: Arc<AtomicU64>,
}

impl Place {
    /// It looks for the next part.
    pub(super) fn before_part(&self) {
        self.left.store(MAX_FRAMING, Ordering::Relaxed);
    }

    /// It has found one, and hands on its data.
    pub(super) fn in_part(&self) {
        self.left.store(u64::MAX, Ordering::Relaxed);
    }
}

/// A form's bytes, for the parser.
pub(super) struct Framed {
    body: BodyDataStream,
    left: Arc<AtomicU64>,
    /// Whether the last poll gave some.
    gave: bool,
}

/// The bytes of a form, and what tells how many are given out of them.
pub(super) fn of(body: Body) -> (Framed, Place) {
    let left = Arc::new(AtomicU64::new(MAX_FRAMING));
    let place = Place { left: left.clone() };
    let body = body.into_data_stream();
    let gave = false;
    (Framed { body, left, gave }, place)
}

impl Stream for Framed {
    type Item = Result<Bytes, BoxError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        // The parser takes all that it can get before it looks at any of it.
        if std::mem::take(&mut self.gave) {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        let left = self.left.load(Ordering::Relaxed);
        if left == 0 {
            return Poll::Ready(Some(Err(TooMuchFraming.into())));
        }
        let next = ready!(Pin::new(&mut self.body).poll_next(context));
        if let Some(Ok(bytes)) = &next {
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            let left = left.saturating_sub(length);
            self.left.store(left, Ordering::Relaxed);
            self.gave = true;
        }
        Poll::Ready(next.map(|bytes| bytes.map_err(Into::into)))
    }
}
