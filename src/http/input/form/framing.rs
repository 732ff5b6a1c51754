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

/// There are more.
#[derive(Debug, thiserror::Error)]
#[error("the form has more than {MAX_FRAMING} bytes in a row between the data of its parts")]
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
    /// Small pieces that are not given yet.
    held: BytesMut,
    /// What comes after those of the last piece.
    rest: Bytes,
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
        rest: Bytes::new(),
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
        // Nothing where all is left, as it is within a part's data.
        let given = MAX_FRAMING.saturating_sub(left);
        let left = usize::try_from(left).unwrap_or(usize::MAX);
        let least = usize::try_from(given / LEAST_FRACTION).unwrap_or(usize::MAX);
        let least = least.min(left);
        loop {
            let held = self.held.len();
            if held > 0 && (held >= least || self.ended) {
                return Poll::Ready(Some(Ok(self.held.split().freeze())));
            }
            if self.ended {
                return Poll::Ready(None);
            }
            match ready!(self.poll_body(context)) {
                Some(Ok(mut bytes)) => {
                    let most = bytes.len().min(left - held);
                    self.rest = bytes.split_off(most);
                    if held == 0 && most >= least {
                        return Poll::Ready(Some(Ok(bytes)));
                    }
                    self.held.extend_from_slice(&bytes);
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None => self.ended = true,
            }
        }
    }

    fn poll_body(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, BoxError>>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Some(Ok(std::mem::take(&mut self.rest))));
        }
        let next = ready!(Pin::new(&mut self.body).poll_next(context));
        Poll::Ready(next.map(|bytes| bytes.map_err(Into::into)))
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
        assert_eq!(lengths.iter().sum::<usize>() as u64, MAX_FRAMING);
    }

    #[test]
    fn all_that_came_is_given_when_the_body_ends() {
        for pieces in [0, 1, 9, 1000] {
            assert_eq!(given(pieces, b"abc").iter().sum::<usize>(), 3 * pieces);
        }
        assert_eq!(given(3, &[b'a'; 1000]), [1000, 1000, 1000]);
        // But for what is too much, of which the rest stays.
        let most = usize::try_from(MAX_FRAMING).expect("fits");
        assert_eq!(given(1, &[b'a'; 300_000]), [most]);
    }
}
