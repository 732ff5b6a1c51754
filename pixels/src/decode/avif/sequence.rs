//! The sequence header of an AV1 bitstream (AV1 §5.5), for what its colours mean.

use super::property::Colours;
use crate::decode::reader::Reader;

const SEQUENCE_HEADER: u8 = 1;

/// The colours that the first sequence header states; `None` if it cannot be read.
pub(super) fn colours(stream: &[u8]) -> Option<Colours> {
    let mut reader = Reader::new(stream);
    loop {
        let header = reader.u8()?;
        if header & 4 != 0 {
            reader.u8()?;
        }
        let content = if header & 2 != 0 {
            let length = leb128(&mut reader)?;
            reader.take(length)?
        } else {
            reader.take(reader.rest().len())?
        };
        if header >> 3 & 15 == SEQUENCE_HEADER {
            return Bits {
                bytes: content,
                at: 0,
            }
            .sequence();
        }
    }
}

fn leb128(reader: &mut Reader<'_>) -> Option<usize> {
    let mut value = 0;
    for index in 0..8 {
        let byte = reader.u8()?;
        value |= u64::from(byte & 0x7F) << (index * 7);
        if byte & 0x80 == 0 {
            return usize::try_from(value).ok();
        }
    }
    None
}

struct Bits<'a> {
    bytes: &'a [u8],
    /// The next bit.
    at: usize,
}

impl Bits<'_> {
    fn take(&mut self, count: u32) -> Option<u32> {
        let mut number = 0;
        for _ in 0..count {
            let byte = self.bytes.get(self.at / 8)?;
            number = number << 1 | u32::from(byte >> (7 - self.at % 8) & 1);
            self.at += 1;
        }
        Some(number)
    }

    fn flag(&mut self) -> Option<bool> {
        self.take(1).map(|bit| bit == 1)
    }

    /// A number with a prefix of as many zeros as it has further bits (§4.10.3).
    fn uvlc(&mut self) -> Option<()> {
        let mut zeros = 0;
        while !self.flag()? {
            zeros += 1;
        }
        if zeros < 32 {
            self.take(zeros)?;
        }
        Some(())
    }

    /// §5.5.1.
    fn sequence(&mut self) -> Option<Colours> {
        let profile = self.take(3)?;
        self.flag()?;
        // A still picture with a reduced header has a level, and no more before its size.
        let reduced = self.flag()?;
        if reduced {
            self.take(5)?;
        } else {
            self.operating_points()?;
        }
        let width = self.take(4)? + 1;
        let height = self.take(4)? + 1;
        self.take(width)?;
        self.take(height)?;
        if !reduced && self.flag()? {
            // The lengths of frame numbers.
            self.take(7)?;
        }
        // Superblocks, intra filters and intra edges.
        self.take(3)?;
        if !reduced {
            self.tools()?;
        }
        // Super-resolution, CDEF and loop restoration.
        self.take(3)?;
        self.colours(profile)
    }

    fn operating_points(&mut self) -> Option<()> {
        let mut decoder_model = None;
        if self.flag()? {
            // Timing.
            self.take(32)?;
            self.take(32)?;
            if self.flag()? {
                self.uvlc()?;
            }
            if self.flag()? {
                decoder_model = Some(self.take(5)? + 1);
                self.take(32)?;
                self.take(10)?;
            }
        }
        let initial_delay = self.flag()?;
        for _ in 0..=self.take(5)? {
            self.take(12)?;
            if self.take(5)? > 7 {
                self.flag()?;
            }
            if let Some(bits) = decoder_model
                && self.flag()?
            {
                self.take(bits)?;
                self.take(bits)?;
                self.flag()?;
            }
            if initial_delay && self.flag()? {
                self.take(4)?;
            }
        }
        Some(())
    }

    /// The tools for several frames.
    fn tools(&mut self) -> Option<()> {
        // Compound prediction, warped motion and dual filters.
        self.take(4)?;
        let order_hints = self.flag()?;
        if order_hints {
            self.take(2)?;
        }
        let screen_content = self.flag()? || self.flag()?;
        if screen_content && !self.flag()? {
            self.flag()?;
        }
        if order_hints {
            self.take(3)?;
        }
        Some(())
    }

    /// §5.5.2.
    fn colours(&mut self, profile: u32) -> Option<Colours> {
        let deep = self.flag()?;
        if profile == 2 && deep {
            self.flag()?;
        }
        let monochrome = profile != 1 && self.flag()?;
        let mut colours = Colours {
            primaries: 2,
            transfer: 2,
            matrix: 2,
            full_range: false,
        };
        if self.flag()? {
            colours.primaries = self.take(8)? as u16;
            colours.transfer = self.take(8)? as u16;
            colours.matrix = self.take(8)? as u16;
        }
        let srgb = (colours.primaries, colours.transfer, colours.matrix) == (1, 13, 0);
        colours.full_range = (srgb && !monochrome) || self.flag()?;
        Some(colours)
    }
}
