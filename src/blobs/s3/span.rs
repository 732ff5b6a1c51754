//! The part of an object that an answer contains, according to its head.

use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderMap, HeaderName};

/// Consecutive bytes of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    /// The position of the first byte.
    pub(super) from: u64,
    /// How many bytes have not arrived yet, if known.
    left: Option<u64>,
    /// Whether the last byte is the last one of the object.
    is_tail: bool,
}

impl Span {
    /// The bytes in an answer with this head. `None` if it contains no bytes of an object,
    /// or does not say which.
    pub(super) fn of(status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        match status {
            // All of them, from a server that does not support ranges.
            StatusCode::OK => Some(Self {
                from: 0,
                left: text(CONTENT_LENGTH).and_then(|length| length.parse().ok()),
                is_tail: true,
            }),
            StatusCode::PARTIAL_CONTENT => Self::parse(text(CONTENT_RANGE)?),
            _ => None,
        }
    }

    /// Parses `bytes 0-99/1000`, where the total may be `*`, for unknown.
    fn parse(range: &str) -> Option<Self> {
        let (range, total) = range.strip_prefix("bytes ")?.split_once('/')?;
        let (from, last) = range.split_once('-')?;
        let (from, last): (u64, u64) = (from.parse().ok()?, last.parse().ok()?);
        let end = last.checked_add(1)?;
        let total: Option<u64> = match total {
            "*" => None,
            total => Some(total.parse().ok()?),
        };
        let is_possible = from < end && total.is_none_or(|total| end <= total);
        is_possible.then(|| Self {
            from,
            left: Some(end - from),
            is_tail: total == Some(end),
        })
    }

    /// Notes that `length` more bytes have arrived.
    pub(super) fn take(&mut self, length: u64) {
        self.left = self.left.map(|left| left.saturating_sub(length));
    }

    /// Whether the object certainly has no bytes after those that have arrived.
    pub(super) fn is_at_end(&self) -> bool {
        self.is_tail && self.left == Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valid_content_ranges_are_spans() {
        let span = |from, left, is_tail| {
            Some(Span {
                from,
                left: Some(left),
                is_tail,
            })
        };
        for (range, expected) in [
            ("bytes 0-99/100", span(0, 100, true)),
            ("bytes 0-99/101", span(0, 100, false)),
            ("bytes 7-7/*", span(7, 1, false)),
            ("bytes 0-99/50", None),
            ("bytes 9-3/50", None),
            ("bytes */50", None),
            ("bytes 0-18446744073709551615/*", None),
            ("bytes=0-99/100", None),
            ("items 0-99/100", None),
            ("bytes -1-99/100", None),
            ("", None),
        ] {
            assert_eq!(Span::parse(range), expected, "{range}");
        }
    }

    proptest::proptest! {
        #[test]
        fn printed_ranges_are_parsed(from in 0..1_u64 << 40, length in 1..1_u64 << 40, more: u16) {
            let end = from + length;
            let range = format!("bytes {from}-{}/{}", end - 1, end + u64::from(more));
            let mut span = Span::parse(&range).expect("is read");
            proptest::prop_assert_eq!((span.from, span.left), (from, Some(length)));
            span.take(length - 1);
            proptest::prop_assert!(!span.is_at_end());
            span.take(1);
            proptest::prop_assert_eq!(span.is_at_end(), more == 0);
        }
    }
}
