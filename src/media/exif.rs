use super::read::Reader;

/// How much of an Exif block is looked at. The orientation stands in the first
/// directory, which writers put at the front; a JPEG's block is no longer anyway.
pub(super) const MAX_EXIF: u64 = 64 * 1024;

/// What precedes the TIFF structure in a JPEG's APP1 segment (Exif 2.32 §4.7.2).
pub(super) const EXIF_PREFIX: &[u8; 6] = b"Exif\0\0";

const ORIENTATION: u16 = 0x0112;
const SHORT: u16 = 3;
const LONG: u16 = 4;

/// Whether the picture is to be shown with its width and height exchanged:
/// tag Orientation of the first directory (Exif 2.32 §4.6.4, TIFF 6.0 §8) is 5
/// to 8. `None` where the block, with or without its prefix, holds none.
pub(super) fn transposed(block: &[u8]) -> Option<bool> {
    let tiff = block.strip_prefix(EXIF_PREFIX).unwrap_or(block);
    let orientation = orientation(tiff)?;
    (1..=8).contains(&orientation).then_some(orientation >= 5)
}

fn orientation(tiff: &[u8]) -> Option<u32> {
    let mut reader = Reader::new(tiff);
    let order = match &reader.array()? {
        b"II" => Order::Little,
        b"MM" => Order::Big,
        _ => return None,
    };
    if order.u16(&mut reader)? != 42 {
        return None;
    }
    let offset = usize::try_from(order.u32(&mut reader)?).ok()?;
    let mut directory = Reader::new(tiff.get(offset..)?);
    let entries = order.u16(&mut directory)?;
    for _ in 0..entries {
        let tag = order.u16(&mut directory)?;
        let field_type = order.u16(&mut directory)?;
        let count = order.u32(&mut directory)?;
        let mut value = Reader::new(directory.take(4)?);
        if tag == ORIENTATION && count >= 1 {
            return match field_type {
                SHORT => order.u16(&mut value).map(u32::from),
                LONG => order.u32(&mut value),
                _ => None,
            };
        }
    }
    None
}

#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn u16(self, reader: &mut Reader<'_>) -> Option<u16> {
        match self {
            Order::Little => reader.u16_le(),
            Order::Big => reader.u16_be(),
        }
    }

    fn u32(self, reader: &mut Reader<'_>) -> Option<u32> {
        match self {
            Order::Little => reader.u32_le(),
            Order::Big => reader.u32_be(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orientation_is_read_in_both_byte_orders() {
        let check = |block: &[u8], expect: Option<bool>| {
            assert_eq!(transposed(block), expect, "{block:02x?}");
        };
        let big = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0";
        let little = b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x03\0\0\0";
        check(big, Some(true));
        check(little, Some(false));
        check(&[EXIF_PREFIX.as_slice(), big].concat(), Some(true));
        for cut in 0..big.len() {
            check(&big[..cut], None);
        }
        let nine = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x09\0\0";
        check(nine, None);
        let far = b"MM\0\x2a\xff\xff\xff\xff\0\x01";
        check(far, None);
    }
}
