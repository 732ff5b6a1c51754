//! The whole picture, by the crate `jpeg-decoder`; and by `zune-jpeg`, which shows what there is of
//! a damaged file.

use std::io::{Read, Result as IoResult};

use jpeg_decoder::{ColorTransform, Decoder, PixelFormat};
use zune_jpeg::JpegDecoder;
use zune_jpeg::zune_core::bytestream::ZCursor;
use zune_jpeg::zune_core::colorspace::ColorSpace;
use zune_jpeg::zune_core::options::DecoderOptions;

use super::header::{Colours, Header, Process};
use crate::decode::{Wanted, budget, shrink};
use crate::{Error, Frame, Image, Layout, Limits, Pause};

/// Decodes the whole picture, which is reduced to the wanted size only if it is damaged.
pub(super) fn decode(
    source: &[u8],
    header: &Header,
    wanted: &Wanted,
    limits: &Limits,
    pause: &dyn Pause,
) -> Result<Frame, Error> {
    match strict(source, header, limits, pause) {
        Err(Error::Undecodable { reason })
            if header.process != Process::Lossless && header.components.len() < 4 =>
        {
            lenient(source, header, wanted, limits, pause).map_err(|error| match error {
                Error::Undecodable { .. } => Error::Undecodable { reason },
                error => error,
            })
        }
        done => done,
    }
}

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

fn strict(
    source: &[u8],
    header: &Header,
    limits: &Limits,
    pause: &dyn Pause,
) -> Result<Frame, Error> {
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
    let image = Image::new(info.width.into(), info.height.into(), layout, pixels)?;
    Ok(Frame {
        image,
        shrink: 1,
        delay: 0,
    })
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

/// The whole picture; what is missing of it is grey.
fn lenient(
    source: &[u8],
    header: &Header,
    wanted: &Wanted,
    limits: &Limits,
    pause: &dyn Pause,
) -> Result<Frame, Error> {
    budget::check_memory(memory(header), limits)?;
    let (layout, space) = match header.colours {
        Colours::Grey => (Layout::Grey, ColorSpace::Luma),
        _ => (Layout::Rgb, ColorSpace::RGB),
    };
    let (width, height) = (u32::from(header.width), u32::from(header.height));
    let options = DecoderOptions::default()
        .set_max_width(width as usize)
        .set_max_height(height as usize)
        .jpeg_set_max_scans(super::MAX_SCANS)
        .jpeg_set_out_colorspace(space);
    let mut decoder = JpegDecoder::new_with_options(ZCursor::new(source), options);
    let pixels = decoder
        .decode()
        .map_err(|error| Error::undecodable(error.to_string()))?;
    pause.pause();
    let image = Image::new(width, height, layout, pixels)?;
    let factor = shrink::factor((width, height), wanted.at_least);
    let image = shrink::shrink(image, factor, limits, pause)?;
    Ok(Frame {
        image,
        shrink: factor,
        delay: 0,
    })
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
