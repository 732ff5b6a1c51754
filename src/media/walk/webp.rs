//! The walk over a WebP.

use super::{Found, Step, Walk, length};
use crate::media::MediaError;
use crate::media::exif;
use crate::media::read::Reader;
use crate::media::strip;

/// A walk over a WebP (RFC 9649 §2): a RIFF of chunks. The simple formats have one
/// bitstream; the extended one has a canvas, frames or a bitstream, and metadata.
#[derive(Debug, Default)]
pub(super) struct Webp {
    started: bool,
    /// The number of bytes of the RIFF that have not passed.
    left: u64,
    layout: Option<Layout>,
    /// The frame of an animation whose chunks are being walked.
    frame: Option<Frame>,
    /// Whether there has been a still image's bitstream.
    painted: bool,
    /// The number of bytes of an unused chunk that are still to be cleared.
    blank: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    Simple,
    Still,
    Animated,
}

#[derive(Debug)]
struct Frame {
    left: u64,
    size: (u32, u32),
    painted: bool,
}

/// §2.7.1: the bit of VP8X that declares an animation.
const ANIMATION: u8 = 0x02;

/// §2.7.1: the bit of VP8X that declares transparency.
const ALPHA: u8 = 0x10;

impl Walk for Webp {
    fn step(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        if !self.started {
            return self.header(window, found);
        }
        let step = match std::mem::take(&mut self.blank) {
            0 => self.chunk(window, found)?,
            count => Step::Blank(count),
        };
        let passed = step.advance();
        self.left = self.left.saturating_sub(passed);
        if let Some(frame) = &mut self.frame {
            frame.left = frame.left.saturating_sub(passed);
        }
        Ok(step)
    }
}

impl Webp {
    /// §2.4: the file header.
    fn header(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        let Some([_, _, _, _, size @ .., _, _, _, _]) = window.first_chunk::<12>() else {
            return Ok(Step::Need(12));
        };
        let size = u32::from_le_bytes(*size);
        let Some(left) = size.checked_sub(4) else {
            return Err(found.malformed("the RIFF is too short"));
        };
        self.started = true;
        self.left = left.into();
        Ok(Step::Keep(12))
    }

    fn chunk(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        self.end_frame(found)?;
        if self.left == 0 {
            return self.end(found);
        }
        let room = self.frame.as_ref().map_or(self.left, |frame| frame.left);
        if room < 8 {
            // Too few for a chunk: decoders ignore them.
            return Ok(Step::Keep(room));
        }
        let mut reader = Reader::new(window);
        let (Some(name), Some(size)) = (reader.array::<4>(), reader.u32_le()) else {
            return Ok(Step::Need(8));
        };
        let whole = u64::from(size).saturating_add(8);
        if whole > room {
            return Err(found.malformed("a chunk extends beyond the chunk that contains it"));
        }
        // §2.3: a chunk of odd length is followed by a byte of padding, which some
        // writers omit at the very end.
        let padded = whole.next_multiple_of(2).min(room);
        if self.layout.is_none() && !matches!(&name, b"VP8 " | b"VP8L" | b"VP8X") {
            return Err(found.malformed("it begins with neither a bitstream nor a canvas"));
        }
        if matches!(&name, b"EXIF" | b"XMP " | b"ICCP") {
            found.check_metadata(size.into())?;
        }
        let read = self.read_of(name, size, found)?;
        let Some(content) = reader.take(read) else {
            return Ok(Step::Need(read.saturating_add(8)));
        };
        found.charge_part();
        match &name {
            b"ALPH" => found.note_alpha(),
            b"ICCP" => found.note_special_colours(),
            _ if strip::webp::is_known(name) => {}
            // Nothing is left out, so a trace of it stays.
            _ => found.note_metadata(),
        }
        if matches!(&name, b"EXIF" | b"XMP ") {
            found.add_part("chunks")?;
            return Ok(self.metadata(name, content, padded, found));
        }
        if read > 0 {
            return self.picture(name, content, padded, found);
        }
        if strip::webp::is_known(name) {
            return Ok(Step::Keep(padded));
        }
        found.add_part("chunks")?;
        if found.strip().is_none() {
            return Ok(Step::Keep(padded));
        }
        Ok(self.empty(padded))
    }

