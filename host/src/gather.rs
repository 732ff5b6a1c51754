//! Gathers the small pieces of requests' bodies. Every piece wakes an instance, whatever its
//! length, so pieces that have already arrived are combined. Gathering never waits: the pieces
//! are passed on as soon as no further one is available.

use bytes::{Bytes, BytesMut};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use http_body_util::combinators::UnsyncBoxBody;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use tokio::sync::mpsc;
use wasmtime_wasi_http::Error;

/// The length from which a piece is passed on unchanged.
const LARGE: usize = 4 << 10;
/// The maximum length of gathered pieces.
const FULL: usize = 16 << 10;
/// How many times the task that reads from the socket gets a turn before a piece counts as
/// unavailable. It delivers one chunk at a time.
const TURNS: u32 = 2;

type Piece = Option<Result<Frame<Bytes>, Error>>;

/// Wraps a body so that its small pieces are gathered.
pub fn gathered<B>(body: B) -> UnsyncBoxBody<Bytes, Error>
where
    B: Body<Data = Bytes> + Send + Unpin + 'static,
    B::Error: Into<Error>,
{
    let body = body.map_err(Into::into);
    match body.size_hint().exact() {
        // With a known length, HTTP/1 sends no chunks, and HTTP/2 queues its frames.
        Some(_) => Queued { body, next: None }.boxed_unsync(),
        None => Pumped::Unread(body.boxed_unsync()).boxed_unsync(),
    }
}

/// The pieces of a body that have been gathered.
#[derive(Default)]
struct Gathering {
    small: BytesMut,
    first: Option<Bytes>,
}

/// The result of adding one more piece.
enum Taken {
    /// The piece was added, and more may be gathered.
    More,
    /// The gathered pieces must be passed on, and then this piece, if there is one.
    Full(Option<Piece>),
}

impl Gathering {
    fn take(&mut self, piece: Piece) -> Taken {
        let data = match piece {
            Some(Ok(frame)) => match frame.into_data() {
                Ok(data) => data,
                Err(trailers) => return Taken::Full(Some(Some(Ok(trailers)))),
            },
            end => return Taken::Full(Some(end)),
        };
        let is_large = data.len() >= LARGE;
        if self.len() == 0 {
            self.first = Some(data);
            return if is_large {
                Taken::Full(None)
            } else {
                Taken::More
            };
        }
        if is_large || self.len() + data.len() > FULL {
            return Taken::Full(Some(Some(Ok(Frame::data(data)))));
        }
        if let Some(first) = self.first.take() {
            self.small.reserve(FULL);
            self.small.extend_from_slice(&first);
        }
        self.small.extend_from_slice(&data);
        Taken::More
    }

    fn len(&self) -> usize {
        self.first.as_ref().map_or(self.small.len(), Bytes::len)
    }

    /// Takes all gathered bytes, if there are any.
    fn give(&mut self) -> Option<Bytes> {
        let first = self.first.take();
        first.or_else(|| (!self.small.is_empty()).then(|| self.small.split().freeze()))
    }
}

/// A body whose available pieces can be polled one after the other.
struct Queued<B> {
    body: B,
    /// The piece that ended the gathering, and is returned next.
    next: Option<Piece>,
}

impl<B: Body<Data = Bytes, Error = Error> + Unpin> Body for Queued<B> {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Piece> {
        let mut gathering = Gathering::default();
        let mut piece = match self.next.take() {
            Some(piece) => piece,
            None => ready!(Pin::new(&mut self.body).poll_frame(context)),
        };
        loop {
            if let Taken::Full(next) = gathering.take(piece) {
                self.next = next;
                break;
            }
            match Pin::new(&mut self.body).poll_frame(context) {
                Poll::Ready(more) => piece = more,
                Poll::Pending => break,
            }
        }
        match gathering.give() {
            Some(data) => Poll::Ready(Some(Ok(Frame::data(data)))),
            None => Poll::Ready(self.next.take().flatten()),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.next.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        let Some(Some(Ok(frame))) = &self.next else {
            return self.body.size_hint();
        };
        let held = frame.data_ref().map_or(0, |data| data.len() as u64);
        let rest = self.body.size_hint().exact();
        rest.map_or_else(SizeHint::default, |rest| SizeHint::with_exact(rest + held))
    }
}

/// A body that is read by its own task, starting when it is first polled: at that moment, hyper
/// sends `100 Continue` to a client that expects it.
enum Pumped {
    Unread(UnsyncBoxBody<Bytes, Error>),
    Read(mpsc::Receiver<Piece>),
    Ended,
}

impl Body for Pumped {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Piece> {
        if let Self::Unread(_) = *self
            && let Self::Unread(body) = std::mem::replace(&mut *self, Self::Ended)
        {
            let (sender, receiver) = mpsc::channel(1);
            tokio::spawn(pump(body, sender));
            *self = Self::Read(receiver);
        }
        let Self::Read(receiver) = &mut *self else {
            return Poll::Ready(None);
        };
        let piece = ready!(receiver.poll_recv(context)).flatten();
        if !matches!(piece, Some(Ok(_))) {
            *self = Self::Ended;
        }
        Poll::Ready(piece)
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Unread(body) => body.is_end_stream(),
            Self::Read(_) => false,
            Self::Ended => true,
        }
    }
}

/// Reads a body to its end, or until the receiver is dropped.
async fn pump(mut body: UnsyncBoxBody<Bytes, Error>, sender: mpsc::Sender<Piece>) {
    let mut next = None;
    loop {
        let piece = match next.take() {
            Some(piece) => piece,
            None => tokio::select! {
                piece = body.frame() => piece,
                () = sender.closed() => return,
            },
        };
        let mut gathering = Gathering::default();
        let mut taken = gathering.take(piece);
        while let Taken::More = taken {
            match at_once(&mut body).await {
                Some(piece) => taken = gathering.take(piece),
                None => break,
            }
        }
        if let Taken::Full(met) = taken {
            next = met;
        }
        let (piece, is_last) = match gathering.give() {
            Some(data) => (Some(Ok(Frame::data(data))), false),
            None => {
                let met = next.take().flatten();
                let is_last = !matches!(met, Some(Ok(_)));
                (met, is_last)
            }
        };
        if sender.send(piece).await.is_err() || is_last {
            return;
        }
    }
}

/// The next piece, if it is available after all other tasks that are ready have had a turn.
async fn at_once(body: &mut UnsyncBoxBody<Bytes, Error>) -> Option<Piece> {
    let mut turns = 0;
    std::future::poll_fn(|context| match Pin::new(&mut *body).poll_frame(context) {
        Poll::Ready(piece) => Poll::Ready(Some(piece)),
        Poll::Pending if turns < TURNS => {
            turns += 1;
            context.waker().wake_by_ref();
            Poll::Pending
        }
        Poll::Pending => Poll::Ready(None),
    })
    .await
}

#[cfg(test)]
mod tests;
