//! Bodies on their way: those of answers, piece by piece as they are taken, and those of
//! requests.

use crate::refusal::Exchange;
use crate::slow_reader::{Backlog, Pace};
use crate::under_way::UnderWay;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

/// How the pieces of an answer are taken.
pub enum Taking {
    /// By HTTP/1: the next when the one before is out.
    Backlog(Arc<Backlog>),
    /// By HTTP/2, which holds its streams to their windows.
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

    fn gives(&self, length: usize) {
        match self {
            Self::Backlog(backlog) => backlog.add(length),
            Self::Stream(Some(pace)) => pace.gave(length),
            Self::Stream(None) => {}
        }
    }
}

/// An answer's body, with which its exchange ends.
pub struct Answered<B> {
    /// The body itself.
    pub body: B,
    /// How its pieces are taken.
    pub taking: Taking,
    /// The exchange.
    pub exchange: Exchange,
    /// The request, where it came to a component.
    pub under_way: Option<Arc<UnderWay>>,
}

impl<B: Body<Data = Bytes> + Unpin> Body for Answered<B> {
    type Data = Bytes;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, B::Error>>> {
        ready!(self.taking.poll_ready(context));
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        if let Some(Ok(frame)) = &frame
            && let Some(data) = frame.data_ref()
        {
            self.taking.gives(data.len());
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

/// A request's body, with which the request is under way.
pub struct Received<B> {
    /// The body itself.
    pub body: B,
    /// The request.
    pub under_way: Arc<UnderWay>,
}

impl<B: Body + Unpin> Body for Received<B> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
