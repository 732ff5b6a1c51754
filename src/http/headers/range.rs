//! `Range` (RFC 9110 §14): the bytes that a request asks for, and whether to serve them as parts.
//! All functions are pure.

use std::fmt;
use std::ops::Range;

/// The maximum number of parts of a response. Requests for more are answered with the whole.
const MAX_PARTS: usize = 32;
/// The maximum number of ranges that are parsed, before any of them are merged.
const MAX_SPECS: usize = 256;
/// The approximate overhead of a part in bytes: its headers and the boundary. Ranges that are
/// closer than this are served as one (§15.3.7.2).
const PART_OVERHEAD: u64 = 128;

/// One `range-spec` of `Range: bytes=…`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spec {
    /// `first-last`, both included, or `first-`.
    From { first: u64, last: Option<u64> },
    /// `-length`: the last bytes.
    Suffix(u64),
}

impl Spec {
    fn parse(text: &str) -> Option<Self> {
        let (first, last) = text.split_once('-')?;
        if first.is_empty() {
            return number(last).map(Self::Suffix);
        }
        let first = number(first)?;
        let last = match last {
            "" => None,
            last => Some(number(last)?),
        };
        let in_order = last.is_none_or(|last| first <= last);
        in_order.then_some(Self::From { first, last })
    }

    /// The bytes of `0..size` that the range includes; `None` if there are none.
    fn resolve(self, size: u64) -> Option<Range<u64>> {
        let range = match self {
            Self::From { first, last } => {
                let end = last.map_or(size, |last| last.saturating_add(1).min(size));
                first..end
            }
            Self::Suffix(length) => size.saturating_sub(length)..size,
        };
        (range.start < range.end).then_some(range)
    }
}

impl fmt::Display for Spec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From { first, last: None } => write!(f, "{first}-"),
            Self::From {
                first,
                last: Some(last),
            } => write!(f, "{first}-{last}"),
            Self::Suffix(length) => write!(f, "-{length}"),
        }
    }
}

/// Parses a number that has only digits. Numbers that are too large saturate.
fn number(text: &str) -> Option<u64> {
    let digit = |byte: u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    let add = |sum: u64, byte| Some(sum.saturating_mul(10).saturating_add(digit(byte)?));
    (!text.is_empty()).then(|| text.bytes().try_fold(0, add))?
}

/// Parses the `range-set` of a field; `None` if its unit is not bytes, if it is malformed, or if it
/// has more than [`MAX_SPECS`] ranges.
fn parse(value: &str) -> Option<Vec<Spec>> {
    let (unit, set) = value.split_once('=')?;
    if !unit.eq_ignore_ascii_case("bytes") || set.split(',').nth(MAX_SPECS).is_some() {
        return None;
    }
    let members = set
        .split(',')
        .map(|member| member.trim_matches([' ', '\t']));
    let specs: Option<Vec<_>> = members
        .filter(|member| !member.is_empty())
        .map(Spec::parse)
        .collect();
    specs.filter(|specs| !specs.is_empty())
}

/// The parts of a representation to send.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Selection {
    /// The whole representation: 200.
    Whole,
    /// One or more parts, which are not empty and do not overlap: 206.
    Parts(Vec<Range<u64>>),
    /// None of its bytes: 416.
    Unsatisfiable,
}

/// The parts of `size` bytes that the value of `Range` selects.
///
/// A malformed field is ignored, as §14.2 allows. The same applies to a field that would be more
/// expensive than the whole: one with more than [`MAX_SPECS`] ranges or [`MAX_PARTS`] separate
/// parts, with parts that make the response longer than the whole, or with parts in an order that
/// costs the store more, according to `cost`, than the whole.
pub(crate) fn select(value: &str, size: u64, cost: impl Fn(&[Range<u64>]) -> u64) -> Selection {
    let Some(specs) = parse(value).filter(|_| size > 0) else {
        return Selection::Whole;
    };
    let requested: Vec<_> = specs.iter().filter_map(|spec| spec.resolve(size)).collect();
    if requested.is_empty() {
        return Selection::Unsatisfiable;
    }
    let Some(parts) = coalesce(requested) else {
        return Selection::Whole;
    };
    if parts.len() == 1 {
        return Selection::Parts(parts);
    }
    let length: u64 = parts
        .iter()
        .map(|part| part.end - part.start + PART_OVERHEAD)
        .sum();
    let whole = 0..size;
    if length < size && cost(&parts) <= cost(std::slice::from_ref(&whole)) {
        Selection::Parts(parts)
    } else {
        Selection::Whole
    }
}

/// Merges ranges that overlap or nearly touch. `None` if there are still too many. The ranges keep
/// the order of the request; a merged range has the position of its first part.
///
/// There are only a few ranges, so a linear search is faster and simpler than sorting.
fn coalesce(requested: Vec<Range<u64>>) -> Option<Vec<Range<u64>>> {
    let mut parts: Vec<Range<u64>> = Vec::new();
    for mut range in requested {
        let mut place = parts.len();
        while let Some(at) = parts.iter().position(|part| are_near(part, &range)) {
            let part = parts.remove(at);
            range = part.start.min(range.start)..part.end.max(range.end);
            place = place.min(at);
        }
        parts.insert(place, range);
        if parts.len() > MAX_PARTS {
            return None;
        }
    }
    Some(parts)
}

/// Whether the gap between two ranges is at most the overhead of a part.
fn are_near(a: &Range<u64>, b: &Range<u64>) -> bool {
    let reaches = |a: &Range<u64>, b: &Range<u64>| b.start <= a.end.saturating_add(PART_OVERHEAD);
    reaches(a, b) && reaches(b, a)
}

#[cfg(test)]
mod tests;
