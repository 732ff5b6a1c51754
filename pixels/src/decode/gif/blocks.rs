//! The blocks of a GIF (GIF89a §17 to §27): where its frames are, and what is said about them.

use crate::decode::canvas::{Disposal, Rect};
use crate::decode::reader::Reader;
use crate::{Cost, Error, Limits};

/// An animation, as far as it is there.
#[derive(Debug)]
pub(super) struct Blocks<'a> {
    /// The logical screen, enlarged to the first frame if that does not fit on it, as in browsers.
    pub(super) width: u32,
    pub(super) height: u32,
    /// How often the animation is played; 0 is for ever.
    pub(super) loop_count: u32,
    /// Whether a place is transparent at any time.
    pub(super) has_alpha: bool,
    /// The colours of frames that have none of their own.
    pub(super) colours: &'a [[u8; 3]],
    pub(super) frames: Vec<Head<'a>>,
}

/// A frame: its position, and its data, of which nothing is decoded.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Head<'a> {
    pub(super) rect: Rect,
    pub(super) interlaced: bool,
    pub(super) control: Control,
    /// Its own colours.
    pub(super) colours: Option<&'a [[u8; 3]]>,
    /// The size of the first codes, and sub-blocks.
    pub(super) data: &'a [u8],
}

/// What an extension says about the frame after it (§23).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Control {
    /// In hundredths of a second.
    pub(super) delay: u16,
    pub(super) disposal: Disposal,
    pub(super) transparent: Option<u8>,
}

/// Reads all blocks, as far as they are there.
pub(super) fn read<'a>(source: &'a [u8], limits: &Limits) -> Result<Blocks<'a>, Error> {
    let mut reader = Reader::new(source.get(6..).unwrap_or_default());
    let short = Error::undecodable("the header is cut off");
    let mut blocks = Blocks::screen(&mut reader).ok_or(short)?;
    let mut control = Control::default();
    // Whatever is cut off is not there.
    while blocks.block(&mut reader, &mut control).is_some() {
        if limits.first_frame_only && blocks.frames.len() > 1 {
            break;
        }
        let (needed, limit) = (blocks.frames.len() as u64, u64::from(limits.max_frames));
        if needed > limit {
            return Err(Error::TooCostly {
                cost: Cost::Frames,
                needed,
                limit,
            });
        }
    }
    Ok(blocks)
}

impl<'a> Blocks<'a> {
    /// §18.
    fn screen(reader: &mut Reader<'a>) -> Option<Self> {
        let (width, height) = reader.u16_le().zip(reader.u16_le())?;
        let packed = reader.u8()?;
        reader.take(2)?;
        Some(Self {
            width: width.into(),
            height: height.into(),
            loop_count: 1,
            has_alpha: false,
            colours: colours(reader, packed)?.unwrap_or_default(),
            frames: Vec::new(),
        })
    }

    /// Reads a block; `None` at the trailer, or where nothing can be read.
    fn block(&mut self, reader: &mut Reader<'a>, control: &mut Control) -> Option<()> {
        match reader.u8()? {
            b',' => self.image(reader, std::mem::take(control)),
            b'!' => self.extension(reader, control),
            // Some encoders write more than one block terminator.
            0 => Some(()),
            _ => None,
        }
    }

    /// §20.
    fn image(&mut self, reader: &mut Reader<'a>, control: Control) -> Option<()> {
        let [left, top, width, height] = [(); 4].map(|()| reader.u16_le().map(u32::from));
        let rect = Rect {
            left: left?,
            top: top?,
            width: width?,
            height: height?,
        };
        let packed = reader.u8()?;
        let colours = colours(reader, packed)?;
        let data = reader.rest();
        if self.frames.is_empty() {
            self.width = self.width.max(rect.left + rect.width);
            self.height = self.height.max(rect.top + rect.height);
            self.has_alpha |= (rect.width, rect.height) != (self.width, self.height);
        }
        self.has_alpha |= control.transparent.is_some() || control.disposal == Disposal::Clear;
        self.frames.push(Head {
            rect,
            interlaced: packed & 0x40 != 0,
            control,
            colours,
            data,
        });
        reader.u8()?;
        sub_blocks(reader, |_| ())
    }

    fn extension(&mut self, reader: &mut Reader<'a>, control: &mut Control) -> Option<()> {
        let label = reader.u8()?;
        let mut looping = false;
        let mut first = true;
        sub_blocks(reader, |block| {
            match (label, block) {
                (0xF9, [packed, low, high, index, ..]) if first => {
                    *control = Control {
                        delay: u16::from_le_bytes([*low, *high]),
                        disposal: match packed >> 2 & 7 {
                            2 => Disposal::Clear,
                            3 => Disposal::Restore,
                            _ => Disposal::Keep,
                        },
                        transparent: (packed & 1 == 1).then_some(*index),
                    };
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

/// The colour table that a packed field declares (§19 and §21); `None` within if it declares none.
fn colours<'a>(reader: &mut Reader<'a>, packed: u8) -> Option<Option<&'a [[u8; 3]]>> {
    if packed & 0x80 == 0 {
        return Some(None);
    }
    let table = reader.take(6 << (packed & 7))?;
    Some(Some(table.as_chunks().0))
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

/// The sub-blocks of a frame's data, up to their terminator or where they are cut off.
pub(super) fn data(sub_blocks: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut reader = Reader::new(sub_blocks);
    std::iter::from_fn(move || {
        let length = usize::from(reader.u8().filter(|length| *length > 0)?);
        let length = length.min(reader.rest().len());
        reader.take(length)
    })
}
