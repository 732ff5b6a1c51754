//! Metadata in the items of an AVIF.

mod header;

use super::{exif, xmp};
use crate::media::Strip;
use crate::media::meter::Meter;
use crate::media::read::Reader;

pub(in crate::media) use header::{DESCRIPTION, Headers};

/// A kind of metadata in an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::media) enum Metadata {
    /// An Exif block (ISO/IEC 23008-12 annex A.2.1).
    Exif,
    /// An XMP packet (annex A.3).
    Xmp,
    /// Anything else that is not a picture for an AV1 decoder.
    Other,
}

/// The metadata in an item of this type; `None` for pictures. Items of other codecs count
/// too, because they may contain metadata in their own form, as a JPEG does.
pub(in crate::media) fn removable(name: &[u8; 4], xmp: bool) -> Option<Metadata> {
    match name {
        b"av01" | b"grid" | b"iovl" | b"iden" | b"sato" | b"tmap" => None,
        b"Exif" => Some(Metadata::Exif),
        b"mime" if xmp => Some(Metadata::Xmp),
        _ => Some(Metadata::Other),
    }
}

/// Edits an item of metadata without changing its length; `None` if nothing changes.
pub(in crate::media) fn item(
    bytes: &[u8],
    metadata: Metadata,
    strip: Strip,
    meter: &mut Meter,
) -> Option<Vec<u8>> {
    match metadata {
        Metadata::Exif => exif_item(bytes, strip, meter),
        Metadata::Xmp => xmp::edit_in_place(bytes, strip, meter),
        Metadata::Other => bytes
            .iter()
            .any(|byte| *byte != 0)
            .then(|| vec![0; bytes.len()]),
    }
}

/// The TIFF structure is preceded by its offset: 0, or 6 if JPEG's prefix is in
/// between.
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
