//! Which bytes of an object an answer has, as its head says.

use http::StatusCode;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, HeaderMap, HeaderName};

/// Consecutive bytes of an object.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    /// Where they begin.
    pub(super) from: u64,
    /// How many have still to come, where that is known.
    left: Option<u64>,
    /// Whether the object ends where they do.
    is_tail: bool,
}

impl Span {
    /// What an answer with this head has. `None` where it has no bytes of an object, or
    /// does not say which.
    pub(super) fn of(status: StatusCode, headers: &HeaderMap) -> Option<Self> {
        let text = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        match status {
            // All of them, which a server may send that knows of no ranges.
            StatusCode::OK => Some(Self {
                from: 0,
                left: text(CONTENT_LENGTH).and_then(|length| length.parse().ok()),
                is_tail: true,
            }),
            StatusCode::PARTIAL_CONTENT => Self::parse(text(CONTENT_RANGE)?),
            _ => None,
        }
    }

    /// Reads `bytes 0-99/1000`; `*` stands for a total that is not known.
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

    /// So many of the bytes have come.
    pub(super) fn take(&mut self, length: u64) {
        self.left = self.left.map(|left| left.saturating_sub(length));
    }

    /// Whether the object has no more bytes than those that have come, for certain.
    pub(super) fn is_at_end(&self) -> bool {
        self.is_tail && self.left == Some(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_says_which_bytes_it_has_is_a_span() {
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
        fn what_is_printed_is_read(from in 0..1_u64 << 40, length in 1..1_u64 << 40, more: u16) {
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