    /// Keeps the header of a chunk and clears the rest.
    fn empty(&mut self, padded: u64) -> Step {
        self.blank = padded.saturating_sub(8);
        Step::Keep(8)
    }

    /// The number of bytes of a chunk's content that are read.
    fn read_of(&self, name: [u8; 4], size: u32, found: &Found) -> Result<usize, MediaError> {
        let nested = self.frame.is_some();
        let least = match (&name, self.layout) {
            (b"VP8X", None) => 10,
            (b"VP8 ", None | Some(Layout::Still)) if !self.painted => 10,
            (b"VP8L", None | Some(Layout::Still)) if !self.painted => 5,
            (b"VP8 ", Some(Layout::Animated)) if nested => 10,
            (b"VP8L", Some(Layout::Animated)) if nested => 5,
            (b"ANMF", Some(Layout::Animated)) if !nested => 16,
            (b"EXIF" | b"XMP ", _) => return Ok(usize::try_from(size).unwrap_or(usize::MAX)),
            _ => return Ok(0),
        };
        if usize::try_from(size).is_ok_and(|size| size < least) {
            return Err(found.malformed("a chunk is too short for its header"));
        }
        Ok(least)
    }

    /// Reads a chunk of the picture, of which `content` is the beginning.
    fn picture(
        &mut self,
        name: [u8; 4],
        content: &[u8],
        padded: u64,
        found: &mut Found,
    ) -> Result<Step, MediaError> {
        let size = match &name {
            b"ANMF" => return self.start_frame(content, padded, found),
            b"VP8X" => {
                self.canvas(content, found)?;
                return Ok(Step::Keep(padded));
            }
            b"VP8L" => {
                let size = lossless_size(content);
                size.map(|(size, has_alpha)| {
                    if has_alpha {
                        found.note_alpha();
                    }
                    size
                })
            }
            _ => lossy_size(content),
        };
        let (width, height) =
            size.ok_or_else(|| found.malformed("a bitstream has no valid header"))?;
        self.paint(width, height, found)?;
        Ok(Step::Keep(padded))
    }

    /// Decides about a chunk with metadata. The chunk keeps its length, because the length
    /// of the RIFF has already passed.
    fn metadata(&mut self, name: [u8; 4], content: &[u8], padded: u64, found: &mut Found) -> Step {
        if &name == b"EXIF" {
            let extended = matches!(self.layout, Some(Layout::Still | Layout::Animated));
            // In other places, and after the first, readers ignore it.
            if !(extended && self.frame.is_none() && found.first_exif()) {
                return match found.strip() {
                    Some(_) => self.empty(padded),
                    None => Step::Keep(padded),
                };
            }
            let orientation = exif::orientation(content, found.meter());
            found.set_orientation(orientation);
        }
        let edited = found
            .strip()
            .and_then(|strip| strip::webp::chunk(name, content, strip, found.meter()));
        let Some(edited) = edited else {
            return Step::Keep(padded);
        };
        let size = u32::try_from(edited.len()).unwrap_or(u32::MAX);
        let chunk = [&name[..], &size.to_le_bytes(), &edited].concat();
        let whole = length(chunk.len());
        // The padding, if there is any.
        self.blank = padded.saturating_sub(whole);
        Step::Replace(whole, chunk)
    }

    /// Reads the canvas (§2.7.1): VP8X.
    fn canvas(&mut self, content: &[u8], found: &mut Found) -> Result<(), MediaError> {
        let mut reader = Reader::new(content);
        let (Some([flags, ..]), Some(width), Some(height)) =
            (reader.array::<4>(), side(&mut reader), side(&mut reader))
        else {
            return Err(found.malformed("the canvas has no size"));
        };
        found.set_canvas(width, height)?;
        if flags & ALPHA != 0 {
            found.note_alpha();
        }
        if flags & ANIMATION == 0 {
            self.layout = Some(Layout::Still);
            found.set_frames(1)
        } else {
            self.layout = Some(Layout::Animated);
            Ok(())
        }
    }

