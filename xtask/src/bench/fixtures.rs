//! Pictures of an exact size.

/// Where the part that varies begins: the type of a chunk, followed by 16 bytes and
/// their checksum.
pub(crate) const VARIES_AT: usize = 8 + 25 + 25 + 4;

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// Image data: behind the end of what is compressed a decoder passes it over, and
/// nothing that strips metadata takes it out.
const DATA: &[u8; 4] = b"IDAT";

/// A PNG of exactly `size` bytes: one grey pixel, a chunk of 16 bytes to vary, and
/// one that fills it up.
pub(crate) fn png(size: usize) -> Vec<u8> {
    // 1 × 1, 8 bits, greyscale.
    let header = [0, 0, 0, 1, 0, 0, 0, 1, 8, 0, 0, 0, 0];
    // zlib, one stored block: no filter, black.
    let pixels = [0x78, 1, 1, 2, 0, 0xfd, 0xff, 0, 0, 0, 2, 0, 1];
    let mut png = SIGNATURE.to_vec();
    png.extend(chunk(b"IHDR", &header));
    png.extend(chunk(DATA, &pixels));
    png.extend(chunk(DATA, b"0000000000000000"));
    let end = chunk(b"IEND", &[]);
    let filler = size.saturating_sub(png.len() + end.len() + 12);
    // Bytes that compress badly, so that nothing is gained by compression.
    let mut state = 1_u32;
    let noise: Vec<u8> = std::iter::repeat_with(|| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    })
    .take(filler)
    .collect();
    png.extend(chunk(DATA, &noise));
    png.extend(end);
    png
}

fn chunk(kind: &[u8; 4], data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(data.len()).unwrap_or(u32::MAX);
    let body = [kind.as_slice(), data].concat();
    [
        &length.to_be_bytes(),
        body.as_slice(),
        &crc32(&body).to_be_bytes(),
    ]
    .concat()
}

/// The checksum of PNG chunks (ISO 3309).
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_have_the_size_that_was_asked_for() {
        for size in [200, 100_000] {
            let png = png(size);
            assert_eq!(png.len(), size);
            assert_eq!(&png[VARIES_AT..VARIES_AT + 4], DATA);
        }
    }

    #[test]
    fn checksums_are_those_of_the_standard() {
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        assert_eq!(chunk(b"IEND", &[]), b"\0\0\0\0IEND\xae\x42\x60\x82");
    }
}
