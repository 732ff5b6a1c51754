//! The orientation that an Exif block states (Exif 2.32 §4.6.4, TIFF 6.0 §2).

use super::reader::Reader;

const ORIENTATION: u16 = 0x0112;
const SHORT: u16 = 3;

/// The bytes after the prefix of a block in a JPEG, whose last byte is padding of any value;
/// `None` if the block has no such prefix.
pub(super) fn prefixed(block: &[u8]) -> Option<&[u8]> {
    match block {
        [b'E', b'x', b'i', b'f', 0, _, tiff @ ..] => Some(tiff),
        _ => None,
    }
}

/// The orientation, 1 to 8, of a block with or without its prefix. As in browsers, it is a single
/// number of 16 bits in the first directory; anything else is no orientation, which means 1.
pub(super) fn orientation(block: &[u8]) -> u8 {
    read(prefixed(block).unwrap_or(block)).unwrap_or(1)
}

fn read(tiff: &[u8]) -> Option<u8> {
    let big = match tiff.first_chunk()? {
        b"II" => false,
        b"MM" => true,
        _ => return None,
    };
    let u16_of = |reader: &mut Reader<'_>| {
        if big {
            reader.u16_be()
        } else {
            reader.u16_le()
        }
    };
    let u32_of = |reader: &mut Reader<'_>| {
        if big {
            reader.u32_be()
        } else {
            reader.u32_le()
        }
    };
    let mut header = Reader::new(tiff.get(2..)?);
    if u16_of(&mut header)? != 42 {
        return None;
    }
    let first = usize::try_from(u32_of(&mut header)?).ok()?;
    let mut directory = Reader::new(tiff.get(first.max(8)..)?);
    let count = u16_of(&mut directory)?;
    for _ in 0..count {
        let mut entry = Reader::new(directory.take(12)?);
        let head = (
            u16_of(&mut entry)?,
            u16_of(&mut entry)?,
            u32_of(&mut entry)?,
        );
        if head == (ORIENTATION, SHORT, 1) {
            let value = u16_of(&mut entry)?;
            return u8::try_from(value)
                .ok()
                .filter(|value| (1..=8).contains(value));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orientation_is_read_in_both_byte_orders() {
        let check =
            |block: &[u8], expect: u8| assert_eq!(orientation(block), expect, "{block:02x?}");
        let big = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0";
        let little = b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0";
        check(big, 6);
        check(little, 3);
        check(&[b"Exif\0\0", &big[..]].concat(), 6);
        check(&[b"Exif\0\xFF", &little[..]].concat(), 3);
        for cut in 0..big.len() {
            check(&big[..cut], 1);
        }
        check(
            b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0",
            1,
        );
        check(
            b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x04\0\0\0\x01\0\0\0\x06",
            1,
        );
        check(
            b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x02\0\x06\0\x06",
            1,
        );
        check(b"MM\0\x2a\xff\xff\xff\xff\0\x01", 1);
    }
}
