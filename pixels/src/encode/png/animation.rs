//! APNG (PNG, third edition, section 11.3.6): frames that are encoded one by one as stills,
//! their data put into one file.

use super::{Compression, write};
use crate::encode::changes::{Area, changed};
use crate::encode::{Settings, empty};
use crate::ops::alpha;
use crate::{Error, Image, Layout};

const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";
/// The length of a chunk, its type and its checksum.
const AROUND: usize = 12;

/// Takes frames, and makes a file of them.
pub struct Animation<'a> {
    settings: Settings<'a>,
    canvas: Option<Image>,
    header: Vec<u8>,
    /// The chunks of all frames.
    chunks: Vec<u8>,
    frames: u32,
    /// The number of the next chunk of the animation.
    sequence: u32,
}

impl<'a> Animation<'a> {
    pub(crate) fn new(settings: Settings<'a>) -> Self {
        Animation {
            settings,
            canvas: None,
            header: Vec::new(),
            chunks: Vec::new(),
            frames: 0,
            sequence: 0,
        }
    }

    pub(crate) fn push(&mut self, image: Image, delay: u32) -> Result<(), Error> {
        self.settings.pause.pause();
        let image = alpha::to_rgba(image);
        let (width, height) = (image.width(), image.height());
        let area = match &self.canvas {
            None => Area {
                width,
                height,
                ..Area::CORNER
            },
            Some(canvas) => {
                let area = changed(canvas.pixels(), image.pixels(), width, height);
                area.unwrap_or(Area::CORNER)
            }
        };
        let pixels = area.cut(image.pixels(), width, 4);
        let part = Image::of(area.width, area.height, Layout::Rgba, pixels);
        let png = write(
            &part,
            png::ColorType::Rgba,
            Compression::Balanced,
            part.pixels(),
        )?;
        self.control(area, delay);
        for (kind, data) in chunks(&png) {
            match kind {
                b"IHDR" if self.frames == 0 => self.header = data.to_vec(),
                b"IDAT" if self.frames == 0 => chunk(&mut self.chunks, kind, data),
                b"IDAT" => {
                    let number = self.next().to_be_bytes();
                    chunk(&mut self.chunks, b"fdAT", &[&number, data].concat());
                }
                _ => {}
            }
        }
        self.frames += 1;
        self.canvas = Some(image);
        Ok(())
    }

    /// The chunk before a frame: where it lies, how long it is shown, that it replaces what was
    /// there.
    fn control(&mut self, area: Area, delay: u32) {
        let mut data = Vec::new();
        for number in [self.next(), area.width, area.height, area.x, area.y] {
            data.extend(number.to_be_bytes());
        }
        let (numerator, denominator) = match u16::try_from(delay) {
            Ok(milliseconds) => (milliseconds, 1000),
            Err(_) => (u16::try_from(delay / 1000).unwrap_or(u16::MAX), 1),
        };
        data.extend(numerator.to_be_bytes());
        data.extend(u16::to_be_bytes(denominator));
        data.extend([0, 0]);
        chunk(&mut self.chunks, b"fcTL", &data);
    }

    fn next(&mut self) -> u32 {
        let number = self.sequence;
        self.sequence += 1;
        number
    }

    pub(crate) fn finish(self) -> Result<Vec<u8>, Error> {
        if self.frames == 0 {
            return Err(empty());
        }
        let mut file = SIGNATURE.to_vec();
        chunk(&mut file, b"IHDR", &self.header);
        let counts = [self.frames, self.settings.loop_count];
        chunk(&mut file, b"acTL", &counts.map(u32::to_be_bytes).concat());
        file.extend(self.chunks);
        chunk(&mut file, b"IEND", &[]);
        Ok(file)
    }
}

/// The chunks of a file that was just written.
fn chunks(png: &[u8]) -> impl Iterator<Item = (&[u8; 4], &[u8])> {
    let mut rest = png.get(SIGNATURE.len()..).unwrap_or_default();
    std::iter::from_fn(move || {
        let (length, after) = rest.split_first_chunk::<4>()?;
        let (kind, after) = after.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length) as usize;
        let data = after.get(..length)?;
        rest = rest.get(length + AROUND..)?;
        Some((kind, data))
    })
}

fn chunk(file: &mut Vec<u8>, kind: &[u8; 4], data: &[u8]) {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(kind);
    hasher.update(data);
    file.extend((data.len() as u32).to_be_bytes());
    file.extend(kind);
    file.extend(data);
    file.extend(hasher.finalize().to_be_bytes());
}
