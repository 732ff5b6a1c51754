use super::boxes::{Reason, SHORT, boxes, expect, full, id};
use super::items::{self, Item};

/// What `meta` says of the primary item.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Whether it is turned by a quarter, one way or the other.
    pub(super) transposed: bool,
    /// Everything that it locates.
    pub(super) items: Vec<Item>,
}

/// The items that make an AVIF (AVIF v1.1 §2.1 and §4; ISO/IEC 23008-12 §6.6):
/// coded, or put together from coded ones.
const IMAGE_ITEMS: [&[u8; 4]; 5] = [b"av01", b"grid", b"iovl", b"sato", b"tmap"];

/// Reads `meta` (ISO/IEC 14496-12 §8.11, ISO/IEC 23008-12 §9).
pub(super) fn parse(content: &[u8]) -> Result<Image, Reason> {
    let (_, _, inner) = full(content)?;
    let inner = inner.rest();
    let primary = primary(expect(inner, b"pitm")?)?;
    let items = items::parse(inner)?;
    let item = items.iter().find(|item| item.id == primary);
    let item = item.ok_or("the primary item has no place")?;
    if !IMAGE_ITEMS.contains(&&item.name) {
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
    Ok(Image {
        width,
        height,
        transposed,
        items,
    })
}

/// ISO/IEC 14496-12 §8.11.4.
fn primary(pitm: &[u8]) -> Result<u32, Reason> {
    let (version, _, mut reader) = full(pitm)?;
    id(&mut reader, version >= 1).ok_or(SHORT)
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
