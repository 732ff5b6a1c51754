//! The framing of a form: everything except the data of its parts, that is, boundaries, headers
//! and the preamble. The parser buffers framing until it is complete, and searches the whole
//! buffer whenever it receives more. Therefore this module limits the framing before it reaches
//! the parser, and merges pieces that are much smaller than the parser's buffer. The work of the
//! parser is then linear in the number of bytes instead of quadratic.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::BoxError;
use axum::body::{Body, BodyDataStream};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;

/// The maximum number of bytes between the data of one part and the data of the next. It allows a
/// file name of 64 kB in which each byte is encoded as three.
pub(super) const MAX_FRAMING: u64 = 256 << 10;

/// Each piece for the parser has at least this fraction of the bytes that it already has.
const LEAST_FRACTION: u64 = 8;

/// The framing exceeds [`MAX_FRAMING`].
#[derive(Debug, thiserror::Error)]
#[error("the form must have at most {MAX_FRAMING} bytes between the data of two parts")]
pub(super) struct TooMuchFraming;

/// The parser's position in a form.
pub(super) struct Place {
    /// The number of bytes that the parser may still receive.
    left: Arc<AtomicU64>,
}

impl Place {
    /// The parser is looking for the next part.
    pub(super) fn before_part(&self) {
        self.left.store(MAX_FRAMING, Ordering::Relaxed);
    }

    /// The parser has found a part, and is returning its data.
    pub(super) fn in_part(&self) {
        self.left.store(u64::MAX, Ordering::Relaxed);
    }
}

/// The bytes of a form, for the parser.
pub(super) struct Framed {
    body: BodyDataStream,
    left: Arc<AtomicU64>,
    /// Small pieces that the parser has not received yet.
    held: BytesMut,
    /// The remaining bytes of the body's last piece.
    rest: Bytes,
    /// Whether the body has ended.
    ended: bool,
    /// Whether the last poll returned bytes.
    has_returned: bool,
}

/// The bytes of a form, and the place that controls how many of them the parser receives.
pub(super) fn of(body: Body) -> (Framed, Place) {
    let left = Arc::new(AtomicU64::new(MAX_FRAMING));
    let place = Place { left: left.clone() };
    let framed = Framed {
        body: body.into_data_stream(),
        left,
        held: BytesMut::new(),
        rest: Bytes::new(),
        ended: false,
        has_returned: false,
    };
    (framed, place)
}

impl Framed {
    /// The next piece for the parser, which may still receive `left` bytes.
    fn poll_piece(
        &mut self,
        left: u64,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Bytes, BoxError>>> {
        // Zero within the data of a part, where the parser may receive everything.
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
        // The parser polls until there is nothing left before it inspects any bytes.
        if std::mem::take(&mut self.has_returned) {
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
            self.has_returned = true;
        }
        Poll::Ready(piece)
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::{FutureExt as _, StreamExt as _, future, stream};

    use super::*;

    /// The lengths of the pieces that a parser receives while it is looking for a part.
    fn given(pieces: usize, piece: &'static [u8]) -> Vec<usize> {
        let pieces = (0..pieces).map(move |_| Ok::<_, Infallible>(Bytes::from_static(piece)));
        let (mut framed, _place) = of(Body::from_stream(stream::iter(pieces)));
        let mut lengths = Vec::new();
        loop {
            // Every other poll returns nothing, so that the parser inspects its bytes.
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
    fn a_head_in_single_bytes_is_searched_only_a_few_times() {
        let lengths = given(300_000, b"a");
        assert!(lengths.len() < 150, "{}", lengths.len());
        assert_eq!(lengths.iter().sum::<usize>() as u64, MAX_FRAMING);
    }

    #[test]
    fn all_bytes_are_returned_when_the_body_ends() {
        for pieces in [0, 1, 9, 1000] {
            assert_eq!(given(pieces, b"abc").iter().sum::<usize>(), 3 * pieces);
        }
        assert_eq!(given(3, &[b'a'; 1000]), [1000, 1000, 1000]);
        // Except for the bytes that exceed the maximum.
        let most = usize::try_from(MAX_FRAMING).expect("fits");
        assert_eq!(given(1, &[b'a'; 300_000]), [most]);
    }
}
