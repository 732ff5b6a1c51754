//! Bodies in transit: those of responses, which are sent piece by piece at the client's pace, and
//! those of requests.

use crate::metrics::Exchange;
use crate::slow_reader::{Backlog, Pace};
use crate::under_way::UnderWay;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::task::{Context, Poll, ready};

/// The longest part of a piece on HTTP/2. Whole parts are buffered for a client whose
/// flow-control window is empty.
const PART: usize = 64 << 10;

/// How the pieces of a response are sent.
pub enum Taking {
    /// On HTTP/1: a piece is sent when the previous one has left the buffer.
    Backlog(Arc<Backlog>),
    /// On HTTP/2, which limits its streams by flow control.
    Stream(Option<Arc<Pace>>),
}

impl Taking {
    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<()> {
        match self {
            Self::Backlog(backlog) => return backlog.poll_empty(context),
            Self::Stream(Some(pace)) => pace.asked(),
            Self::Stream(None) => {}
        }
        Poll::Ready(())
    }

    /// The length of the next part of a piece that has `left` bytes left.
    fn part(&self, left: usize) -> usize {
        match self {
            Self::Backlog(_) => left,
            Self::Stream(_) => left.min(PART),
        }
    }

    fn gives(&self, length: usize) {
        match self {
            Self::Backlog(backlog) => backlog.add(length),
            Self::Stream(Some(pace)) => pace.gave(length),
            Self::Stream(None) => {}
        }
    }
}

/// A response's body. When it is dropped, its request is no longer under way.
///
/// A component that sends two short pieces before a long one need not produce that until it is
/// polled: at most one long piece is held for a client that stops reading. The last part of a
/// piece that is sent in parts is a copy, so that the whole piece can be freed while the next one
/// is produced.
pub struct Answered<B: Body> {
    body: B,
    taking: Taking,
    /// The rest of the current piece.
    rest: Bytes,
    /// A frame that has been polled but not returned yet.
    next: Option<Option<Result<Frame<Bytes>, B::Error>>>,
    exchange: Exchange,
    _under_way: Option<Arc<UnderWay>>,
}

impl<B: Body<Data = Bytes> + Unpin> Answered<B> {
    /// The body of the response to a request, which is `under_way` if it reached a component.
    /// What is sent of it is recorded in `exchange`.
    pub fn new(
        body: B,
        taking: Taking,
        under_way: Option<Arc<UnderWay>>,
        exchange: Exchange,
    ) -> Self {
        Self {
            body,
            taking,
            rest: Bytes::new(),
            next: None,
            exchange,
            _under_way: under_way,
        }
    }

    /// The next frame that is not an empty piece.
    fn poll_next(
        &mut self,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        if let Some(met) = self.next.take() {
            return Poll::Ready(met);
        }
        loop {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
            let is_empty = |frame: &Frame<Bytes>| frame.data_ref().is_some_and(Bytes::is_empty);
            if !matches!(&frame, Some(Ok(frame)) if is_empty(frame)) {
                return Poll::Ready(frame);
            }
        }
    }

    /// The next part of the current piece.
    fn part(&mut self, context: &mut Context<'_>, is_second: bool) -> Bytes {
        let length = self.taking.part(self.rest.len());
        if length < self.rest.len() {
            return self.rest.split_to(length);
        }
        let part = std::mem::take(&mut self.rest);
        if !is_second {
            return part;
        }
        if self.next.is_none()
            && let Poll::Ready(met) = self.poll_next(context)
        {
            self.next = Some(met);
        }
        Bytes::copy_from_slice(&part)
    }
}

