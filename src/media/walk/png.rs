//! The walk over a PNG.

mod animation;
mod chunk;

use animation::Animation;
use chunk::{Passing, Reading, WRONG_CRC, is_dispensable, reading};

use super::{Found, Step, Walk, length};
use crate::media::MediaError;
use crate::media::exif;
use crate::media::read::Reader;
use crate::media::strip::{self, Edit};

/// A walk over a PNG (third edition, §5): the signature, then chunks from IHDR to IEND, each
/// with its CRC. An ancillary chunk with a wrong CRC is left out, because decoders skip it.
#[derive(Debug, Default)]
pub(super) struct Png {
    signed: bool,
    /// Whether the colours are indices into PLTE; known from IHDR on.
    indexed: Option<bool>,
    palette: bool,
    data: Data,
    animation: Animation,
    /// The chunk that is passing, if there is one.
    passing: Option<Passing>,
}

/// The chunks of image data, which follow one another (§5.6).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Data {
    #[default]
    Before,
    Within,
    After,
}

/// §5.1: the maximum of PNG's four-byte unsigned integers.
const MAX_LENGTH: u32 = 0x7FFF_FFFF;

impl Walk for Png {
    fn step(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        if !self.signed {
            self.signed = true;
            return Ok(Step::Keep(8));
        }
        if let Some(passing) = &mut self.passing {
            return match passing.step(window, found)? {
                Some(step) => Ok(step),
                None => {
                    let step = passing.advance(4);
                    self.passing = None;
                    Ok(step)
                }
            };
        }
        let mut reader = Reader::new(window);
        let (Some(size), Some(name)) = (reader.u32_be(), reader.array::<4>()) else {
            return Ok(Step::Need(8));
        };
        if size > MAX_LENGTH || !name.iter().all(u8::is_ascii_alphabetic) {
            return Err(found.malformed("a chunk has no valid header"));
        }
        if self.indexed.is_none() && &name != b"IHDR" {
            return Err(found.malformed("the first chunk is not IHDR"));
        }
        match &name {
            b"IDAT" => {}
            b"fdAT" if size >= 4 => {
                let Some(sequence) = reader.u32_be() else {
                    return Ok(Step::Need(12));
                };
                self.end_data();
                self.animation.data(sequence, self.has_data());
                self.check_animation(found)?;
            }
            _ => self.end_data(),
        }
        let dropped = match reading(name, size, found)? {
            Reading::Whole => {
                let whole =
                    usize::try_from(size).map_or(usize::MAX, |size| size.saturating_add(12));
                let Some(chunk) = window.get(..whole) else {
                    return Ok(Step::Need(whole));
                };
                return self.whole(name, chunk, found);
            }
            Reading::Pass => false,
            Reading::Drop => true,
        };
        found.charge_part();
        self.pass(name, size, dropped, found)?;
        let passing = Passing::new(name, size, dropped, found);
        let step = passing.advance(8);
        self.passing = Some(passing);
        Ok(step)
    }
}

impl Png {
    /// Reads a chunk from its length to its CRC.
    fn whole(
        &mut self,
        name: [u8; 4],
        chunk: &[u8],
        found: &mut Found,
    ) -> Result<Step, MediaError> {
        found.charge_part();
        let whole = length(chunk.len());
        let is_intact = chunk::has_its_crc(chunk);
        if is_dispensable(name) {
            found.add_part("chunks")?;
            if !is_intact {
                return Ok(Step::Drop(whole));
            }
        } else if !is_intact {
            return Err(found.malformed(WRONG_CRC));
        }
        let end = chunk.len().saturating_sub(4);
        let content = chunk.get(8..end).unwrap_or_default();
        match &name {
            b"IHDR" => self.header(content, found)?,
            b"acTL" if !self.has_data() => {
                // If the count is not allowed, decoders show the still image.
                let mut reader = Reader::new(content);
                let numbers = reader.u32_be().zip(reader.u32_be());
                // Decoders ignore an acTL with numbers that PNG does not allow (§7.1).
                if let Some((frames @ 1..=MAX_LENGTH, 0..=MAX_LENGTH)) = numbers {
                    found.set_frames(self.animation.declare(frames))?;
                    self.check_animation(found)?;
                }
            }
            b"fcTL" => self.frame(content, found)?,
            b"IEND" => {
                self.end(found)?;
                return Ok(Step::Done(whole));
            }
            b"eXIf" | b"tEXt" | b"zTXt" | b"iTXt" => return Ok(metadata(name, content, found)),
            _ => chunk::note(name, content, found),
        }
        Ok(Step::Keep(whole))
    }

