//! The body of a request: bytes come in pieces as large as its pace allows. And that of a
//! response: its pieces are made as the client takes them.
//!
//! Every piece costs a change to the host and back, whatever its length. The SDK's own body
//! asks for 16 KiB at a time.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use axum::http::header;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use http_body::{Frame, SizeHint};
use spin_sdk::wasip3::http::types::{ErrorCode, Request, Trailers};
use spin_sdk::wasip3::http_compat::IncomingRequestBody;
use spin_sdk::wasip3::wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult};
use spin_sdk::wasip3::wit_future;

/// What is asked for first, and again while less comes: a slow body holds no more memory
/// than this.
const SLOW_PIECE: usize = 16 << 10;
/// What is asked for after a full piece.
const FAST_PIECE: usize = 128 << 10;

/// The body as one of axum's. Nothing is read before it is polled.
pub(super) fn body(mut body: IncomingRequestBody) -> Body {
    // Of the head's `Content-Length`.
    let length = body.size_hint().upper();
    match body.take_unstarted() {
        Some(request) => {
            let unstarted = State::Unstarted(request, length);
            Body::from_stream(stream::try_unfold(unstarted, next))
        }
        // Somebody has begun to read it.
        None => Body::new(body),
    }
}

/// What is shorter than this is made without being asked for.
const LONG: usize = 64 << 10;

/// What is shorter than this in all may be held whole. Asking costs two changes to the host
/// for each long piece.
const SHORT_BODY: u64 = 1 << 20;

/// The response, of whose body no piece is made before it is asked for, if it is long.
///
/// A host takes a piece off us before the one before it is sent, so that one is made too
/// early, and memory for it is never given back. So the last two bytes of a long piece are
/// pieces of their own: once the second is taken, the first was, which is to say that all
/// before it is sent, and more is asked for. (Empty pieces would do, but hide from the SDK
/// that the client is gone.)
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
    /// The bytes that are to come, by the head.
    left: u64,
    /// What is left of a piece.
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
    /// With the length that the head tells. No host lets another one pass.
    Unstarted(Request, Option<u64>),
    Started(Incoming),
}

struct Incoming {
    bytes: StreamReader<u8>,
    /// Says whether all bytes came.
    end: FutureReader<Result<Option<Trailers>, ErrorCode>>,
    /// Dropped with the rest: the host learns that nothing more is read.
    done: FutureWriter<Result<(), ErrorCode>>,
    /// How many bytes are asked for.
    piece: usize,
    /// How many bytes are to come, where it is known.
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
    // Asking for the end of what is known to be whole would be two more changes to the host.
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
