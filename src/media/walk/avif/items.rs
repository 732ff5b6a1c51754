use std::collections::BTreeMap;
use std::ops::Range;

use super::boxes::{Reason, SHORT, boxes, find, full, id};
use crate::media::read::Reader;

/// An item that a `meta` box names (ISO/IEC 14496-12 §8.11.1).
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Item {
    pub(super) id: u32,
    /// What it is: `av01`, `Exif`, `mime`, …; zeros where it has no entry.
    pub(super) name: [u8; 4],
    /// Whether it is an XMP packet.
    pub(super) xmp: bool,
    pub(super) place: Place,
}

/// Where an item's bytes are (§8.11.3).
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// At these offsets in the file.
    File(Vec<Range<u64>>),
    /// At these offsets in the `idat` box.
    Idat(Vec<Range<u64>>),
    /// Made of other items.
    Derived,
    /// In another file.
    Elsewhere,
}

/// The items that the boxes in `meta` locate.
pub(super) fn parse(inner: &[u8]) -> Result<Vec<Item>, Reason> {
    let entries = find(inner, b"iinf")?.map_or_else(|| Ok(BTreeMap::new()), entries)?;
    let Some(iloc) = find(inner, b"iloc")? else {
        return Ok(Vec::new());
    };
    let (version, _, mut reader) = full(iloc)?;
    let [sizes, more] = reader.array().ok_or(SHORT)?;
    let sizes = Sizes {
        offset: sizes >> 4,
        length: sizes & 0x0F,
        base: more >> 4,
        index: if version >= 1 { more & 0x0F } else { 0 },
    };
    let count = id(&mut reader, version >= 2).ok_or(SHORT)?;
    let mut items = Vec::new();
    for _ in 0..count {
        let (id, place) = location(&mut reader, version, &sizes).ok_or(SHORT)?;
        let (name, xmp) = entries.get(&id).copied().unwrap_or_default();
        items.push(Item {
            id,
            name,
            xmp,
            place,
        });
    }
    Ok(items)
}

/// §8.11.6: each item's four characters, and whether it is XMP.
fn entries(iinf: &[u8]) -> Result<BTreeMap<u32, ([u8; 4], bool)>, Reason> {
    let (version, _, mut reader) = full(iinf)?;
    id(&mut reader, version >= 1).ok_or(SHORT)?;
    let mut entries = BTreeMap::new();
    for entry in boxes(reader.rest()) {
        let (name, content) = entry?;
        let (version, _, mut reader) = full(content)?;
        if &name != b"infe" || version < 2 {
            continue;
        }
        let item = id(&mut reader, version >= 3).ok_or(SHORT)?;
        reader.u16_be().ok_or(SHORT)?;
        let kind = reader.array().ok_or(SHORT)?;
        // After the item's name, its media type and how that is encoded.
        let mut texts = reader.rest().split(|byte| *byte == 0).skip(1);
        let xmp = texts.next() == Some(b"application/rdf+xml");
        let plain = texts.next().is_none_or(<[u8]>::is_empty);
        entries.insert(item, (kind, &kind == b"mime" && xmp && plain));
    }
    Ok(entries)
}

/// The widths of an `iloc`'s fields, in bytes.
struct Sizes {
    offset: u8,
    length: u8,
    base: u8,
    index: u8,
}

/// One item's number and place.
fn location(reader: &mut Reader<'_>, version: u8, sizes: &Sizes) -> Option<(u32, Place)> {
    let item = id(reader, version >= 2)?;
    let method = if version >= 1 {
        reader.u16_be()? & 0x0F
    } else {
        0
    };
    let file = reader.u16_be()?;
    let base = sized(reader, sizes.base)?;
    let extents = reader.u16_be()?;
    // Extents of no width would be work for nothing.
    if extents > 1 && sizes.offset == 0 && sizes.length == 0 && sizes.index == 0 {
        return None;
    }
    let mut ranges = Vec::new();
    for _ in 0..extents {
        reader.take(sizes.index.into())?;
        let start = base.saturating_add(sized(reader, sizes.offset)?);
        let length = sized(reader, sizes.length)?;
        ranges.push(start..start.saturating_add(length));
    }
    let place = match (file, method) {
        (0, 0) => Place::File(ranges),
        (_, 1) => Place::Idat(ranges),
        (_, 0) => Place::Elsewhere,
        _ => Place::Derived,
    };
    Some((item, place))
}

/// A number of 0, 4 or 8 bytes, as `iloc` has them.
fn sized(reader: &mut Reader<'_>, size: u8) -> Option<u64> {
    match size {
        0 => Some(0),
        4 => reader.u32_be().map(u64::from),
        8 => reader.u64_be(),
        _ => None,
    }
}
