//! HTTP/1.1 by hand: requests that a client library would not send.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Darkroom;
use super::tokens::{ALL_SCOPES, token};

/// How long a server that has more to send may be silent.
const SILENCE: Duration = Duration::from_secs(3);

/// A stream to send and receive bytes on.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

/// A connection on which bytes are sent unchanged.
pub(crate) struct Raw {
    stream: Box<dyn Stream>,
    authority: String,
}

/// The first answer on a connection.
#[derive(Debug)]
pub(crate) struct RawResponse {
    /// The status code.
    pub(crate) status: u16,
    /// Headers and body, as received.
    pub(crate) text: String,
}

impl Raw {
    /// A new connection.
    pub(crate) async fn connect(darkroom: &Darkroom) -> Self {
        Self::connect_to(darkroom.address()).await
    }

    /// A new connection to the server at this URL.
    pub(crate) async fn connect_to(address: &str) -> Self {
        let authority = address.trim_start_matches("http://").to_owned();
        let stream = TcpStream::connect(&authority).await;
        Self::over(stream.expect("it listens"), authority)
    }

    /// An established connection to the server of this name.
    pub(super) fn over(stream: impl Stream + 'static, authority: String) -> Self {
        Self {
            stream: Box::new(stream),
            authority,
        }
    }

    /// Sends one request without a body on a new connection, and returns its answer.
    pub(crate) async fn exchange(darkroom: &Darkroom, target: &str, lines: &[&str]) -> RawResponse {
        let mut raw = Self::connect(darkroom).await;
        let lines = [&["Connection: close"], lines].concat();
        raw.begin(target, &lines).await;
        raw.response().await
    }

    /// Sends the head of an upload by `owner`, with further header lines.
    pub(crate) async fn begin_upload(&mut self, owner: &str, lines: &[&str]) {
        let token = token(owner, ALL_SCOPES);
        let authorization = format!("Authorization: Bearer {token}");
        let lines = [&[authorization.as_str()], lines].concat();
        self.begin("POST /v1/images", &lines).await;
    }

    /// Sends the head of a request.
    pub(crate) async fn begin(&mut self, target: &str, lines: &[&str]) {
        let mut head = format!("{target} HTTP/1.1\r\nHost: {}\r\n", self.authority);
        for line in lines {
            head += line;
            head += "\r\n";
        }
        self.send(format!("{head}\r\n").as_bytes()).await;
    }

    /// Sends bytes. A server that reads no more is not an error.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _ = self.stream.write_all(bytes).await;
        let _ = self.stream.flush().await;
    }

    /// Sends bytes as one chunk of the chunked coding.
    pub(crate) async fn send_chunk(&mut self, bytes: &[u8]) {
        let size = format!("{:x}\r\n", bytes.len());
        self.send(&[size.as_bytes(), bytes, b"\r\n"].concat()).await;
    }

    /// Waits for the interim response that `Expect: 100-continue` asks for: the request has then
    /// reached the component, which reads the body.
    pub(crate) async fn may_continue(&mut self) {
        const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";
        let mut answer = [0; CONTINUE.len()];
        let read = self.stream.read_exact(&mut answer).await;
        if read.is_err() || answer != CONTINUE.as_bytes() {
            let begun = String::from_utf8_lossy(&answer).into_owned();
            panic!("{read:?}: {begun}{}", self.rest().await);
        }
    }

    /// Reads an answer, which ends at its declared length or with the connection.
    pub(crate) async fn response(&mut self) -> RawResponse {
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while !is_complete(&answer) {
            match self.stream.read(&mut buffer).await {
                Ok(0) | Err(_) => break,
                Ok(count) => answer.extend(&buffer[..count]),
            }
        }
        let text = String::from_utf8_lossy(&answer).into_owned();
        let status = text.split(' ').nth(1).and_then(|word| word.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no answer: {text:?}"));
        RawResponse { status, text }
    }

    /// Reads everything until the connection ends, or until the server has been silent for so long
    /// that nothing more can be expected.
    pub(crate) async fn rest(&mut self) -> String {
        let mut text = Vec::new();
        let mut buffer = [0; 4096];
        while let Ok(Ok(count @ 1..)) =
            tokio::time::timeout(SILENCE, self.stream.read(&mut buffer)).await
        {
            text.extend(&buffer[..count]);
        }
        String::from_utf8_lossy(&text).into_owned()
    }

    /// Reads at least this many bytes.
    pub(crate) async fn read_some(&mut self, count: usize) {
        let mut buffer = vec![0; count];
        let read = self.stream.read_exact(&mut buffer).await;
        read.expect("more bytes than were read");
    }
}

/// Whether the head is complete, and the body has its declared length.
fn is_complete(answer: &[u8]) -> bool {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else {
        return false;
    };
    let head = head.to_ascii_lowercase();
    // These have no content, and no length of it (RFC 9110 §6.4.1).
    if let Some("204" | "304") = head.split(' ').nth(1) {
        return true;
    }
    let length = head.split("\r\ncontent-length: ").nth(1);
    let length = length.and_then(|rest| rest.lines().next()?.trim().parse().ok());
    length.is_some_and(|length: usize| body.len() >= length)
}