impl<B> Body for Answered<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Unpin,
{
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let this = &mut *self;
        ready!(this.taking.poll_ready(context));
        let is_second = !this.rest.is_empty();
        if !is_second {
            match ready!(this.poll_next(context)) {
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(data) => this.rest = data,
                    Err(trailers) => return Poll::Ready(Some(Ok(trailers))),
                },
                end => {
                    if end.is_none() {
                        this.exchange.ends();
                    }
                    return Poll::Ready(end);
                }
            }
        }
        let part = this.part(context, is_second);
        this.taking.gives(part.len());
        this.exchange.sends(part.len());
        // Such a body is not polled any more.
        if this.is_end_stream() {
            this.exchange.ends();
        }
        Poll::Ready(Some(Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        let is_last = match &self.next {
            Some(next) => next.is_none(),
            None => self.body.is_end_stream(),
        };
        self.rest.is_empty() && is_last
    }

    fn size_hint(&self) -> SizeHint {
        // Only called before the first piece.
        self.body.size_hint()
    }
}

/// A request's body, which keeps the request under way.
pub struct Received<B> {
    /// The body itself.
    pub body: B,
    /// The number of its bytes that have been received.
    pub bytes: Arc<AtomicU64>,
    /// The request.
    pub under_way: Arc<UnderWay>,
}

impl<B: Body<Data = Bytes> + Unpin> Body for Received<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame {
            let length = frame.data_ref().map_or(0, Bytes::len);
            self.bytes.fetch_add(length as u64, Relaxed);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::Metrics;
    use futures_util::FutureExt as _;
    use http_body_util::{BodyExt as _, StreamBody};
    use std::convert::Infallible;

    /// Sends pieces of these lengths; returns the lengths of the frames that come out.
    async fn taken(lengths: &[usize], taking: Taking) -> Vec<usize> {
        let pieces = lengths.iter().map(|length| Bytes::from(vec![7; *length]));
        let frames = pieces.map(|piece| Ok::<_, Infallible>(Frame::data(piece)));
        let frames: Vec<_> = frames.collect();
        let body = StreamBody::new(futures_util::stream::iter(frames));
        let exchange = Metrics::new().begin(&http::Method::GET);
        let mut body = Answered::new(body, taking, None, exchange);
        let mut taken = Vec::new();
        while let Some(frame) = body.frame().await {
            taken.push(frame.unwrap().into_data().unwrap().len());
            let backlog = match &body.taking {
                Taking::Backlog(backlog) => backlog.clone(),
                Taking::Stream(_) => continue,
            };
            let next = body.frame().now_or_never();
            assert!(next.is_none(), "the last piece is not sent yet");
            backlog.begin();
        }
        taken
    }

    #[tokio::test]
    async fn on_http1_empty_pieces_are_skipped_and_long_ones_sent_whole() {
        let taking = Taking::Backlog(Arc::new(Backlog::default()));
        let pieces = [1, 0, 0, 10 * PART, 0, 5];
        assert_eq!(taken(&pieces, taking).await, [1, 10 * PART, 5]);
    }

    #[tokio::test]
    async fn a_response_is_complete_once_its_last_piece_is_sent() {
        for (pieces, incomplete) in [(1, 1), (2, 0)] {
            let metrics = Metrics::new();
            let exchange = metrics.begin(&http::Method::GET);
            let whole = http_body_util::Full::new(Bytes::from(vec![7; 2 * PART]));
            let mut body = Answered::new(whole, Taking::Stream(None), None, exchange);
            for _ in 0..pieces {
                assert!(body.frame().await.is_some());
            }
            drop(body);
            let labels = r#"{method="GET",route="none",status="none"}"#;
            let line = format!("darkroom_http_responses_incomplete_total{labels} {incomplete}\n");
            assert!(metrics.text().contains(&line), "{}", metrics.text());
        }
    }

    #[tokio::test]
    async fn on_http2_long_pieces_are_sent_in_parts() {
        let pieces = [1, 0, 0, 2 * PART + 3, 0, PART];
        let parts = taken(&pieces, Taking::Stream(None)).await;
        assert_eq!(parts, [1, PART, PART, 3, PART]);
    }
}
