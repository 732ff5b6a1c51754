//! The body of a request: bytes come in pieces as large as its pace allows.
//!
//! Every piece costs a change to the host and back, whatever its length. The SDK's own body
//! asks for 16 KiB at a time.

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use http_body::Body as _;
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
