//! HTTP/2 by hand: frames that a client library would not send (RFC 9113).

use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::Darkroom;

/// How long a server that has something to send may be silent.
const SILENCE: Duration = Duration::from_secs(20);
/// The beginning of every connection.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Types of frames.
pub(crate) const DATA: u8 = 0;
/// HEADERS: a head, or its beginning.
pub(crate) const HEADERS: u8 = 1;
/// `RST_STREAM`: the immediate end of a stream.
pub(crate) const RST_STREAM: u8 = 3;
/// SETTINGS: the parameters of the connection.
pub(crate) const SETTINGS: u8 = 4;
/// PING: a check that the other side still answers.
pub(crate) const PING: u8 = 6;
/// GOAWAY: the end of a connection.
pub(crate) const GOAWAY: u8 = 7;
/// CONTINUATION: more of a head.
pub(crate) const CONTINUATION: u8 = 9;

/// `END_STREAM`: nothing follows on the stream.
pub(crate) const END_STREAM: u8 = 1;
/// `END_HEADERS`: the head is complete.
pub(crate) const END_HEADERS: u8 = 4;
/// ACK: this answers another frame.
pub(crate) const ACK: u8 = 1;

/// A connection on which frames are sent unchanged.
pub(crate) struct Frames(TcpStream);

/// A frame that was received.
#[derive(Debug)]
pub(crate) struct Frame {
    /// Its type.
    pub(crate) kind: u8,
    /// Its flags.
    pub(crate) flags: u8,
    /// Its stream.
    pub(crate) stream: u32,
    /// Its payload.
    pub(crate) payload: Vec<u8>,
}

impl Frames {
    /// A new connection, on which nothing has been sent.
    pub(crate) async fn connect(darkroom: &Darkroom) -> Self {
        let authority = darkroom.address().trim_start_matches("http://");
        Self(TcpStream::connect(authority).await.expect("it listens"))
    }

    /// A new connection with these settings, as pairs of an identifier and a value.
    pub(crate) async fn begin(darkroom: &Darkroom, settings: &[(u16, u32)]) -> Self {
        let mut frames = Self::connect(darkroom).await;
        frames.send_bytes(PREFACE).await;
        let setting =
            |(id, value): &(u16, u32)| [&id.to_be_bytes()[..], &value.to_be_bytes()].concat();
        let settings: Vec<u8> = settings.iter().flat_map(setting).collect();
        frames.send(SETTINGS, 0, 0, &settings).await;
        frames
    }

    /// Sends bytes. A server that reads no more is not an error.
    pub(crate) async fn send_bytes(&mut self, bytes: &[u8]) {
        let _ = self.0.write_all(bytes).await;
    }

    /// Sends a frame.
    pub(crate) async fn send(&mut self, kind: u8, flags: u8, stream: u32, payload: &[u8]) {
        let length = u32::try_from(payload.len()).expect("a short frame");
        let mut frame = length.to_be_bytes()[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.send_bytes(&frame).await;
    }

    /// The next frame, or none if the connection ends.
    pub(crate) async fn next(&mut self) -> Option<Frame> {
        let read = async {
            let mut head = [0; 9];
            self.0.read_exact(&mut head).await.ok()?;
            let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
            let mut payload = vec![0; length as usize];
            self.0.read_exact(&mut payload).await.ok()?;
            Some(Frame {
                kind: head[3],
                flags: head[4],
                stream: u32::from_be_bytes([head[5], head[6], head[7], head[8]]),
                payload,
            })
        };
        let read = tokio::time::timeout(SILENCE, read).await;
        read.expect("a frame, or the end of the connection")
    }

    /// Answers pings and settings until the connection ends. Returns the types of all frames.
    pub(crate) async fn until_it_ends(&mut self) -> Vec<u8> {
        let mut kinds = Vec::new();
        while let Some(frame) = self.next().await {
            kinds.push(frame.kind);
            if matches!(frame.kind, PING | SETTINGS) && frame.flags & ACK == 0 {
                let payload = if frame.kind == PING {
                    &frame.payload[..]
                } else {
                    &[]
                };
                self.send(frame.kind, ACK, 0, payload).await;
            }
        }
        kinds
    }

    /// The status on a stream, read from the head of its answer, or none if the stream or the
    /// connection ends without one.
    pub(crate) async fn status(&mut self, stream: u32) -> Option<u16> {
        loop {
            let frame = self.next().await?;
            if frame.kind == GOAWAY || frame.kind == RST_STREAM && frame.stream == stream {
                return None;
            }
            if frame.kind == HEADERS && frame.stream == stream {
                return Some(status(&frame.payload));
            }
        }
    }
}

/// The head of a request: literal fields without indexing (RFC 7541 §6.2.2).
pub(crate) fn head(fields: &[(&str, &str)]) -> Vec<u8> {
    let text = |text: &str| [&length(text.len())[..], text.as_bytes()].concat();
    let field = |(name, value): &(&str, &str)| [vec![0], text(name), text(value)].concat();
    fields.iter().flat_map(field).collect()
}

/// A length: an integer with a prefix of seven bits (RFC 7541 §5.1).
fn length(length: usize) -> Vec<u8> {
    let Some(mut left) = length.checked_sub(127) else {
        return vec![length.to_le_bytes()[0]];
    };
    let mut octets = vec![127];
    while left >= 128 {
        octets.push(left.to_le_bytes()[0] | 128);
        left /= 128;
    }
    octets.push(left.to_le_bytes()[0]);
    octets
}

/// A `GET` of a path.
pub(crate) fn get(path: &str) -> Vec<u8> {
    head(&[
        (":method", "GET"),
        (":scheme", "http"),
        (":path", path),
        (":authority", "a"),
    ])
}

/// The status, which is the first field: an entry of the static table, or a literal with the name
/// of such an entry.
fn status(block: &[u8]) -> u16 {
    let block = match block {
        // A change of the table's size may precede it.
        [size, rest @ ..] if size & 0xe0 == 0x20 => rest,
        block => block,
    };
    match block {
        [0x88, ..] => 200,
        [0x89, ..] => 204,
        [0x8a, ..] => 206,
        [0x8b, ..] => 304,
        [0x8c, ..] => 400,
        [0x8d, ..] => 404,
        [0x8e, ..] => 500,
        _ => 0,
    }
}