    /// Reads a frame's position and size (§2.7.1.1): ANMF, which contains further chunks.
    fn start_frame(
        &mut self,
        content: &[u8],
        padded: u64,
        found: &mut Found,
    ) -> Result<Step, MediaError> {
        let mut reader = Reader::new(content);
        let position = reader.u24_le().zip(reader.u24_le());
        let size = side(&mut reader).zip(side(&mut reader));
        let (Some((x, y)), Some((width, height)), Some((across, down))) =
            (position, size, found.canvas())
        else {
            return Err(found.malformed("a frame has no size"));
        };
        // Positions are stated in units of two pixels.
        let end = |position: u32, side: u32| position.saturating_mul(2).saturating_add(side);
        if end(x, width) > across || end(y, height) > down {
            return Err(found.malformed("a frame extends beyond the canvas"));
        }
        found.add_frame()?;
        if (width, height) != (across, down) {
            found.note_alpha();
        }
        self.frame = Some(Frame {
            left: padded,
            size: (width, height),
            painted: false,
        });
        // The chunk's header and what was read.
        Ok(Step::Keep(24))
    }

    fn end_frame(&mut self, found: &Found) -> Result<(), MediaError> {
        match self.frame.take_if(|frame| frame.left == 0) {
            Some(Frame { painted: false, .. }) => Err(found.malformed("a frame is empty")),
            _ => Ok(()),
        }
    }

    /// Notes a bitstream of this size. It must match the size of the frame or canvas that it
    /// fills, because a decoder may allocate the one and write the other.
    fn paint(&mut self, width: u32, height: u32, found: &mut Found) -> Result<(), MediaError> {
        if self.layout.is_none() {
            self.layout = Some(Layout::Simple);
            found.set_canvas(width, height)?;
            found.set_frames(1)?;
        }
        let expected = self.frame.as_ref().map(|frame| frame.size);
        if expected.or(found.canvas()) != Some((width, height)) {
            return Err(found.malformed("the size of a bitstream is not that of its canvas"));
        }
        match &mut self.frame {
            Some(frame) => frame.painted = true,
            None => self.painted = true,
        }
        Ok(())
    }

    fn end(&self, found: &Found) -> Result<Step, MediaError> {
        if self.painted || found.frames() > 0 && self.layout == Some(Layout::Animated) {
            Ok(Step::Done(0))
        } else {
            Err(found.malformed("it has no image data"))
        }
    }
}

/// The size of a lossy bitstream (RFC 6386 §9.1): a key frame's tag, the start code, 14 bits
/// each.
fn lossy_size(content: &[u8]) -> Option<(u32, u32)> {
    let mut reader = Reader::new(content);
    let [tag, _, _] = reader.array()?;
    if tag & 1 != 0 || reader.array()? != [0x9D, 0x01, 0x2A] {
        return None;
    }
    let (width, height) = (reader.u16_le()?, reader.u16_le()?);
    Some((u32::from(width & 0x3FFF), u32::from(height & 0x3FFF)))
}

/// The size of a lossless one (RFC 9649 §3.4), and whether a pixel may be transparent: the
/// signature, 14 bits each, alpha, version 0.
fn lossless_size(content: &[u8]) -> Option<((u32, u32), bool)> {
    let mut reader = Reader::new(content);
    if reader.u8()? != 0x2F {
        return None;
    }
    let bits = reader.u32_le()?;
    let side = |bits: u32| (bits & 0x3FFF).saturating_add(1);
    let size = (side(bits), side(bits >> 14));
    (bits >> 29 == 0).then_some((size, bits >> 28 != 0))
}

/// A side of a canvas or frame, which is stored minus one (§2.7.1).
fn side(reader: &mut Reader<'_>) -> Option<u32> {
    reader.u24_le().map(|side| side.saturating_add(1))
}