    /// Checks a chunk that passes.
    fn pass(
        &mut self,
        name: [u8; 4],
        size: u32,
        dropped: bool,
        found: &mut Found,
    ) -> Result<(), MediaError> {
        match &name {
            b"IDAT" if self.indexed == Some(true) && !self.palette => {
                Err(found.malformed("it has no palette"))
            }
            b"IDAT" if self.data == Data::After => {
                Err(found.malformed("the chunks of image data are not consecutive"))
            }
            b"IDAT" => {
                self.data = Data::Within;
                self.animation.still_data();
                Ok(())
            }
            b"fdAT" => Ok(()),
            b"PLTE" if size == 0 || size > 768 || !size.is_multiple_of(3) => {
                Err(found.malformed("the palette does not have a whole number of colours"))
            }
            b"PLTE" => {
                self.palette = true;
                Ok(())
            }
            // §5.4: a chunk whose name begins in upper case must be understood.
            [first, ..] if first.is_ascii_uppercase() => {
                Err(found.malformed("an unknown critical chunk"))
            }
            _ => {
                if !dropped {
                    chunk::note(name, &[], found);
                }
                found.add_part("chunks")
            }
        }
    }

    /// §11.2.1.
    fn header(&mut self, content: &[u8], found: &mut Found) -> Result<(), MediaError> {
        if self.indexed.is_some() {
            return Err(found.malformed("a second IHDR"));
        }
        let mut reader = Reader::new(content);
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
            return Err(found.malformed("IHDR has an invalid method or colour type"));
        }
        if width > MAX_LENGTH || height > MAX_LENGTH {
            return Err(found.malformed("a side is longer than the format allows"));
        }
        found.set_canvas(width, height)?;
        if matches!(colour, 4 | 6) {
            found.note_alpha();
        }
        if depth == 16 {
            found.note_special_colours();
        }
        self.indexed = Some(colour == 3);
        found.set_frames(1)
    }

    /// Reads a frame control chunk (§11.3.6.2). Their number is limited like that of frames,
    /// whatever acTL declares.
    fn frame(&mut self, content: &[u8], found: &Found) -> Result<(), MediaError> {
        let canvas = found.canvas();
        let Some((sequence, [width, height, x, y])) = animation::control(content) else {
            return Err(found.malformed("a frame has no position"));
        };
        let fits = canvas.is_some_and(|(across, down)| {
            x.checked_add(width).is_some_and(|end| end <= across)
                && y.checked_add(height).is_some_and(|end| end <= down)
        });
        if width == 0 || height == 0 || !fits {
            return Err(found.malformed("a frame extends beyond the canvas"));
        }
        let is_canvas = canvas == Some((width, height));
        self.animation.begin(sequence, self.has_data(), is_canvas);
        found.check_frames(self.animation.frames())?;
        self.check_animation(found)
    }

    fn has_data(&self) -> bool {
        self.data != Data::Before
    }

    /// Notes a chunk that is not image data.
    fn end_data(&mut self) {
        if self.has_data() {
            self.data = Data::After;
        }
    }

    fn check_animation(&self, found: &Found) -> Result<(), MediaError> {
        let fault = self.animation.fault();
        fault.map_or(Ok(()), |reason| Err(found.malformed(reason)))
    }

    fn end(&mut self, found: &Found) -> Result<(), MediaError> {
        if !self.has_data() {
            return Err(found.malformed("it has no image data"));
        }
        let fault = self.animation.end();
        fault.map_or(Ok(()), |reason| Err(found.malformed(reason)))
    }
}

/// Decides about a chunk with metadata.
fn metadata(name: [u8; 4], content: &[u8], found: &mut Found) -> Step {
    let whole = length(content.len()).saturating_add(12);
    let is_exif = &name == b"eXIf";
    let first = is_exif && found.first_exif();
    if first {
        let orientation = exif::orientation(content, found.meter());
        found.set_orientation(orientation);
    }
    let edit = match found.strip() {
        None => Edit::Keep,
        Some(_) if is_exif && !first => Edit::Drop,
        Some(strip) => strip::png::chunk(name, content, strip, found.meter()),
    };
    if edit != Edit::Drop {
        found.note_metadata();
    }
    match edit {
        Edit::Keep => Step::Keep(whole),
        Edit::Drop => Step::Drop(whole),
        Edit::Replace(content) => Step::Replace(whole, chunk::encode(name, &content)),
    }
}
