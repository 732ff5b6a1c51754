use std::ops::Range;

use super::{exif, xmp};
use crate::media::Strip;
use crate::media::meter::Meter;
use crate::media::read::Reader;
use crate::media::walk::measure;

/// Metadata in an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::media) enum Secret {
    /// An Exif block (ISO/IEC 23008-12 annex A.2.1).
    Exif,
    /// An XMP packet (annex A.3).
    Xmp,
    /// Something else that is no picture.
    Other,
}

/// What an item of this type is, if it is no picture.
pub(in crate::media) fn secret(name: &[u8; 4], xmp: bool) -> Option<Secret> {
    match name {
        b"Exif" => Some(Secret::Exif),
        b"mime" if xmp => Some(Secret::Xmp),
        b"mime" | b"uri " => Some(Secret::Other),
        _ => None,
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

/// Edits what a `meta` box holds: metadata in its `idat`, at these offsets, and
/// boxes that are metadata. `None` if the former lie outside.
pub(in crate::media) fn meta(
    content: &mut [u8],
    secrets: &[(Range<u64>, Secret)],
    strip: Strip,
    meter: &mut Meter,
) -> Option<()> {
    // After version and flags.
    let inner = content.get_mut(4..)?;
    hide_boxes(inner);
    if secrets.is_empty() {
        return Some(());
    }
    let idat = inner.get_mut(find(inner, b"idat")?)?;
    for (range, secret) in secrets {
        let start = usize::try_from(range.start).ok()?;
        let bytes = idat.get_mut(start..usize::try_from(range.end).ok()?)?;
        if let Some(edited) = item(bytes, *secret, strip, meter) {
            bytes.copy_from_slice(&edited);
        }
    }
    Some(())
}

/// Edits what a `moov` box holds: boxes that are metadata.
pub(in crate::media) fn moov(content: &mut [u8]) -> Option<()> {
    hide_boxes(content);
    Some(())
}

/// Where the content of the first box of this name is.
fn find(content: &[u8], name: &[u8; 4]) -> Option<Range<usize>> {
    let mut at = 0;
    loop {
        let (found, header, size) = measure(content.get(at..)?)?;
        if &found == name {
            return Some(at + header..at + size);
        }
        at += size;
    }
}

/// Empties the boxes that are metadata: user data (where QuickTime puts places),
/// lists of keys and values, XML, and private ones.
fn hide_boxes(mut content: &mut [u8]) {
    while let Some((name, header, size)) = measure(content) {
        let Some((whole, rest)) = content.split_at_mut_checked(size) else {
            return;
        };
        let inner = whole.get_mut(header..).unwrap_or_default();
        match &name {
            b"udta" | b"uuid" | b"keys" | b"ilst" | b"xml " | b"bxml" => {
                inner.fill(0);
                rename(whole);
            }
            b"trak" => hide_boxes(inner),
            b"meta" => hide_boxes(inner.get_mut(4..).unwrap_or_default()),
            _ => {}
        }
        content = rest;
    }
}

/// Names a box `free`: what nobody looks into.
pub(in crate::media) fn rename(bytes: &mut [u8]) {
    if let Some(name) = bytes.get_mut(4..8) {
        name.copy_from_slice(b"free");
    }
}
