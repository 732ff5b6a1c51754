//! Pictures of an exact size.

use super::hostile_files;
use super::parts::png_chunk;

/// Where the part that varies begins: the type of a chunk, followed by 16 bytes and
/// their checksum.
pub(crate) const VARIES_AT: usize = 8 + 25 + 25 + 4;
/// The least that a picture has.
pub(super) const SMALLEST: usize = 8 + 25 + 28 + 12 + 25 + 12;

/// Image data: behind the end of what is compressed a decoder passes it over, and
/// nothing that strips metadata takes it out.
const DATA: &[u8; 4] = b"IDAT";

/// A PNG of exactly `size` bytes: one grey pixel, a chunk of 16 bytes to vary, and
/// one that fills it up.
pub(crate) fn png(size: usize) -> Vec<u8> {
    let varies = png_chunk(DATA, b"0000000000000000");
    // Bytes that compress badly, so that nothing is gained by compression.
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(size.saturating_sub(SMALLEST))
    .collect();
    hostile_files::png(&[], &[varies, png_chunk(DATA, &noise)].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_have_the_size_that_was_asked_for() {
        for size in [SMALLEST, 200, 100_000] {
            let png = png(size);
            assert_eq!(png.len(), size);
            assert_eq!(&png[VARIES_AT..VARIES_AT + 4], DATA);
        }
    }

    #[test]
    fn checksums_are_those_of_the_standard() {
        assert_eq!(png_chunk(b"IEND", &[]), b"\0\0\0\0IEND\xae\x42\x60\x82");
    }
}
