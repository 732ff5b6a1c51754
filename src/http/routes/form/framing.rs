//! What a form has besides the data of its parts: boundaries, headers, and what comes
//! before the first. The parser gathers them until they are whole, and looks through all
//! that it has gathered whenever it is given more. So they are bounded here, before it gets
//! them, and pieces are put together that are much smaller than what it has already: what
//! it does then grows with the bytes, and not with their square.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;

/// The most bytes from the end of one part's data to the beginning of the next's: room
/// for a file name of 64 kB, of which each byte is sent as three.
pub(super) const MAX_FRAMING: u64 = 256 << 10;

/// What the parser is given has at least this fraction of what it was given before.
const LEAST_FRACTION: u64 = 8;

/// How much is left where nothing is bounded: within a part's data.
const UNBOUNDED: u64 = u64::MAX;

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
        self.left.store(UNBOUNDED, Ordering::Relaxed);
    }
}

/// A form's bytes, for the parser.
pub(super) struct Framed {
    body: BodyDataStream,
    left: Arc<AtomicU64>,
    /// What has come and is not given yet.
    held: BytesMut,
    /// Whether the body has ended.
    ended: bool,
    /// Whether the last poll gave some.
    gave: bool,
}

/// The bytes of a form, and what tells how many are given out of them.
pub(super) fn of(body: Body) -> (Framed, Place) {
    let left = Arc::new(AtomicU64::new(MAX_FRAMING));
    let place = Place { left: left.clone() };
    let framed = Framed {
        body: body.into_data_stream(),
        left,
        held: BytesMut::new(),
        ended: false,
        gave: false,
    };
    (framed, place)
}

impl Framed {
    /// The next piece for the parser, where so many bytes are left to it.
    fn poll_piece(
        &mut self,
        left: u64,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BoxError>>> {
        let least = match left {
            UNBOUNDED => 0,
            left => MAX_FRAMING.saturating_sub(left) / LEAST_FRACTION,
        };
        loop {
            let held = u64::try_from(self.held.len()).unwrap_or(u64::MAX);
            if held > 0 && (held >= least || self.ended) {
                return Poll::Ready(Some(Ok(self.held.split().freeze())));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            match ready!(Pin::new(&mut self.body).poll_next(context)) {
                Some(Ok(bytes)) if held == 0 && bytes.len() as u64 >= least => {
                    return Poll::Ready(Some(Ok(bytes)));
                }
                Some(Ok(bytes)) => self.held.extend_from_slice(&bytes),
                Some(Err(error)) => return Poll::Ready(Some(Err(error.into()))),
                None => self.ended = true,
            }
        }
    }
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
        let piece = ready!(self.poll_piece(left, context));
        if let Some(Ok(bytes)) = &piece {
            let length = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            self.left
                .store(left.saturating_sub(length), Ordering::Relaxed);
            self.gave = true;
        }
        Poll::Ready(piece)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{FutureExt as _, StreamExt as _, future, stream};

    use super::*;

    /// The lengths of the pieces that a parser is given which looks for a part all along.
    fn given(pieces: usize, piece: &'static [u8]) -> Vec<usize> {
        let pieces = (0..pieces).map(move |_| Ok::<_, Infallible>(Bytes::from_static(piece)));
        let (mut framed, _place) = of(Body::from_stream(stream::iter(pieces)));
        let mut lengths = Vec::new();
        loop {
            // Every other poll tells the parser to look at what it has.
            match future::poll_fn(|context| framed.poll_next_unpin(context)).now_or_never() {
                None => {}
                Some(None) => return lengths,
                Some(Some(piece)) => match piece {
                    Ok(bytes) => lengths.push(bytes.len()),
                    Err(_) => return lengths,
                },
            }
        }
    }

    #[test]
    fn a_head_in_single_bytes_is_looked_through_a_hundred_times_at_most() {
        let lengths = given(300_000, b"a");
        assert!(lengths.len() < 150, "{}", lengths.len());
        let sum: usize = lengths.iter().sum();
        assert!(sum as u64 >= MAX_FRAMING && (sum as u64) < MAX_FRAMING * 9 / 8);
    }

    #[test]
    fn all_that_came_is_given_when_the_body_ends() {
        for pieces in [0, 1, 9, 1000] {
            assert_eq!(given(pieces, b"abc").iter().sum::<usize>(), 3 * pieces);
        }
        assert_eq!(given(3, &[b'a'; 1000]), [1000, 1000, 1000]);
    }
}
