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
    /// How it is turned to be shown, 1 to 8, as Exif has it.
    pub(super) orientation: u8,
    /// Whether there is a picture of its transparency.
    pub(super) has_alpha: bool,
    /// Whether its colours are stated to be sRGB, in eight bits.
    pub(super) has_standard_colours: bool,
    /// Whether there is anything else but the picture.
    pub(super) has_metadata: bool,
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
    let (mut rotation, mut mirror) = (None, None);
    let mut colours = Vec::new();
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
            b"irot" => rotation.replace(*content).is_some(),
            b"imir" => {
                mirror = Some(*content);
                false
            }
            b"colr" => {
                colours.push(*content);
                false
            }
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
    let is_tagged = !colours.is_empty() && colours.into_iter().all(is_srgb);
    let is_deep = of(b"av1C").any(is_deep);
    Ok(Image {
        width,
        height,
        orientation: orientation(rotation, mirror)?,
        has_alpha: of(b"auxC").any(is_alpha),
        has_standard_colours: is_tagged && !is_deep,
        has_metadata: items.have_metadata() || !of(b"auxC").all(is_alpha),
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

/// How a picture with these properties is turned to be shown, 1 to 8, as Exif has it: rotated
/// anticlockwise by quarter turns, then mirrored along an axis (ISO/IEC 23008-12 §6.5.10, §6.5.12).
pub(super) fn orientation(irot: Option<&[u8]>, imir: Option<&[u8]>) -> Result<u8, Reason> {
    let quarters = match irot {
        Some(irot) => irot.first().ok_or(SHORT)? & 3,
        None => 0,
    };
    let axis = imir.and_then(<[u8]>::first).map(|axis| axis & 1);
    Ok(match (quarters, axis) {
        (0, None) => 1,
        (0, Some(0)) | (2, Some(1)) => 4,
        (0, Some(_)) | (2, Some(_)) => 2,
        (1, None) => 8,
        (1, Some(0)) | (3, Some(1)) => 5,
        (1, Some(_)) | (3, Some(_)) => 7,
        (2, None) => 3,
        _ => 6,
    })
}

/// Whether `colr` has the code points of sRGB (ITU-T H.273), whatever the matrix.
fn is_srgb(colr: &[u8]) -> bool {
    colr.starts_with(b"nclx\0\x01\0\x0D")
}

/// Whether samples have more than eight bits, by `av1C` (AV1 in ISOBMFF §2.3).
fn is_deep(av1c: &[u8]) -> bool {
    av1c.get(2).is_none_or(|flags| flags & 0x40 != 0)
}

/// Whether an auxiliary picture is one of transparency (AVIF v1.1 §4.1).
fn is_alpha(auxc: &[u8]) -> bool {
    let name = auxc.get(4..).unwrap_or_default();
    let name = name.split(|byte| *byte == 0).next();
    matches!(
        name,
        Some(b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha" | b"urn:mpeg:hevc:2015:auxid:1")
    )
}

/// Width and height: `ispe` (ISO/IEC 23008-12 §6.5.3).
fn extent(ispe: &[u8]) -> Result<(u32, u32), Reason> {
    let (_, _, mut reader) = full(ispe)?;
    reader.u32_be().zip(reader.u32_be()).ok_or(SHORT)
}
