//! The body of a request, read in pieces as large as its pace allows, and the body of a
//! response, whose pieces are made as the client receives them.
//!
//! Every piece costs a call to the host, whatever its length. The SDK's own body requests
//! 16 KiB at a time.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use axum::http::header;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http_body::{Frame, SizeHint};
use spin_sdk::wasip3::http::types::{ErrorCode, Request, Trailers};
use spin_sdk::wasip3::wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult};
use spin_sdk::wasip3::wit_future;

/// The length that is requested first, and again while less arrives: a slow body occupies
/// no more memory than this.
const SLOW_PIECE: usize = 16 << 10;
/// The length that is requested after a full piece.
const FAST_PIECE: usize = 128 << 10;

/// The body of a request, whose head declares `length`. Nothing is read before it is polled.
pub(super) fn of(request: Request, length: Option<u64>) -> Body {
    Body::from_stream(stream::try_unfold(State::Unstarted(request, length), next))
}

/// A piece shorter than this is made without waiting for the client.
const LONG: usize = 64 << 10;

/// A body shorter than this may be held whole. Waiting for the client costs two calls to
/// the host for each long piece.
const SHORT_BODY: u64 = 1 << 20;

/// Delays the pieces of a long body until the client is ready for them.
///
/// A host takes a piece from the component before it has sent the previous one, so one
/// piece would be made too early, and its memory is never given back. Therefore the last
/// two bytes of a long piece are pieces of their own: once the second byte is taken, the
/// first has been sent, and so has everything before it, and the client is ready for more.
/// (Empty pieces would do as well, but they hide from the SDK that the client is gone.)
pub(super) fn as_asked(response: Response) -> Response {
    let length = response.headers().get(header::CONTENT_LENGTH);
    let length: Option<u64> = length.and_then(|length| length.to_str().ok()?.parse().ok());
    match length {
        Some(left) if left > SHORT_BODY => response.map(|body| {
            let last = Bytes::new();
            Body::new(AsAsked { body, left, last })
        }),
        _ => response,
    }
}

struct AsAsked {
    body: Body,
    /// The remaining bytes, according to the head.
    left: u64,
    /// The rest of a piece.
    last: Bytes,
}

impl HttpBody for AsAsked {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if !self.last.is_empty() {
            return Poll::Ready(Some(Ok(Frame::data(self.last.split_to(1)))));
        }
        let frame = match ready!(Pin::new(&mut self.body).poll_frame(context)) {
            Some(Ok(frame)) => frame,
            end => return Poll::Ready(end),
        };
        Poll::Ready(Some(Ok(frame.map_data(|mut data| {
            self.left = self.left.saturating_sub(data.len() as u64);
            if self.left > 0 && data.len() > LONG {
                let at = data.len() - 2;
                self.last = Bytes::copy_from_slice(&data[at..]);
                data.truncate(at);
            }
            data
        }))))
    }

    fn is_end_stream(&self) -> bool {
        self.last.is_empty() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

enum State {
    /// The length that the head declares. No host lets a different length pass.
    Unstarted(Request, Option<u64>),
    Started(Incoming),
}

struct Incoming {
    bytes: StreamReader<u8>,
    /// Reports whether all bytes arrived.
    end: FutureReader<Result<Option<Trailers>, ErrorCode>>,
    /// Dropped with the rest: the host learns that nothing more will be read.
    done: FutureWriter<Result<(), ErrorCode>>,
    /// How many bytes to request.
    piece: usize,
    /// How many bytes remain, if known.
    left: Option<u64>,
}

async fn next(state: State) -> Result<Option<(Bytes, State)>, ErrorCode> {
    let mut incoming = match state {
        State::Unstarted(request, left) => {
            let (done, reader) = wit_future::new(|| Ok(()));
            let (bytes, end) = Request::consume_body(request, reader);
            Incoming {
                bytes,
                end,
                done,
                piece: SLOW_PIECE,
                left,
            }
        }
        State::Started(incoming) => incoming,
    };
    let piece = incoming.piece as u64;
    let piece = incoming.left.map_or(piece, |left| piece.min(left)) as usize;
    // The body is known to be complete: requesting its end would cost another call to the
    // host.
    if piece == 0 {
        return Ok(None);
    }
    let room = Vec::with_capacity(piece);
    let (result, bytes) = incoming.bytes.read(room).await;
    if let StreamResult::Dropped | StreamResult::Cancelled = result {
        incoming.end.await?;
        drop(incoming.done);
        return Ok(None);
    }
    if bytes.len() == SLOW_PIECE {
        incoming.piece = FAST_PIECE;
    }
    if let Some(left) = &mut incoming.left {
        *left = left.saturating_sub(bytes.len() as u64);
    }
    Ok(Some((bytes.into(), State::Started(incoming))))
}
