//! Requests that cannot be read. hyper answers them itself, with a status and nothing
//! else; here that answer gets a body that says what is wrong.
//!
//! It is known by when it is written: while no exchange is under way and everything of
//! earlier ones is out, nobody but hyper has anything to say. What a component sends is
//! never looked at, so nothing in it can be taken for such an answer.

use crate::problem;
use http::StatusCode;
use http::header::CONTENT_LENGTH;
use std::io::{IoSlice, Result};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// How many exchanges of a connection are under way.
#[derive(Clone, Default)]
pub struct Exchanges(Arc<AtomicUsize>);

/// An exchange: from when its request was read until its answer's body is dropped.
pub struct Exchange(Arc<AtomicUsize>);

impl Exchanges {
    /// A request has been read.
    pub fn begin(&self) -> Exchange {
        self.0.fetch_add(1, Relaxed);
        Exchange(self.0.clone())
    }

    fn none(&self) -> bool {
        self.0.load(Relaxed) == 0
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// A connection on which refusals get a body.
pub struct Refusing<S> {
    stream: S,
    exchanges: Exchanges,
    /// Everything of earlier exchanges is out.
    quiet: bool,
    /// A refusal on its way out.
    pending: Vec<u8>,
}

impl<S: AsyncWrite + Unpin> Refusing<S> {
    /// A new connection.
    pub fn new(stream: S, exchanges: Exchanges) -> Self {
        Self {
            stream,
            exchanges,
            quiet: true,
            pending: Vec::new(),
        }
    }

    /// Takes `head` over if it is a refusal.
    fn refuses(&mut self, head: &[u8]) -> bool {
        let quiet = std::mem::replace(&mut self.quiet, false) && self.exchanges.none();
        match quiet.then(|| complete(head)).flatten() {
            Some(answer) => {
                self.pending = answer;
                true
            }
            None => false,
        }
    }

    fn poll_pending(&mut self, cx: &mut Context<'_>) -> Poll<Result<()>> {
        while !self.pending.is_empty() {
            let written = ready!(Pin::new(&mut self.stream).poll_write(cx, &self.pending))?;
            if written == 0 {
                return Poll::Ready(Err(std::io::ErrorKind::WriteZero.into()));
            }
            self.pending.drain(..written);
        }
        Poll::Ready(Ok(()))
    }
}

/// The refusal that hyper's head is, with a body; nothing where it is something else.
fn complete(head: &[u8]) -> Option<Vec<u8>> {
    const EMPTY: &str = "content-length: 0\r\n";
    let head = std::str::from_utf8(head).ok()?;
    let status = head.strip_prefix("HTTP/1.")?.get(2..5)?;
    let status = StatusCode::from_bytes(status.as_bytes()).ok()?;
    let detail = match status {
        StatusCode::BAD_REQUEST => "the request is not HTTP as it has to be",
        StatusCode::URI_TOO_LONG => "the path and query are too long",
        StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "the header fields are too many or too long",
        _ => return None,
    };
    let (before, after) = head.split_once(EMPTY)?;
    let body = problem::body(status, detail);
    let mut answer = format!("{before}{CONTENT_LENGTH}: {}\r\n", body.len());
    for (name, value) in problem::HEADERS {
        answer.push_str(&format!("{name}: {value}\r\n"));
    }
    Some((answer + after + &body).into_bytes())
}

impl<S: AsyncRead + Unpin> AsyncRead for Refusing<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Refusing<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<Result<usize>> {
        ready!(self.poll_pending(cx))?;
        if self.refuses(bytes) {
            return Poll::Ready(Ok(bytes.len()));
        }
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<Result<usize>> {
        ready!(self.poll_pending(cx))?;
        if let Some(first) = slices.iter().find(|slice| !slice.is_empty())
            && self.refuses(first)
        {
            return Poll::Ready(Ok(first.len()));
        }
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(self.poll_pending(cx))?;
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        // hyper flushes when it has handed over everything that it had.
        self.quiet = self.exchanges.none();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<()>> {
        ready!(self.poll_pending(cx))?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REFUSED: &str = "HTTP/1.1 431 Request Header Fields Too Large\r\nconnection: close\r\n\
                           content-length: 0\r\ndate: Wed, 25 Nov 2026 02:40:39 GMT\r\n\r\n";

    #[test]
    fn a_refusal_gets_a_body_of_the_length_that_it_tells() {
        let answer = String::from_utf8(complete(REFUSED.as_bytes()).unwrap()).unwrap();
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 431 ") && head.contains("date: Wed"));
        assert!(head.contains("application/problem+json"), "{head}");
        assert!(head.contains(&format!("content-length: {}\r\n", body.len())));
        assert!(body.contains("\"status\":431"), "{body}");
        for other in [
            "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n",
            "HTTP/1.1 431",
            "\0\0\0",
        ] {
            assert_eq!(complete(other.as_bytes()), None);
        }
    }

    #[tokio::test]
    async fn only_what_is_written_outside_of_exchanges_is_one() {
        use tokio::io::AsyncWriteExt as _;
        let exchanges = Exchanges::default();
        let mut connection = Refusing::new(Vec::new(), exchanges.clone());
        let exchange = exchanges.begin();
        connection.write_all(REFUSED.as_bytes()).await.unwrap();
        connection.flush().await.unwrap();
        drop(exchange);
        // The answer's last part, which hyper still had to hand over.
        connection.write_all(REFUSED.as_bytes()).await.unwrap();
        assert_eq!(connection.stream, REFUSED.repeat(2).as_bytes());
        connection.flush().await.unwrap();
        connection.write_all(REFUSED.as_bytes()).await.unwrap();
        connection.shutdown().await.unwrap();
        let written = String::from_utf8(connection.stream).unwrap();
        assert!(
            written.ends_with("are too many or too long\"}"),
            "{written}"
        );
    }
}
