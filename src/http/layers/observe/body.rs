//! Bodies that count their bytes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::{Body, HttpBody};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;

use super::line::{End, Entry};
use crate::trace::Trace;

/// A request's body that counts the bytes that are read from it.
pub(crate) fn counted(body: Body, trace: Arc<Trace>) -> Body {
    Body::new(body.inspect_frame(move |frame| trace.add_bytes_in(length(frame))))
}

/// A response's body that writes the request's log line when it ends.
pub(crate) fn logged(body: Body, entry: Entry) -> Body {
    Body::new(Logged {
        body,
        entry: Some(entry),
        offered: 0,
        taken: 0,
    })
}

struct Logged {
    body: Body,
    /// `None` after the line has been written.
    entry: Option<Entry>,
    /// The number of bytes that were returned last.
    offered: u64,
    /// The number of bytes before them. They have been sent, because the host polls for more only
    /// then.
    taken: u64,
}

impl Logged {
    fn end(&mut self, end: End) {
        if let Some(entry) = self.entry.take() {
            entry.write(self.taken, end);
        }
    }
}

impl HttpBody for Logged {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let offered = std::mem::take(&mut self.offered);
        self.taken += offered;
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => self.offered = length(frame),
            Some(Err(error)) => {
                let reason = error.to_string();
                self.end(End::Failed(reason));
            }
            None => self.end(End::Whole),
        }
        Poll::Ready(frame)
    }

    /// False until a poll has returned nothing, because only that shows that the last bytes were
    /// sent.
    fn is_end_stream(&self) -> bool {
        self.entry.is_none() && self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Logged {
    fn drop(&mut self) {
        self.end(End::ClientGone);
    }
}

fn length(frame: &Frame<Bytes>) -> u64 {
    frame.data_ref().map_or(0, |data| data.len() as u64)
}
