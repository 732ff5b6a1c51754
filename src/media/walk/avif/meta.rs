use super::boxes::{Reason, SHORT, boxes, expect, full};
use crate::media::read::Reader;

/// What `meta` says of the primary item.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Whether it is turned by a quarter, one way or the other.
    pub(super) transposed: bool,
    /// The offset in the file up to which items reach.
    pub(super) reach: u64,
}

/// The items that make an AVIF (AVIF v1.1 §2.1 and §4; ISO/IEC 23008-12 §6.6):
/// coded, or put together from coded ones.
const IMAGE_ITEMS: [&[u8; 4]; 5] = [b"av01", b"grid", b"iovl", b"sato", b"tmap"];

/// Reads `meta` (ISO/IEC 14496-12 §8.11, ISO/IEC 23008-12 §9).
pub(super) fn parse(content: &[u8]) -> Result<Image, Reason> {
    let (_, _, inner) = full(content)?;
    let inner = inner.rest();
    let primary = primary(expect(inner, b"pitm")?)?;
    let item = item_type(expect(inner, b"iinf")?, primary)?;
    if !IMAGE_ITEMS.contains(&&item) {
        return Err("the primary item is no AV1 image");
    }
    let properties = expect(inner, b"iprp")?;
    let container = boxes(expect(properties, b"ipco")?).collect::<Result<Vec<_>, _>>()?;
    let mut size = None;
    let mut transposed = false;
    for index in associations(properties, primary)? {
        let place = index.checked_sub(1);
        let Some((name, content)) = place.and_then(|place| container.get(place)) else {
            continue;
        };
        match name {
            b"ispe" => size = Some(extent(content)?),
            b"irot" => transposed = content.first().ok_or(SHORT)? & 1 == 1,
            _ => {}
        }
    }
    let (width, height) = size.ok_or("the primary item has no size")?;
    let reach = reach(expect(inner, b"iloc")?, primary)?;
    Ok(Image {
        width,
        height,
        transposed,
        reach,
    })
}

/// ISO/IEC 14496-12 §8.11.4.
fn primary(pitm: &[u8]) -> Result<u32, Reason> {
    let (version, _, mut reader) = full(pitm)?;
    id(&mut reader, version >= 1).ok_or(SHORT)
}

/// An item's number, in 32 bits or in 16.
fn id(reader: &mut Reader<'_>, wide: bool) -> Option<u32> {
    if wide {
        reader.u32_be()
    } else {
        reader.u16_be().map(u32::from)
    }
}

/// §8.11.6: the four characters of the item's entry.
fn item_type(iinf: &[u8], item: u32) -> Result<[u8; 4], Reason> {
    let (version, _, mut reader) = full(iinf)?;
    id(&mut reader, version >= 1).ok_or(SHORT)?;
    for entry in boxes(reader.rest()) {
        let (name, content) = entry?;
        let (version, _, mut reader) = full(content)?;
        if &name == b"infe" && version >= 2 && id(&mut reader, version >= 3) == Some(item) {
            reader.u16_be().ok_or(SHORT)?;
            return reader.array().ok_or(SHORT);
        }
    }
    Err("the primary item has no entry")
}

/// ISO/IEC 23008-12 §9.3: the properties of an item, counted from 1.
fn associations(iprp: &[u8], item: u32) -> Result<Vec<usize>, Reason> {
    for found in boxes(iprp) {
        let (name, content) = found?;
        if &name != b"ipma" {
            continue;
        }
        let (version, flags, mut reader) = full(content)?;
        let entries = reader.u32_be().ok_or(SHORT)?;
        let wide = flags & 1 == 1;
        for _ in 0..entries {
            let owner = id(&mut reader, version >= 1).ok_or(SHORT)?;
            let count = usize::from(reader.u8().ok_or(SHORT)?);
            let list = reader.take(count * if wide { 2 } else { 1 }).ok_or(SHORT)?;
            if owner == item {
                return Ok(indices(list, wide));
            }
        }
    }
    Err("the primary item has no properties")
}

/// The top bit says that a reader must understand the property.
fn indices(list: &[u8], wide: bool) -> Vec<usize> {
    if wide {
        let pairs = list.as_chunks::<2>().0.iter();
        pairs
            .map(|pair| usize::from(u16::from_be_bytes(*pair) & 0x7FFF))
            .collect()
    } else {
        list.iter().map(|byte| usize::from(byte & 0x7F)).collect()
    }
}

/// ISO/IEC 23008-12 §6.5.3: `ispe`.
fn extent(ispe: &[u8]) -> Result<(u32, u32), Reason> {
    let (_, _, mut reader) = full(ispe)?;
    reader.u32_be().zip(reader.u32_be()).ok_or(SHORT)
}

/// ISO/IEC 14496-12 §8.11.3: how far into the file the items reach. The
/// primary one must be among them.
fn reach(iloc: &[u8], primary: u32) -> Result<u64, Reason> {
    let (version, _, mut reader) = full(iloc)?;
    let [sizes, more] = reader.array().ok_or(SHORT)?;
    let sizes = Sizes {
        offset: sizes >> 4,
        length: sizes & 0x0F,
        base: more >> 4,
        index: if version >= 1 { more & 0x0F } else { 0 },
    };
    let items = id(&mut reader, version >= 2).ok_or(SHORT)?;
    let mut reach = 0;
    let mut located = false;
    for _ in 0..items {
        let (item, end) = item_reach(&mut reader, version, &sizes).ok_or(SHORT)?;
        reach = reach.max(end);
        located |= item == primary;
    }
    if located {
        Ok(reach)
    } else {
        Err("the primary item has no place")
    }
}

/// The widths of an `iloc`'s fields, in bytes.
struct Sizes {
    offset: u8,
    length: u8,
    base: u8,
    index: u8,
}

fn item_reach(reader: &mut Reader<'_>, version: u8, sizes: &Sizes) -> Option<(u32, u64)> {
    let item = id(reader, version >= 2)?;
    // 0 is an offset in a file; the others are in `idat` and in another item.
    let method = if version >= 1 {
        reader.u16_be()? & 0x0F
    } else {
        0
    };
    let elsewhere = reader.u16_be()? != 0 || method != 0;
    let base = sized(reader, sizes.base)?;
    let extents = reader.u16_be()?;
    let mut reach = 0;
    for _ in 0..extents {
        reader.take(sizes.index.into())?;
        let offset = sized(reader, sizes.offset)?;
        let length = sized(reader, sizes.length)?;
        reach = reach.max(base.saturating_add(offset).saturating_add(length));
    }
    Some((item, if elsewhere { 0 } else { reach }))
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
