//! The items of a `meta` box.

use std::ops::Range;

use crate::media::boxes::{Reason, SHORT, boxes, full, id};
use crate::media::read::Reader;
use crate::media::strip::avif::removable;

/// The items that a `meta` box locates (ISO/IEC 14496-12 §8.11.1), each of them once.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Items {
    /// The items, sorted by id.
    list: Vec<Item>,
    /// The extents of all items, one after another.
    extents: Vec<Range<u64>>,
}

/// An item with a location.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Item {
    id: u32,
    /// The item type: `av01`, `Exif`, `mime`, …; zeros if `iinf` has no entry.
    pub(super) name: [u8; 4],
    /// Whether the item is an XMP packet.
    pub(super) xmp: bool,
    pub(super) origin: Origin,
    /// The indices of the item's own extents.
    extents: Range<usize>,
}

/// The start of an item's offsets: its construction method (§8.11.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Origin {
    /// The file.
    File,
    /// The `idat` box.
    Idat,
}

impl Items {
    /// All items, each with its extents.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Item, &[Range<u64>])> {
        self.list.iter().map(|item| (item, self.extents_of(item)))
    }

    /// Whether there is an item that is neither a picture nor a part of one. A tone map, which
    /// turns one picture into another, counts too.
    pub(super) fn have_metadata(&self) -> bool {
        let mut items = self.list.iter();
        items.any(|item| removable(&item.name, item.xmp).is_some() || &item.name == b"tmap")
    }

    /// The item with this id.
    pub(super) fn find(&self, id: u32) -> Option<&Item> {
        let found = self.list.binary_search_by_key(&id, |item| item.id);
        found.ok().and_then(|index| self.list.get(index))
    }

    /// The extents of an item.
    pub(super) fn extents_of(&self, item: &Item) -> &[Range<u64>] {
        self.extents.get(item.extents.clone()).unwrap_or_default()
    }
}

/// Parses `iloc` and `iinf` (§8.11.3 and §8.11.6).
pub(super) fn parse(iloc: Option<&[u8]>, iinf: Option<&[u8]>) -> Result<Items, Reason> {
    let entries = iinf.map_or_else(|| Ok(Vec::new()), entries)?;
    let Some(iloc) = iloc else {
        return Ok(Items::default());
    };
    let (version, _, mut reader) = full(iloc)?;
    if version > 2 {
        return Err("the locations of items have an unknown version");
    }
    let [sizes, more] = reader.array().ok_or(SHORT)?;
    let sizes = Sizes {
        version,
        offset: sizes >> 4,
        length: sizes & 0x0F,
        base: more >> 4,
        index: if version >= 1 { more & 0x0F } else { 0 },
    };
    let count = id(&mut reader, version >= 2).ok_or(SHORT)?;
    let mut items = Items::default();
    // Each item has some bytes, so the loop ends even if the count is wrong.
    for _ in 0..count {
        let item = location(&mut reader, &sizes, &mut items.extents)?;
        items.list.push(named(item, &entries));
    }
    items.list.sort_unstable_by_key(|item| item.id);
    check_ids(items.list.iter().map(|item| item.id))?;
    Ok(items)
}

/// An entry of `iinf`.
struct Entry {
    id: u32,
    name: [u8; 4],
    xmp: bool,
}

fn named(item: Item, entries: &[Entry]) -> Item {
    let found = entries.binary_search_by_key(&item.id, |entry| entry.id);
    match found.ok().and_then(|index| entries.get(index)) {
        Some(Entry { name, xmp, .. }) => Item {
            name: *name,
            xmp: *xmp,
            ..item
        },
        None => item,
    }
}

/// Checks that sorted ids are unique, and that none is 0, which is reserved (§8.11.1.1).
fn check_ids(ids: impl Iterator<Item = u32>) -> Result<(), Reason> {
    let mut last = 0;
    for id in ids {
        if id == 0 {
            return Err("an item has the id 0");
        }
        if id == last {
            return Err("two items have the same id");
        }
        last = id;
    }
    Ok(())
}

