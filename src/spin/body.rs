//! The body of a request: bytes come in pieces as large as its pace allows.
//!
//! Every piece costs a change to the host and back, whatever its length. The SDK's own body
//! asks for 16 KiB at a time.

use axum::body::Body;
use bytes::Bytes;
use futures_util::stream;
use spin_sdk::wasip3::http::types::{ErrorCode, Request, Trailers};
use spin_sdk::wasip3::http_compat::IncomingRequestBody;
use spin_sdk::wasip3::wit_bindgen::{FutureReader, FutureWriter, StreamReader, StreamResult};
use spin_sdk::wasip3::wit_future;

/// What is asked for first: a slow body holds no more memory than this.
const FIRST_PIECE: usize = 16 << 10;
/// What is asked for when all pieces before were full.
const LARGEST_PIECE: usize = 128 << 10;

/// The body as one of axum's. Nothing is read before it is polled.
pub(super) fn body(mut body: IncomingRequestBody) -> Body {
    match body.take_unstarted() {
        Some(request) => Body::from_stream(stream::try_unfold(State::Unstarted(request), next)),
        // Somebody has begun to read it.
        None => Body::new(body),
    }
}

enum State {
    Unstarted(Request),
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
}

async fn next(state: State) -> Result<Option<(Bytes, State)>, ErrorCode> {
    let mut incoming = match state {
        State::Unstarted(request) => {
            let (done, reader) = wit_future::new(|| Ok(()));
            let (bytes, end) = Request::consume_body(request, reader);
            Incoming {
                bytes,
                end,
                done,
                piece: FIRST_PIECE,
            }
        }
        State::Started(incoming) => incoming,
    };
    let room = Vec::with_capacity(incoming.piece);
    let (result, bytes) = incoming.bytes.read(room).await;
    if let StreamResult::Dropped | StreamResult::Cancelled = result {
        incoming.end.await?;
        drop(incoming.done);
        return Ok(None);
    }
    if bytes.len() == incoming.piece {
        incoming.piece = (incoming.piece * 2).min(LARGEST_PIECE);
    }
    Ok(Some((bytes.into(), State::Started(incoming))))
}
