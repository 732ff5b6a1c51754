//! The whole picture, by the crate `jpeg-decoder`, which is faster at that for sequential files, and
//! the only one for lossless ones. It gives up at damage.

use std::io::{Read, Result as IoResult};

use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};

use super::header::{Colours, Header, Process};
use crate::decode::budget;
use crate::{Error, Image, Layout, Limits, Pause};

/// What decoding takes.
fn memory(header: &Header) -> u64 {
    let (h, v) = header.sampling();
    let side = |side: u16, factor: u8| u64::from(side).next_multiple_of(8 * u64::from(factor));
    let area = side(header.width, h) * side(header.height, v);
    let share = |h: u8, v: u8| u64::from(h) * u64::from(v);
    let samples = header
        .components
        .iter()
        .map(|component| share(component.h, component.v));
    let samples = area * samples.sum::<u64>() / share(h, v);
    let coefficients = match header.process {
        Process::Sequential => 0,
        Process::Progressive => samples * 2,
        Process::Lossless => samples * 4,
    };
    let result = area * header.components.len() as u64;
    coefficients + samples + result
}

/// Decodes the whole picture.
pub(super) fn decode(
    source: &[u8],
    header: &Header,
    limits: &Limits,
    pause: &dyn Pause,
) -> Result<Image, Error> {
    let mut decoder = Decoder::new(Paced::new(source, pause));
    decoder.set_max_decoding_buffer_size(limits.max_memory);
    if header.colours == Colours::Rgb {
        decoder.set_color_transform(ColorTransform::RGB);
    } else if header.colours == Colours::YCbCr {
        decoder.set_color_transform(ColorTransform::YCbCr);
    }
    budget::check_memory(memory(header), limits)?;
    let pixels = decoder.decode().map_err(error)?;
    let info = decoder.info().ok_or(Error::undecodable("it has no size"))?;
    let (layout, pixels) = match info.pixel_format {
        PixelFormat::L8 => (Layout::Grey, pixels),
        // The samples are those of the machine, and have 2 to 16 bits.
        PixelFormat::L16 => (Layout::Grey, eight_bits(&pixels, header.precision)),
        PixelFormat::RGB24 => (Layout::Rgb, pixels),
        PixelFormat::CMYK32 => (Layout::Cmyk, pixels),
    };
    Ok(Image::new(
        info.width.into(),
        info.height.into(),
        layout,
        pixels,
    )?)
}

fn eight_bits(samples: &[u8], precision: u8) -> Vec<u8> {
    let most = (1 << u32::from(precision.clamp(1, 16))) - 1;
    let samples = samples
        .as_chunks::<2>()
        .0
        .iter()
        .copied()
        .map(u16::from_ne_bytes);
    samples
        .map(|sample| ((u32::from(sample).min(most) * 255 + most / 2) / most) as u8)
        .collect()
}

fn error(error: jpeg_decoder::Error) -> Error {
    Error::undecodable(error.to_string())
}

/// A source that lets others run while it is read.
struct Paced<'a> {
    rest: &'a [u8],
    pause: &'a dyn Pause,
    /// Bytes until the next pause.
    left: usize,
}

/// Some tenths of a millisecond of decoding.
const PACE: usize = 4096;

impl<'a> Paced<'a> {
    fn new(rest: &'a [u8], pause: &'a dyn Pause) -> Self {
        Self {
            rest,
            pause,
            left: PACE,
        }
    }
}

impl Read for Paced<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> IoResult<usize> {
        let count = self.rest.read(buffer)?;
        match self.left.checked_sub(count) {
            Some(left) => self.left = left,
            None => {
                self.left = PACE;
                self.pause.pause();
            }
        }
        Ok(count)
    }
}