/// The entries of `iinf`, sorted by id.
fn entries(iinf: &[u8]) -> Result<Vec<Entry>, Reason> {
    let (version, _, mut reader) = full(iinf)?;
    let mut left = id(&mut reader, version >= 1).ok_or(SHORT)?;
    let mut entries = Vec::new();
    for found in boxes(reader.rest()) {
        let (name, content) = found?;
        left = match left.checked_sub(1) {
            Some(left) if &name == b"infe" => left,
            _ => return Err("there are more items than declared"),
        };
        entries.push(entry(content)?);
    }
    if left > 0 {
        return Err("there are fewer items than declared");
    }
    entries.sort_unstable_by_key(|entry| entry.id);
    check_ids(entries.iter().map(|entry| entry.id))?;
    Ok(entries)
}

fn entry(infe: &[u8]) -> Result<Entry, Reason> {
    let (version, _, mut reader) = full(infe)?;
    if !(2..=3).contains(&version) {
        return Err("an item's entry does not state its type");
    }
    let id = id(&mut reader, version >= 3).ok_or(SHORT)?;
    reader.u16_be().ok_or(SHORT)?;
    let name = reader.array().ok_or(SHORT)?;
    // The item's name is followed by its media type and content encoding.
    let mut texts = reader.rest().split(|byte| *byte == 0).skip(1);
    let xmp = texts.next() == Some(b"application/rdf+xml");
    let plain = texts.next().is_none_or(<[u8]>::is_empty);
    Ok(Entry {
        id,
        name,
        xmp: &name == b"mime" && xmp && plain,
    })
}

/// The widths of an `iloc`'s fields, in bytes.
struct Sizes {
    version: u8,
    offset: u8,
    length: u8,
    base: u8,
    index: u8,
}

/// Reads one item's id and location, and appends its extents to `pieces`. The
/// `data_reference_index` is ignored, as it is by decoders, which read items from this file
/// in any case; otherwise metadata could hide behind any index.
fn location(
    reader: &mut Reader<'_>,
    sizes: &Sizes,
    pieces: &mut Vec<Range<u64>>,
) -> Result<Item, Reason> {
    let item = id(reader, sizes.version >= 2).ok_or(SHORT)?;
    let method = match sizes.version {
        0 => 0,
        _ => reader.u16_be().ok_or(SHORT)? & 0x0F,
    };
    let origin = match method {
        0 => Origin::File,
        1 => Origin::Idat,
        _ => return Err("an item is constructed from the bytes of others"),
    };
    reader.u16_be().ok_or(SHORT)?;
    let base = sized(reader, sizes.base)?;
    let count = reader.u16_be().ok_or(SHORT)?;
    // Extents without any bytes would cost work for nothing.
    if count > 1 && sizes.offset == 0 && sizes.length == 0 && sizes.index == 0 {
        return Err(SHORT);
    }
    let first = pieces.len();
    for _ in 0..count {
        sized(reader, sizes.index)?;
        let start = base.checked_add(sized(reader, sizes.offset)?).ok_or(FAR)?;
        let end = start.checked_add(sized(reader, sizes.length)?).ok_or(FAR)?;
        pieces.push(start..end);
    }
    Ok(Item {
        id: item,
        name: [0; 4],
        xmp: false,
        origin,
        extents: first..pieces.len(),
    })
}

const FAR: Reason = "an item extends beyond the end of any file";

/// A number of 0, 4 or 8 bytes in `iloc`.
fn sized(reader: &mut Reader<'_>, size: u8) -> Result<u64, Reason> {
    match size {
        0 => Ok(0),
        4 => reader.u32_be().map(u64::from).ok_or(SHORT),
        8 => reader.u64_be().ok_or(SHORT),
        _ => Err("the locations of items have a field width that is not allowed"),
    }
}
