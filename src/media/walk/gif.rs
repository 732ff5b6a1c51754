//! The walk over a GIF.

use super::{Ending, Found, Step, Walk, length};
use crate::media::MediaError;
use crate::media::read::Reader;
use crate::media::strip::gif::{self, Fate};

/// A walk over a GIF (GIF89a §17 to §27): header and logical screen, then blocks to the
/// trailer. A file that lacks nothing but the trailer is shown by every decoder, and gets one.
#[derive(Debug, Default)]
pub(super) struct Gif {
    state: State,
    /// The size of the logical screen.
    screen: (u32, u32),
}

/// §27.
const TRAILER: u8 = b';';

#[derive(Debug, Default)]
enum State {
    #[default]
    Header,
    Block,
    /// In data that is kept.
    Kept,
    /// In data that is dropped.
    Dropped,
    /// In an XMP packet, which is buffered and edited once it is complete.
    Gathered(Vec<u8>),
}

impl Walk for Gif {
    fn step(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        match &mut self.state {
            State::Header => self.header(window, found),
            State::Block => self.block(window, found),
            State::Kept => Ok(self.sub_blocks(window, Step::Keep)),
            State::Dropped => Ok(self.sub_blocks(window, Step::Drop)),
            State::Gathered(data) => {
                let step = gather(data, window, found)?;
                if matches!(step, Step::Replace(..)) {
                    self.state = State::Block;
                }
                Ok(step)
            }
        }
    }

    fn ending(&self, rest: &[u8], found: &Found) -> Ending {
        let between_blocks = matches!(self.state, State::Block) && rest.is_empty();
        match between_blocks && found.frames() > 0 {
            true => Ending::Complete(&[TRAILER]),
            false => Ending::Truncated,
        }
    }

    #[cfg(test)]
    fn held(&self) -> usize {
        match &self.state {
            State::Gathered(data) => data.capacity(),
            _ => 0,
        }
    }
}

/// Buffers sub-blocks as they are, including their sizes, and replaces them once edited.
fn gather(data: &mut Vec<u8>, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
    let mut rest = window;
    while let Some(size @ 1..) = rest.first() {
        let whole = usize::from(*size).saturating_add(1);
        let Some((block, after)) = rest.split_at_checked(whole) else {
            if rest.len() == window.len() {
                return Ok(Step::Need(whole));
            }
            break;
        };
        data.extend_from_slice(block);
        found.check_metadata(length(data.len()))?;
        rest = after;
    }
    match (window.len().saturating_sub(rest.len()), window.first()) {
        (0, None) => Ok(Step::Need(1)),
        (0, Some(_)) => {
            data.push(0);
            let (extension, strip) = (std::mem::take(data), found.strip());
            let edited = gif::xmp(extension, strip, found.meter());
            if !edited.is_empty() {
                found.note_metadata();
            }
            Ok(Step::Replace(1, edited))
        }
        (gathered, _) => Ok(Step::Drop(length(gathered))),
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
        self.screen = (width.into(), height.into());
        found.check_pixels(width.into(), height.into())?;
        self.state = State::Block;
        Ok(Step::Keep(colour_table(packed).saturating_add(13)))
    }

    fn block(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        match window.first() {
            None => Ok(Step::Need(1)),
            Some(b',') => self.image(window, found),
            Some(b'!') => self.extension(window, found),
            Some(&TRAILER) if found.frames() > 0 => Ok(Step::Done(1)),
            Some(&TRAILER) => Err(found.malformed("it has no frame")),
            // Some encoders write more than one block terminator.
            Some(0) => {
                let zeros = window.iter().take_while(|byte| **byte == 0);
                Ok(Step::Keep(length(zeros.count())))
            }
            Some(_) => Err(found.malformed("an unknown block")),
        }
    }

    /// §23 to §26: the label determines the meaning of the data, never its layout.
    fn extension(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        const APPLICATION: u8 = 0xFF;
        const SIZE: u8 = 11;
        let Some(&[_, label, size]) = window.first_chunk::<3>() else {
            return Ok(Step::Need(3));
        };
        // §26: the application that the extension is for.
        let identified = label == APPLICATION && size == SIZE;
        let whole = if identified { 14 } else { 2 };
        let is_control = label == gif::CONTROL && size > 0;
        let read = if is_control { 4 } else { whole };
        let Some(head) = window.get(..read) else {
            return Ok(Step::Need(read));
        };
        found.charge_part();
        found.add_part("extensions")?;
        let fate = match found.strip() {
            None => Fate::Keep,
            Some(strip) if identified => gif::application(head.get(3..).unwrap_or_default(), strip),
            Some(strip) => gif::extension(label, strip),
        };
        if is_control {
            // §23: the last bit says whether one of the colours is transparent.
            if head.last().is_some_and(|packed| packed & 1 != 0) {
                found.note_alpha();
            }
        } else if fate == Fate::Keep {
            let application = head.get(3..).filter(|_| identified);
            match application {
                Some(b"NETSCAPE2.0" | b"ANIMEXTS1.0") => {}
                Some(b"ICCRGBG1012") => found.note_special_colours(),
                _ => found.note_metadata(),
            }
        }
        let passed = length(whole);
        let (state, step) = match fate {
            Fate::Keep => (State::Kept, Step::Keep(passed)),
            Fate::Drop => (State::Dropped, Step::Drop(passed)),
            Fate::Edit => (State::Gathered(head.to_vec()), Step::Drop(passed)),
        };
        self.state = state;
        Ok(step)
    }

    /// §20: the image descriptor; then its colours, and the code size of §22.
    fn image(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        const SIZE: usize = 10;
        let mut reader = Reader::new(window.get(1..SIZE).unwrap_or_default());
        let (left, top) = (reader.u16_le(), reader.u16_le());
        let (Some(width), Some(height), Some(packed)) =
            (reader.u16_le(), reader.u16_le(), reader.u8())
        else {
            return Ok(Step::Need(SIZE));
        };
        let end =
            |from: Option<u16>, side: u16| u32::from(from.unwrap_or(0)).saturating_add(side.into());
        let (right, bottom) = (end(left, width), end(top, height));
        // Decoders allocate the frame at its position, even beyond the screen.
        found.check_pixels(right, bottom)?;
        if found.frames() == 0 {
            // The first frame enlarges a screen that it does not fit on.
            let (across, down) = self.screen;
            if right < across || down > bottom || left != Some(0) || top != Some(0) {
                // Nothing is drawn on the rest of the screen.
                found.note_alpha();
            }
            found.set_canvas(across.max(right), down.max(bottom))?;
        }
        found.charge_part();
        found.add_frame()?;
        self.state = State::Kept;
        Ok(Step::Keep(colour_table(packed).saturating_add(11)))
    }

    /// §15: each block begins with its length, and one of length 0 is the last.
    fn sub_blocks(&mut self, window: &[u8], step: impl Fn(u64) -> Step) -> Step {
        let (reach, ended) = gif::sub_blocks(window);
        if ended {
            self.state = State::Block;
        }
        match reach {
            0 => Step::Need(1),
            _ => step(length(reach)),
        }
    }
}

/// The length of the colour table that a packed field declares (§19 and §21).
fn colour_table(packed: u8) -> u64 {
    match packed & 0x80 {
        0 => 0,
        _ => 6 << (packed & 0x07),
    }
}
