//! `meta`: the primary item and its properties.

use super::items::{self, Items};
use super::parts;
use crate::media::boxes::{MISSING, Reason, SHORT, boxes, full, id, only};
use crate::media::window::length;

/// The primary item, as described by `meta`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Image {
    pub(super) width: u32,
    pub(super) height: u32,
    /// Whether it is rotated by 90 degrees, in either direction.
    pub(super) transposed: bool,
    /// All items that it locates.
    pub(super) items: Items,
    /// The width and height of every picture in it.
    pub(super) sizes: Vec<(u32, u32)>,
    /// The length of the longest colour profile.
    pub(super) profile: u64,
}

/// Parses `meta` (ISO/IEC 14496-12 §8.11, ISO/IEC 23008-12 §9).
pub(super) fn parse(content: &[u8]) -> Result<Image, Reason> {
    let (_, _, inner) = full(content)?;
    let names = [b"pitm", b"iloc", b"iinf", b"iref", b"iprp", b"idat"];
    let [pitm, iloc, iinf, iref, iprp, idat] = only(inner.rest(), names)?;
    let primary = primary(pitm.ok_or(MISSING)?)?;
    let items = items::parse(iloc, iinf)?;
    parts::check(primary, &items, iref, idat)?;
    let properties = iprp.ok_or(MISSING)?;
    let [container] = only(properties, [b"ipco"])?;
    let container = boxes(container.ok_or(MISSING)?).collect::<Result<Vec<_>, _>>()?;
    let mut size = None;
    let mut turned = None;
    for index in associations(properties, primary)? {
        // 0 means no property.
        let Some(index) = index.checked_sub(1) else {
            continue;
        };
        let (name, content) = container
            .get(index)
            .ok_or("a property of the primary item is missing")?;
        let before = match name {
            b"ispe" => size.replace(extent(content)?).is_some(),
            b"irot" => turned.replace(transposes(content)?).is_some(),
            _ => false,
        };
        if before {
            return Err("the primary item has a duplicate property");
        }
    }
    let (width, height) = size.ok_or("the primary item has no size")?;
    let of = |name: &'static [u8; 4]| {
        let all = container.iter().filter(move |(found, _)| found == name);
        all.map(|(_, content)| *content)
    };
    Ok(Image {
        width,
        height,
        transposed: turned == Some(true),
        items,
        sizes: of(b"ispe").map(extent).collect::<Result<_, _>>()?,
        profile: of(b"colr")
            .map(|colr| length(colr.len()))
            .max()
            .unwrap_or(0),
    })
}

/// The id of the primary item (ISO/IEC 14496-12 §8.11.4).
fn primary(pitm: &[u8]) -> Result<u32, Reason> {
    let (version, _, mut reader) = full(pitm)?;
    id(&mut reader, version >= 1).ok_or(SHORT)
}

/// The properties of an item, counted from 1 (ISO/IEC 23008-12 §9.3).
fn associations(iprp: &[u8], item: u32) -> Result<Vec<usize>, Reason> {
    let mut associated = None;
    for found in boxes(iprp) {
        let (name, content) = found?;
        if &name != b"ipma" {
            continue;
        }
        let (version, flags, mut reader) = full(content)?;
        let entries = reader.u32_be().ok_or(SHORT)?;
        let wide = flags & 1 == 1;
        // Each entry has some bytes, so the loop ends even if the count is wrong.
        for _ in 0..entries {
            let owner = id(&mut reader, version >= 1).ok_or(SHORT)?;
            let count = usize::from(reader.u8().ok_or(SHORT)?);
            let width = if wide { 2 } else { 1 };
            let list = reader.take(count.saturating_mul(width)).ok_or(SHORT)?;
            if owner == item && associated.replace(indices(list, wide)).is_some() {
                return Err("the primary item has two lists of properties");
            }
        }
    }
    associated.ok_or("the primary item has no properties")
}

/// The indices without the top bit, which marks properties that readers must understand.
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

/// Whether `irot` rotates by an odd number of quarter turns (ISO/IEC 23008-12 §6.5.10).
pub(super) fn transposes(irot: &[u8]) -> Result<bool, Reason> {
    let quarters = irot.first().ok_or(SHORT)?;
    Ok(quarters & 1 == 1)
}

/// Width and height: `ispe` (ISO/IEC 23008-12 §6.5.3).
fn extent(ispe: &[u8]) -> Result<(u32, u32), Reason> {
    let (_, _, mut reader) = full(ispe)?;
    reader.u32_be().zip(reader.u32_be()).ok_or(SHORT)
}
