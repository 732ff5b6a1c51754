//! The blocks of a GIF (GIF89a §17 to §27), read for what its header does not say: how many
//! frames there are, and where. The data of the frames is skipped.

use crate::Error;
use crate::decode::canvas::Rect;
use crate::decode::reader::Reader;

/// What the blocks say about the animation.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Blocks {
    /// The logical screen, enlarged to the first frame if that does not fit on it, as in browsers.
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) frames: u32,
    /// How often the animation is played; 0 is for ever.
    pub(super) loop_count: u32,
    /// Whether a place is transparent at any time.
    pub(super) has_alpha: bool,
    /// The most pixels that a frame has.
    pub(super) largest: u64,
}

/// Reads all blocks, as far as they are there.
pub(super) fn read(source: &[u8]) -> Result<Blocks, Error> {
    let mut reader = Reader::new(source.get(6..).unwrap_or_default());
    let mut blocks = Blocks {
        width: 0,
        height: 0,
        frames: 0,
        loop_count: 1,
        has_alpha: false,
        largest: 0,
    };
    blocks
        .screen(&mut reader)
        .ok_or(Error::undecodable("the header is cut off"))?;
    // Whatever is cut off is not there.
    while blocks.block(&mut reader).is_some() {}
    Ok(blocks)
}

impl Blocks {
    fn screen(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        self.width = reader.u16_le()?.into();
        self.height = reader.u16_le()?.into();
        let packed = reader.u8()?;
        reader.take(2)?;
        colour_table(reader, packed)
    }

    /// Reads a block; `None` at the trailer, or where nothing can be read.
    fn block(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        match reader.u8()? {
            b',' => self.image(reader),
            b'!' => self.extension(reader),
            // Some encoders write more than one block terminator.
            0 => Some(()),
            _ => None,
        }
    }

    fn image(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let [left, top, width, height] = [(); 4].map(|()| reader.u16_le().map(u32::from));
        let rect = Rect {
            left: left?,
            top: top?,
            width: width?,
            height: height?,
        };
        let packed = reader.u8()?;
        colour_table(reader, packed)?;
        reader.u8()?;
        if self.frames == 0 {
            self.width = self.width.max(rect.left + rect.width);
            self.height = self.height.max(rect.top + rect.height);
            self.has_alpha |= (rect.width, rect.height) != (self.width, self.height);
        }
        self.frames = self.frames.saturating_add(1);
        self.largest = self
            .largest
            .max(u64::from(rect.width) * u64::from(rect.height));
        sub_blocks(reader, |_| ())
    }

    fn extension(&mut self, reader: &mut Reader<'_>) -> Option<()> {
        let label = reader.u8()?;
        let mut looping = false;
        let mut first = true;
        sub_blocks(reader, |block| {
            match (label, block) {
                // The graphic control extension: disposal to nothing, or a transparent index.
                (0xF9, [packed, ..]) if first => {
                    self.has_alpha |= packed & 1 == 1 || packed >> 2 & 7 == 2;
                }
                (0xFF, b"NETSCAPE2.0" | b"ANIMEXTS1.0") if first => looping = true,
                (0xFF, [1, low, high]) if looping => {
                    // The number of repetitions, after the first time.
                    self.loop_count = match u16::from_le_bytes([*low, *high]) {
                        0 => 0,
                        times => u32::from(times) + 1,
                    };
                }
                _ => {}
            }
            first = false;
        })
    }
}

/// Skips the colour table that a packed field declares (§19 and §21).
fn colour_table(reader: &mut Reader<'_>, packed: u8) -> Option<()> {
    if packed & 0x80 != 0 {
        reader.take(6 << (packed & 7))?;
    }
    Some(())
}

/// Reads sub-blocks up to their terminator (§15).
fn sub_blocks(reader: &mut Reader<'_>, mut see: impl FnMut(&[u8])) -> Option<()> {
    loop {
        match reader.u8()? {
            0 => return Some(()),
            length => see(reader.take(length.into())?),
        }
    }
}
