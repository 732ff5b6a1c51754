//! What happens to the segments of a JPEG that are not part of its picture.

use super::markers::{APP0, APP1, APP2, APP14};
use crate::media::exif;
use crate::media::strip::Edit;
use crate::media::strip::jpeg as strip;
use crate::media::walk::{Found, Step, length};

/// Decides about an APPn or COM segment.
pub(super) fn step(marker: u8, content: &[u8], found: &mut Found) -> Step {
    let whole = length(content.len()).saturating_add(4);
    let is_exif = marker == APP1 && exif::prefixed(content).is_some();
    let first = is_exif && found.first_exif();
    if first {
        let orientation = exif::orientation(content, found.meter());
        found.set_orientation(orientation);
    }
    let edit = match found.strip() {
        // The parts that the index lists are not stored.
        _ if strip::is_index(marker, content) && found.cuts_trailing() => Edit::Drop,
        Some(_) if is_exif && !first => Edit::Drop,
        Some(removal) => {
            let cuts = found.cuts_trailing();
            strip::segment(marker, content, removal, cuts, found.meter())
        }
        None if found.cuts_trailing() => strip::without_index(marker, content, found.meter()),
        None => Edit::Keep,
    };
    match &edit {
        Edit::Keep if marker == APP2 && content.starts_with(PROFILE_PREFIX) => {
            found.note_special_colours();
        }
        Edit::Keep => note(marker, content.len(), found),
        Edit::Replace(edited) => note(marker, edited.len(), found),
        Edit::Drop => {}
    }
    match edit {
        Edit::Keep => Step::Keep(whole),
        Edit::Drop => Step::Drop(whole),
        Edit::Replace(content) => Step::Replace(whole, segment(marker, &content)),
    }
}

/// Precedes a part of a colour profile (ICC.1:2022 §B.4).
const PROFILE_PREFIX: &[u8] = b"ICC_PROFILE\0";
/// The length of the content of a JFIF header without a thumbnail (JFIF 1.02).
const JFIF_LENGTH: usize = 14;

/// Notes an APPn or COM segment that is stored: metadata, unless decoders need it, as they do a
/// JFIF header and Adobe's note of how components are encoded. `length` is that of its content.
pub(super) fn note(marker: u8, length: usize, found: &mut Found) {
    if !(marker == APP0 && length == JFIF_LENGTH || marker == APP14) {
        found.note_metadata();
    }
}

/// Encodes a segment (B.1.1.4): marker, length and content.
fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    // An edit never makes the content longer.
    let length = u16::try_from(content.len().saturating_add(2)).unwrap_or(u16::MAX);
    [&[0xFF, marker], &length.to_be_bytes()[..], content].concat()
}
