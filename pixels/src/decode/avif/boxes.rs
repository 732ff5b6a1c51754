//! The grammar of boxes (ISO/IEC 14496-12 §4.2). A box inside another lies in it whole, or it is
//! malformed.

use crate::Error;
use crate::decode::reader::Reader;

/// A box: its type and its content.
pub(super) type Box<'a> = ([u8; 4], &'a [u8]);

/// The error of a file whose boxes break this rule.
pub(super) const fn malformed(rule: &'static str) -> Error {
    Error::Undecodable {
        reason: std::borrow::Cow::Borrowed(rule),
    }
}

/// A box ends before its fields do.
pub(super) const SHORT: Error = malformed("a box ends before its fields do");

/// A required box is absent.
pub(super) const MISSING: Error = malformed("a required box is missing");

/// Iterates over the boxes in `content`. The last may extend to the end.
pub(super) fn boxes(content: &[u8]) -> impl Iterator<Item = Result<Box<'_>, Error>> {
    let mut rest = content;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        // Nothing can be read after a box without a valid length.
        match first(std::mem::take(&mut rest)) {
            Some((found, after)) => {
                rest = after;
                Some(Ok(found))
            }
            None => Some(Err(malformed("a box extends beyond what contains it"))),
        }
    })
}

fn first(bytes: &[u8]) -> Option<(Box<'_>, &[u8])> {
    let mut reader = Reader::new(bytes);
    let short = reader.u32_be()?;
    let name = reader.array()?;
    let (head, size) = match short {
        0 => (8, bytes.len() as u64),
        1 => (16, reader.u64_be()?),
        size => (8, u64::from(size)),
    };
    let (whole, rest) = bytes.split_at_checked(usize::try_from(size).ok()?)?;
    Some(((name, whole.get(head..)?), rest))
}

/// The content of the first box with this name.
pub(super) fn find<'a>(content: &'a [u8], name: &[u8; 4]) -> Result<Option<&'a [u8]>, Error> {
    for found in boxes(content) {
        let (other, inner) = found?;
        if other == *name {
            return Ok(Some(inner));
        }
    }
    Ok(None)
}

/// The version, the lowest flags and a reader of the rest of a full box (§4.2.2).
pub(super) fn full(content: &[u8]) -> Result<(u8, u8, Reader<'_>), Error> {
    let mut reader = Reader::new(content);
    let [version, _, _, flags] = reader.array().ok_or(SHORT)?;
    Ok((version, flags, reader))
}

/// Reads an item's number, which has 32 bits if `wide`, and 16 otherwise.
pub(super) fn id(reader: &mut Reader<'_>, wide: bool) -> Result<u32, Error> {
    if wide {
        reader.u32_be()
    } else {
        reader.u16_be().map(u32::from)
    }
    .ok_or(SHORT)
}

/// Reads a number of `width` bytes: 0, 4 or 8.
pub(super) fn sized(reader: &mut Reader<'_>, width: u8) -> Result<u64, Error> {
    match width {
        0 => Ok(0),
        4 => reader.u32_be().map(u64::from).ok_or(SHORT),
        8 => reader.u64_be().ok_or(SHORT),
        _ => Err(malformed("a field has an invalid width")),
    }
}
