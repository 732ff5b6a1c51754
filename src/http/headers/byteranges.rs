//! Partial bodies: `Content-Range`, and `multipart/byteranges` for several parts
//! (RFC 9110 §14.4 and §14.6). The length of a body is known before it is read.

use std::ops::Range;

use bytes::Bytes;
use futures_util::{Stream, StreamExt as _, TryStreamExt as _, stream};

/// `bytes first-last/size`
pub(crate) fn content_range(range: &Range<u64>, size: u64) -> String {
    let last = range.end.saturating_sub(1);
    format!("bytes {}-{last}/{size}", range.start)
}

/// `bytes */size`, for 416 responses.
pub(crate) fn unsatisfied(size: u64) -> String {
    format!("bytes */{size}")
}

/// A body with several parts of a representation.
pub(crate) struct Byteranges {
    boundary: String,
    parts: Vec<Part>,
    closing: Bytes,
}

struct Part {
    /// The boundary and the headers.
    head: Bytes,
    /// The number of bytes of content that follow.
    length: u64,
}

impl Byteranges {
    /// Creates a body with `ranges` of a representation of `size` bytes. `boundary` must have at
    /// most 70 letters and digits, and must not occur in the representation.
    pub(crate) fn new(
        boundary: &str,
        content_type: &str,
        ranges: &[Range<u64>],
        size: u64,
    ) -> Self {
        let part = |(at, range): (usize, &Range<u64>)| {
            let line_end = if at == 0 { "" } else { "\r\n" };
            let content_range = content_range(range, size);
            let head = format!(
                "{line_end}--{boundary}\r\nContent-Type: {content_type}\r\n\
                 Content-Range: {content_range}\r\n\r\n"
            );
            Part {
                head: head.into(),
                length: range.end.saturating_sub(range.start),
            }
        };
        Self {
            boundary: boundary.to_owned(),
            parts: ranges.iter().enumerate().map(part).collect(),
            closing: format!("\r\n--{boundary}--\r\n").into(),
        }
    }

    /// The media type of the body.
    pub(crate) fn content_type(&self) -> String {
        format!("multipart/byteranges; boundary={}", self.boundary)
    }

    /// The length of the body.
    pub(crate) fn length(&self) -> u64 {
        let parts = self.parts.iter();
        let parts: u64 = parts.map(|part| part.head.len() as u64 + part.length).sum();
        parts + self.closing.len() as u64
    }

    /// The body. `content` must return the bytes of all ranges in order; its pieces must not be
    /// empty, and must not extend from one range into the next.
    pub(crate) fn body<E>(
        self,
        content: impl Stream<Item = Result<Bytes, E>>,
    ) -> impl Stream<Item = Result<Bytes, E>> {
        let mut parts = self.parts.into_iter();
        let mut left: u64 = 0;
        let with_heads = content.map_ok(move |piece| {
            let mut head = None;
            if left == 0
                && let Some(part) = parts.next()
            {
                left = part.length;
                head = Some(part.head);
            }
            left = left.saturating_sub(piece.len() as u64);
            stream::iter(head.into_iter().chain([piece]).map(Ok))
        });
        let closing = self.closing;
        with_heads
            .try_flatten()
            .chain(stream::once(async { Ok(closing) }))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::FutureExt as _;
    use proptest::prelude::*;

    use super::*;

    const CONTENT: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyz";

    /// The body with these ranges, from a store that returns `step` bytes at a time.
    fn body(ranges: &[Range<u64>], step: usize) -> Vec<u8> {
        let byteranges = Byteranges::new("b", "image/png", ranges, CONTENT.len() as u64);
        let length = byteranges.length();
        let range = |range: &Range<u64>| {
            let (start, end) = (range.start as usize, range.end as usize);
            CONTENT[start..end].chunks(step)
        };
        let pieces = ranges.iter().flat_map(range);
        let content = stream::iter(pieces.map(|piece| Ok::<_, Infallible>(piece.into())));
        let pieces: Vec<Bytes> = byteranges
            .body(content)
            .try_collect()
            .now_or_never()
            .expect("nothing to wait for")
            .expect("no errors");
        assert!(pieces.iter().all(|piece| !piece.is_empty()));
        let body = pieces.concat();
        assert_eq!(body.len() as u64, length);
        body
    }

    #[test]
    fn parts_are_written_as_the_rfc_shows() {
        let written = body(&[10..12, 0..1], 10);
        let expect = "--b\r\nContent-Type: image/png\r\nContent-Range: bytes 10-11/36\r\n\r\nab\
            \r\n--b\r\nContent-Type: image/png\r\nContent-Range: bytes 0-0/36\r\n\r\n0\
            \r\n--b--\r\n";
        assert_eq!(String::from_utf8_lossy(&written), expect);
        let byteranges = Byteranges::new("b", "image/png", &[], 9);
        assert_eq!(
            byteranges.content_type(),
            "multipart/byteranges; boundary=b"
        );
        assert_eq!(content_range(&(0..9), 9), "bytes 0-8/9");
        assert_eq!(unsatisfied(9), "bytes */9");
    }

    #[test]
    fn a_failure_ends_the_body_without_its_closing_line() {
        let byteranges = Byteranges::new("b", "image/png", &[0..2, 5..7], 9);
        let content = stream::iter([Ok(Bytes::from_static(b"ab")), Err("gone")]);
        let read: Result<Vec<Bytes>, _> = byteranges
            .body(content)
            .try_collect()
            .now_or_never()
            .expect("no waiting");
        assert_eq!(read, Err("gone"));
    }

    proptest! {
        #[test]
        fn a_body_holds_its_parts_and_is_as_long_as_it_says(
            ranges in proptest::collection::vec((0..36u64, 1..36u64), 1..6),
            step in 1..40usize,
        ) {
            let ranges: Vec<_> =
                ranges.into_iter().map(|(start, length)| start..(start + length).min(36)).collect();
            let body = String::from_utf8(body(&ranges, step)).expect("text");
            let mut parts: Vec<&str> = body.split("--b").collect();
            prop_assert_eq!((parts.remove(0), parts.pop()), ("", Some("--\r\n")));
            prop_assert_eq!(parts.len(), ranges.len());
            for (part, range) in parts.into_iter().zip(ranges) {
                let (head, content) = part.split_once("\r\n\r\n").expect("a blank line");
                let line = format!("Content-Range: {}", content_range(&range, 36));
                prop_assert!(head.ends_with(&line));
                let expect = &CONTENT[range.start as usize..range.end as usize];
                prop_assert_eq!(content.strip_suffix("\r\n").map(str::as_bytes), Some(expect));
            }
        }
    }
}
