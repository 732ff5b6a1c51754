use super::{Found, Step, Walk};
use crate::media::MediaError;
use crate::media::exif::{self, MAX_EXIF};
use crate::media::read::Reader;

/// PNG, third edition, §5: the signature, then chunks from IHDR to IEND.
///
/// A chunk's CRC is checked where its content is acted upon, which is IHDR's;
/// the others are the decoder's to judge, and reading every byte for it would
/// be the largest part of an upload's cost.
#[derive(Debug, Default)]
pub(super) struct Png {
    signed: bool,
    /// Whether the colours are looked up in PLTE; known from IHDR.
    indexed: Option<bool>,
    palette: bool,
    data: bool,
}

/// §5.1: the greatest of PNG's four-byte unsigned integers.
const MAX_LENGTH: u32 = 0x7FFF_FFFF;

impl Walk for Png {
    fn step(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        if !self.signed {
            self.signed = true;
            return Ok(Step::Advance(8));
        }
        let mut reader = Reader::new(window);
        let (Some(length), Some(name)) = (reader.u32_be(), reader.array::<4>()) else {
            return Ok(Step::Need(8));
        };
        if length > MAX_LENGTH || !name.iter().all(u8::is_ascii_alphabetic) {
            return Err(found.malformed("a chunk has no valid header"));
        }
        if self.indexed.is_none() && &name != b"IHDR" {
            return Err(found.malformed("the first chunk is not IHDR"));
        }
        if let Some(size) = read_of(name, length, found)? {
            let Some(content) = window.get(8..8 + size) else {
                return Ok(Step::Need(8 + size));
            };
            if let Some(end) = self.read(name, content, found)? {
                return Ok(end);
            }
        } else {
            self.pass(name, length, found)?;
        }
        Ok(Step::Advance(u64::from(length) + 12))
    }
}

/// How many bytes of a chunk, after its name, are read: with the CRC where that
/// is wanted. `None` where the name and the length say it all.
fn read_of(name: [u8; 4], length: u32, found: &Found) -> Result<Option<usize>, MediaError> {
    let expect = |expected: u32| {
        if length == expected {
            Ok(())
        } else {
            Err(found.malformed("a chunk of fixed length has another"))
        }
    };
    match &name {
        b"IHDR" => expect(13).map(|()| Some(17)),
        b"acTL" => expect(8).map(|()| Some(8)),
        b"IEND" => expect(0).map(|()| Some(4)),
        b"eXIf" => Ok(usize::try_from(u64::from(length).min(MAX_EXIF)).ok()),
        _ => Ok(None),
    }
}

impl Png {
    fn read(
        &mut self,
        name: [u8; 4],
        content: &[u8],
        found: &mut Found,
    ) -> Result<Option<Step>, MediaError> {
        match &name {
            b"IHDR" => self.header(content, found)?,
            b"acTL" if !self.data => {
                // A count that is not allowed makes decoders show the still image.
                if let Some(frames @ 1..=MAX_LENGTH) = Reader::new(content).u32_be() {
                    found.set_frames(frames)?;
                }
            }
            b"eXIf" => found.set_transposed(exif::transposed(content)),
            b"IEND" if self.data => return Ok(Some(Step::Done(12))),
            b"IEND" => return Err(found.malformed("it has no image data")),
            _ => {}
        }
        Ok(None)
    }

    fn pass(&mut self, name: [u8; 4], length: u32, found: &Found) -> Result<(), MediaError> {
        match &name {
            b"IDAT" if self.indexed == Some(true) && !self.palette => {
                Err(found.malformed("it has no palette"))
            }
            b"IDAT" => {
                self.data = true;
                Ok(())
            }
            b"PLTE" if length == 0 || length > 768 || !length.is_multiple_of(3) => {
                Err(found.malformed("the palette has no whole number of colours"))
            }
            b"PLTE" => {
                self.palette = true;
                Ok(())
            }
            // §5.4: a chunk whose name starts upper-case must be understood.
            [first, ..] if first.is_ascii_uppercase() => {
                Err(found.malformed("an unknown critical chunk"))
            }
            _ => Ok(()),
        }
    }

    /// §11.2.1. `content` is followed by its CRC.
    fn header(&mut self, content: &[u8], found: &mut Found) -> Result<(), MediaError> {
        if self.indexed.is_some() {
            return Err(found.malformed("a second IHDR"));
        }
        let (fields, crc) = content.split_at_checked(13).unwrap_or_default();
        if Reader::new(crc).u32_be() != Some(crc32(&[b"IHDR", fields])) {
            return Err(found.malformed("the CRC of IHDR is wrong"));
        }
        let mut reader = Reader::new(fields);
        let size = reader.u32_be().zip(reader.u32_be());
        let (Some((width, height)), Some([depth, colour, compression, filter, interlace])) =
            (size, reader.array())
        else {
            return Err(found.malformed("IHDR is too short"));
        };
        let depths: &[u8] = match colour {
            0 => &[1, 2, 4, 8, 16],
            3 => &[1, 2, 4, 8],
            2 | 4 | 6 => &[8, 16],
            _ => &[],
        };
        if !depths.contains(&depth) || compression != 0 || filter != 0 || interlace > 1 {
            return Err(found.malformed("IHDR names a method or colour type that does not exist"));
        }
        if width > MAX_LENGTH || height > MAX_LENGTH {
            return Err(found.malformed("a side is longer than the format allows"));
        }
        found.set_canvas(width, height)?;
        self.indexed = Some(colour == 3);
        found.set_frames(1)
    }
}

/// Annex D. Bit by bit: it is run on 17 bytes.
fn crc32(parts: &[&[u8]]) -> u32 {
    let bytes = parts.iter().copied().flatten();
    !bytes.fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg())
        })
    })
}
