//! Pictures of an exact size.

use super::hostile_files;
use super::parts::png_chunk;

/// The offset of the part that varies: the type of a chunk, followed by 16 bytes and their
/// checksum.
pub(crate) const VARIES_AT: usize = 8 + 25 + 25 + 4;
/// The smallest size of a picture, in bytes.
pub(super) const SMALLEST: usize = 8 + 25 + 28 + 12 + 25 + 12;

/// The type of image data. After the end of the compressed stream, decoders skip it, and stripping
/// metadata does not remove it.
const DATA: &[u8; 4] = b"IDAT";

/// A PNG of exactly `size` bytes: one grey pixel, a chunk of 16 bytes to vary, and a chunk of
/// padding.
pub(crate) fn png(size: usize) -> Vec<u8> {
    let varies = png_chunk(DATA, b"0000000000000000");
    // Bytes that compress badly, so that compression gains nothing.
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
    fn pictures_have_the_requested_size() {
        for size in [SMALLEST, 200, 100_000] {
            let png = png(size);
            assert_eq!(png.len(), size);
            assert_eq!(&png[VARIES_AT..VARIES_AT + 4], DATA);
        }
    }

    #[test]
    fn checksums_are_those_of_the_specification() {
        assert_eq!(png_chunk(b"IEND", &[]), b"\0\0\0\0IEND\xae\x42\x60\x82");
    }
}
