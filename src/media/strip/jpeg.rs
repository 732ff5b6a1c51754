//! Metadata in the segments of a JPEG.

pub(in crate::media) mod extended;

use super::xmp::{self, Removal};
use super::{Edit, exif, photoshop};
use crate::media::Strip;
use crate::media::exif::{EXIF_PREFIX, prefixed};
use crate::media::meter::Meter;

const APP0: u8 = 0xE0;
const APP1: u8 = 0xE1;
const APP2: u8 = 0xE2;
const APP8: u8 = 0xE8;
const APP11: u8 = 0xEB;
const APP12: u8 = 0xEC;
const APP13: u8 = 0xED;
const APP14: u8 = 0xEE;
const COM: u8 = 0xFE;

/// Precedes an XMP packet (XMP part 3 §1.1.3).
const XMP_PREFIX: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";

/// Precedes the index of further pictures, which follow EOI (CIPA DC-007 §5.1).
const MPF_PREFIX: &[u8] = b"MPF\0";

/// Precedes a note that one of them is a gain map (ISO 21496-1 Annex C).
const GAIN_MAP_PREFIX: &[u8] = b"urn:iso:std:iso:ts:21496:-1\0";

/// Whether a segment does nothing but describe what follows EOI.
pub(in crate::media) fn is_index(marker: u8, content: &[u8]) -> bool {
    let prefixes = [MPF_PREFIX, GAIN_MAP_PREFIX];
    marker == APP2 && prefixes.iter().any(|prefix| content.starts_with(prefix))
}

/// Only properties that describe what follows EOI are removed.
const APPENDED: Removal = Removal {
    places: false,
    appended: true,
};

/// Edits the content of an APPn or COM segment of which only properties that describe what
/// follows EOI are removed.
pub(in crate::media) fn without_index(marker: u8, content: &[u8], meter: &mut Meter) -> Edit {
    let packet = match marker {
        APP1 => content
            .strip_prefix(XMP_PREFIX)
            .or(extended::whole(content)),
        _ => None,
    };
    let Some(packet) = packet else {
        return Edit::Keep;
    };
    let head = content.strip_suffix(packet).unwrap_or_default();
    match xmp::remove(packet, APPENDED, meter) {
        // It cannot be read, and other metadata stays.
        Edit::Drop => Edit::Keep,
        edit => behind(head, edit),
    }
}

/// Edits the content of an APPn or COM segment. `cuts` is whether what follows EOI is cut.
///
/// Unknown segments are removed, because makers use their own segments for what Exif does
/// not provide for. Also removed are extended XMP packets (depth maps, and whole other
/// pictures), FlashPix, JFIF's thumbnails, and content credentials, which may contain all of
/// these and would certify a file that has since changed.
pub(in crate::media) fn segment(
    marker: u8,
    content: &[u8],
    strip: Strip,
    cuts: bool,
    meter: &mut Meter,
) -> Edit {
    let all = strip == Strip::All;
    let removal = Removal {
        places: true,
        appended: cuts,
    };
    match marker {
        APP0 if content.starts_with(b"JFIF\0") => jfif(content),
        APP1 => match (prefixed(content), content.strip_prefix(XMP_PREFIX)) {
            (Some(tiff), _) => with_exif_prefix(content, exif::edit(tiff, strip, meter), tiff),
            (_, Some(_)) if all => Edit::Drop,
            (_, Some(packet)) => behind(XMP_PREFIX, xmp::remove(packet, removal, meter)),
            _ => Edit::Drop,
        },
        APP2 if content.starts_with(b"ICC_PROFILE\0") => Edit::Keep,
        // How components are encoded.
        APP14 if content.starts_with(b"Adobe") => Edit::Keep,
        _ if all => Edit::Drop,
        APP8 if content.starts_with(b"SPIFF\0") => Edit::Keep,
        // JPEG XT, which extends the pixels; `jumb` boxes are content credentials.
        APP11 if content.starts_with(b"JP") && content.get(12..16) != Some(b"jumb") => Edit::Keep,
        APP12 if content.starts_with(b"Ducky") => Edit::Keep,
        APP13 => match content.strip_prefix(photoshop::PREFIX) {
            Some(resources) => behind(photoshop::PREFIX, photoshop::edit(resources, meter)),
            None => Edit::Drop,
        },
        COM => Edit::Keep,
        _ => Edit::Drop,
    }
}

/// Adds `prefix` to the edited content of a segment.
fn behind(prefix: &[u8], edit: Edit) -> Edit {
    match edit {
        Edit::Replace(content) => Edit::Replace([prefix, &content].concat()),
        edit => edit,
    }
}

/// Adds the Exif prefix to an edited TIFF structure. The prefix takes the form that all
/// readers know, so that they agree with each other and with Darkroom.
fn with_exif_prefix(content: &[u8], edit: Edit, tiff: &[u8]) -> Edit {
    match edit {
        Edit::Keep if !content.starts_with(EXIF_PREFIX) => {
            Edit::Replace([EXIF_PREFIX, tiff].concat())
        }
        edit => behind(EXIF_PREFIX, edit),
    }
}

