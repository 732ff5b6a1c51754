mod header;

use super::{exif, xmp};
use crate::media::Strip;
use crate::media::meter::Meter;
use crate::media::read::Reader;

pub(in crate::media) use header::Headers;

/// Metadata in an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::media) enum Secret {
    /// An Exif block (ISO/IEC 23008-12 annex A.2.1).
    Exif,
    /// An XMP packet (annex A.3).
    Xmp,
    /// Something else that is no picture of AV1's.
    Other,
}

/// What an item of this type is, if it is no picture. Those of other codecs may
/// hold metadata in a form of their own, as a JPEG does.
pub(in crate::media) fn secret(name: &[u8; 4], xmp: bool) -> Option<Secret> {
    match name {
        b"av01" | b"grid" | b"iovl" | b"iden" | b"sato" | b"tmap" => None,
        b"Exif" => Some(Secret::Exif),
        b"mime" if xmp => Some(Secret::Xmp),
        _ => Some(Secret::Other),
    }
}

/// An item with metadata, edited and of the same length; `None` where nothing
/// changes.
pub(in crate::media) fn item(
    bytes: &[u8],
    secret: Secret,
    strip: Strip,
    meter: &mut Meter,
) -> Option<Vec<u8>> {
    match secret {
        Secret::Exif => exif_item(bytes, strip, meter),
        Secret::Xmp => xmp::edit_in_place(bytes, strip, meter),
        Secret::Other => bytes
            .iter()
            .any(|byte| *byte != 0)
            .then(|| vec![0; bytes.len()]),
    }
}

/// Before the TIFF structure stands its offset from there: 0, or 6 where the
/// prefix of JPEG comes between.
fn exif_item(bytes: &[u8], strip: Strip, meter: &mut Meter) -> Option<Vec<u8>> {
    let offset = Reader::new(bytes).u32_be();
    let head = match offset {
        Some(6) if bytes.get(4..10) == Some(crate::media::exif::EXIF_PREFIX) => 10,
        _ => 4,
    };
    let (start, tiff) = bytes.split_at_checked(head)?;
    let mut edited = start.to_vec();
    if head == 4 {
        edited.fill(0);
    }
    let tiff_edited = exif::edit_in_place(tiff, strip, meter);
    edited.extend(tiff_edited.as_deref().unwrap_or(tiff));
    (edited != bytes).then_some(edited)
}
