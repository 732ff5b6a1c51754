use super::{Found, Step, Walk};
use crate::media::MediaError;
use crate::media::read::Reader;

/// GIF89a §17 to §27: header and logical screen, then blocks to the trailer.
#[derive(Debug, Default)]
pub(super) struct Gif {
    state: State,
    screen: (u16, u16),
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Header,
    Block,
    SubBlocks,
}

impl Walk for Gif {
    fn step(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        match self.state {
            State::Header => self.header(window, found),
            State::Block => self.block(window, found),
            State::SubBlocks => Ok(self.sub_blocks(window)),
        }
    }
}

impl Gif {
    /// §17 and §18: the header and the logical screen descriptor.
    fn header(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        const SIZE: usize = 13;
        let mut reader = Reader::new(window.get(6..SIZE).unwrap_or_default());
        let (Some(width), Some(height), Some(packed)) =
            (reader.u16_le(), reader.u16_le(), reader.u8())
        else {
            return Ok(Step::Need(SIZE));
        };
        self.screen = (width, height);
        // A screen without a size takes that of the first frame.
        if width > 0 && height > 0 {
            found.set_canvas(width.into(), height.into())?;
        }
        self.state = State::Block;
        Ok(Step::Advance(13 + colour_table(packed)))
    }

    fn block(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        match window.first() {
            None => Ok(Step::Need(1)),
            Some(b',') => self.image(window, found),
            Some(b'!') => {
                self.state = State::SubBlocks;
                // The label tells what the data is, never how it is laid out.
                Ok(Step::Advance(2))
            }
            Some(b';') if found.frames() > 0 => Ok(Step::Done(1)),
            Some(b';') => Err(found.malformed("it has no frame")),
            // Some encoders end a block once too often.
            Some(0) => Ok(Step::Advance(1)),
            Some(_) => Err(found.malformed("an unknown block")),
        }
    }

    /// §20: the image descriptor; then its colours, and the code size of §22.
    fn image(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        const SIZE: usize = 10;
        let mut reader = Reader::new(window.get(5..SIZE).unwrap_or_default());
        let (Some(width), Some(height), Some(packed)) =
            (reader.u16_le(), reader.u16_le(), reader.u8())
        else {
            return Ok(Step::Need(SIZE));
        };
        // A decoder makes room for the frame, even if it is larger than the screen.
        found.check_pixels(width.into(), height.into())?;
        if found.canvas().is_none() {
            found.set_canvas(width.into(), height.into())?;
        }
        found.add_frame()?;
        self.state = State::SubBlocks;
        Ok(Step::Advance(10 + colour_table(packed) + 1))
    }

    /// §15: each block says its length, and one of length 0 is the last.
    fn sub_blocks(&mut self, window: &[u8]) -> Step {
        let mut at = 0;
        while let Some(&size) = window.get(at) {
            at += 1 + usize::from(size);
            if size == 0 {
                self.state = State::Block;
                break;
            }
        }
        match at {
            0 => Step::Need(1),
            _ => Step::Advance(u64::try_from(at).unwrap_or(u64::MAX)),
        }
    }
}

/// §19 and §21: the length of the colour table that a packed field announces.
fn colour_table(packed: u8) -> u64 {
    match packed & 0x80 {
        0 => 0,
        _ => 3 << ((packed & 0x07) + 1),
    }
}
