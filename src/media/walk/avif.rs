mod boxes;
mod meta;
mod moov;

use super::{Found, Step, Walk};
use crate::media::MediaError;
use crate::media::inspect::MAX_CARRY;
use crate::media::read::Reader;
use moov::Track;

/// ISO/IEC 14496-12 §4.2: boxes to the end of the file, of which `ftyp`, `meta`
/// and `moov` are read. The pixels lie in `mdat`, at offsets that the other two
/// name; the file must reach as far as those do, because nothing else says
/// where it ends.
#[derive(Debug, Default)]
pub(super) struct Avif {
    /// Whether the major brand is that of sequences, so that the animation is
    /// shown and not the still image beside it.
    sequence: bool,
    meta: bool,
    track: bool,
    /// The offset up to which the file must reach.
    reach: u64,
    /// A box of unstated length has begun: it has the rest of the file.
    last: bool,
}

impl Walk for Avif {
    fn step(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        if self.last {
            return Ok(match window.len() {
                0 => Step::Need(1),
                seen => Step::Advance(u64::try_from(seen).unwrap_or(u64::MAX)),
            });
        }
        let mut reader = Reader::new(window);
        let (Some(short), Some(name)) = (reader.u32_be(), reader.array::<4>()) else {
            return Ok(Step::Need(8));
        };
        let read = matches!(&name, b"ftyp" | b"meta" | b"moov");
        let (header, size) = match short {
            0 if read => return Err(found.malformed("a header box has no stated length")),
            0 => {
                self.last = true;
                return Ok(Step::Advance(8));
            }
            1 => match reader.u64_be() {
                Some(size) => (16, size),
                None => return Ok(Step::Need(16)),
            },
            size => (8, u64::from(size)),
        };
        if size < header {
            return Err(found.malformed("a box is shorter than its header"));
        }
        if read {
            let whole = usize::try_from(size).ok().filter(|size| *size <= MAX_CARRY);
            let Some(whole) = whole else {
                return Err(found.malformed("a header box is longer than 256 kB"));
            };
            let Some(content) = window.get(..whole) else {
                return Ok(Step::Need(whole));
            };
            let content = content.get(if header == 16 { 16 } else { 8 }..);
            self.read(name, content.unwrap_or_default(), found)?;
        }
        Ok(Step::Advance(size))
    }

    fn at_end_of_file(&mut self, total: u64, found: &mut Found) -> Result<(), MediaError> {
        let complete = if self.sequence { self.track } else { self.meta };
        if complete && self.reach <= total {
            Ok(())
        } else {
            Err(found.truncated())
        }
    }
}

impl Avif {
    fn read(&mut self, name: [u8; 4], content: &[u8], found: &mut Found) -> Result<(), MediaError> {
        match &name {
            b"ftyp" => self.sequence |= content.starts_with(b"avis"),
            b"meta" if !self.meta => self.meta(content, found)?,
            b"moov" if !self.track => self.moov(content, found)?,
            _ => {}
        }
        Ok(())
    }

    fn meta(&mut self, content: &[u8], found: &mut Found) -> Result<(), MediaError> {
        let image = meta::parse(content).map_err(|reason| found.malformed(reason))?;
        self.meta = true;
        self.reach = self.reach.max(image.reach);
        if self.sequence {
            return found.check_pixels(image.width, image.height);
        }
        found.set_canvas(image.width, image.height)?;
        found.set_transposed(Some(image.transposed));
        found.set_frames(1)
    }

    fn moov(&mut self, content: &[u8], found: &mut Found) -> Result<(), MediaError> {
        // Beside a still image a movie is something that viewers leave alone.
        if !self.sequence {
            return Ok(());
        }
        let Track {
            width,
            height,
            frames,
            reach,
        } = moov::parse(content).map_err(|reason| found.malformed(reason))?;
        self.track = true;
        self.reach = self.reach.max(reach);
        found.set_canvas(width, height)?;
        found.set_frames(frames)
    }
}