/// JFIF 1.02: units and densities are followed by the width, the height and the pixels of a
/// thumbnail.
fn jfif(content: &[u8]) -> Edit {
    match content.split_at_checked(12) {
        Some((_, [0, 0])) => Edit::Keep,
        Some((head, [_, _, ..])) => Edit::Replace([head, &[0, 0]].concat()),
        _ => Edit::Keep,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A TIFF structure with an orientation and nothing else.
    const TURNED: &[u8] = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";

    #[test]
    fn segments_are_kept_dropped_or_edited() {
        let xmp = [XMP_PREFIX, b"<a City='Zzyzx'/>"].concat();
        let blank = [XMP_PREFIX, b"<a             />"].concat();
        let (keep, drop) = (Edit::Keep, Edit::Drop);
        let to = |bytes: &[u8]| Edit::Replace(bytes.to_vec());
        for (marker, content, location, all) in [
            (APP0, &b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"[..], &keep, &keep),
            (
                APP0,
                b"JFIF\0\x01\x02\0\0\x01\0\x01\x01\x01rgb",
                &to(b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"),
                &to(b"JFIF\0\x01\x02\0\0\x01\0\x01\0\0"),
            ),
            (APP0, b"JFXX\0\x10a JPEG", &drop, &drop),
            (APP1, b"Exif\0\0no TIFF", &drop, &drop),
            (APP1, b"Exif\0", &drop, &drop),
            // Padding other than zero becomes zero, so that all readers recognise the block.
            (
                APP1,
                &[b"Exif\0\x20", TURNED].concat(),
                &to(&[EXIF_PREFIX, TURNED].concat()),
                &to(&[EXIF_PREFIX, TURNED].concat()),
            ),
            (APP1, &xmp, &to(&blank), &drop),
            (
                APP1,
                b"http://ns.adobe.com/xmp/extension/\0more",
                &drop,
                &drop,
            ),
            (APP1, b"FLIR\0", &drop, &drop),
            (APP2, b"ICC_PROFILE\0\x01\x01", &keep, &keep),
            (APP2, b"MPF\0II", &drop, &drop),
            (APP2, b"FPXR\0", &drop, &drop),
            (0xE4, b"Scalado", &drop, &drop),
            (APP11, b"JP\0\x01\0\0\0\x01\0\0\0\x20jumb", &drop, &drop),
            (APP11, b"JP\0\x01\0\0\0\x01\0\0\0\x20RESI", &keep, &drop),
            (APP12, b"Ducky\0\x01", &keep, &drop),
            (APP13, b"Photoshop 3.0\0", &drop, &drop),
            (APP13, b"Adobe_CM", &drop, &drop),
            (APP14, b"Adobe\0\x64", &keep, &keep),
            (COM, b"a comment", &keep, &drop),
        ] {
            let name = String::from_utf8_lossy(content);
            assert_eq!(
                segment(
                    marker,
                    content,
                    Strip::Location,
                    true,
                    &mut Meter::default()
                ),
                *location,
                "{name}"
            );
            let answer = segment(marker, content, Strip::All, true, &mut Meter::default());
            assert_eq!(answer, *all, "{name}");
        }
    }

    #[test]
    fn what_describes_appended_parts_is_removed_without_other_metadata() {
        let xmp = |packet: &[u8]| [XMP_PREFIX, packet].concat();
        let extended = |length: u8, packet: &[u8]| {
            let head = [&[b'A'; 32][..], &[0, 0, 0, length, 0, 0, 0, 0]].concat();
            [extended::PREFIX, &head, packet].concat()
        };
        let (packet, blank) = (b"<a hdrgm:Version=''/>", b"<a                 />");
        let length = u8::try_from(packet.len()).expect("short");
        for (content, expect) in [
            (xmp(packet), Edit::Replace(xmp(blank))),
            (
                extended(length, packet),
                Edit::Replace(extended(length, blank)),
            ),
            // Places stay, and so does what cannot be read.
            (xmp(b"<a City='Zzyzx'/>"), Edit::Keep),
            (xmp(b"<a hdrgm:Version=''>"), Edit::Keep),
            (extended(length + 1, packet), Edit::Keep),
            (b"Exif\0\0MM".to_vec(), Edit::Keep),
        ] {
            let name = String::from_utf8_lossy(&content);
            let edit = without_index(APP1, &content, &mut Meter::default());
            assert_eq!(edit, expect, "{name}");
        }
        assert!(is_index(APP2, b"MPF\0II") && !is_index(APP1, b"MPF\0II"));
        assert!(is_index(APP2, b"urn:iso:std:iso:ts:21496:-1\0\0\0\0\0"));
        assert!(!is_index(APP2, b"ICC_PROFILE\0\x01\x01"));
    }
}
