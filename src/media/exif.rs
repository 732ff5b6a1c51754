//! The Exif block: its prefix, and the orientation.

use super::meter::Meter;
use super::tiff::{Entry, Tiff};

/// Precedes the TIFF structure in a JPEG's APP1 segment (Exif 2.32 §4.7.2).
pub(super) const EXIF_PREFIX: &[u8] = b"Exif\0\0";

/// Returns the bytes after that prefix; `None` if the block does not have it, or nothing else.
/// The last byte of the prefix is padding, which some writers do not set to zero. Chromium
/// ignores it, and so do these functions.
pub(super) fn prefixed(block: &[u8]) -> Option<&[u8]> {
    match block {
        [b'E', b'x', b'i', b'f', 0, _, tiff @ ..] if !tiff.is_empty() => Some(tiff),
        _ => None,
    }
}

/// The tag of the orientation.
pub(super) const ORIENTATION: u16 = 0x0112;

/// Whether an entry of the first directory is an orientation: one number of 16 bits. Browsers
/// ignore any other form.
pub(super) fn is_orientation(entry: &Entry) -> bool {
    entry.tag == ORIENTATION && entry.number.is_some() && entry.value.len() == 2
}

/// How the picture must be turned to be shown, 1 to 8: the tag Orientation of the first
/// directory (Exif 2.32 §4.6.4, TIFF 6.0 §8). `None` if the block, with or without its prefix,
/// has no valid orientation.
pub(super) fn orientation(block: &[u8], meter: &mut Meter) -> Option<u8> {
    let tiff = Tiff::open(prefixed(block).unwrap_or(block))?;
    let directory = tiff.directory(tiff.first()?, meter)?;
    let mut entries = directory.entries.iter();
    let orientation = entries.find(|entry| is_orientation(entry))?.number?;
    let orientation = u8::try_from(orientation).ok()?;
    (1..=8).contains(&orientation).then_some(orientation)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orientation_is_read_in_both_byte_orders() {
        let check = |block: &[u8], expect: Option<u8>| {
            let answer = orientation(block, &mut Meter::default());
            assert_eq!(answer, expect, "{block:02x?}");
        };
        let big = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0";
        let little = b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0";
        check(big, Some(6));
        check(little, Some(3));
        check(&[EXIF_PREFIX, big].concat(), Some(6));
        check(&[b"Exif\0\xFF", &big[..]].concat(), Some(6));
        for cut in 0..big.len() {
            check(&big[..cut], None);
        }
        let nine = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0";
        check(nine, None);
        let long = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x04\0\0\0\x01\0\0\0\x06";
        check(long, None);
        let two = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x02\0\x06\0\x06";
        check(two, None);
        let far = b"MM\0\x2a\xff\xff\xff\xff\0\x01";
        check(far, None);
    }
}
