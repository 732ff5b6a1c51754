//! JPEG with Huffman tables made for the picture: baseline, or progressive where that is smaller.
//!
//! The crate `jpeg-encoder` makes baseline files; its own progressive ones are larger.

mod huffman;
mod progressive;
mod scan;

use jpeg_encoder::{
    ChromaSubsamplingMethod, Encoder, ImageBuffer, JpegColorType, SamplingFactor, rgb_to_ycbcr,
};

use super::Settings;
use crate::ops::alpha;
use crate::{Error, Image, Layout, Pause};

/// From this quality on, colours have the resolution of brightness.
const FULL_COLOUR: u8 = 95;

/// Tables that are made for a picture need all of it in memory, twice. Beyond this many pixels,
/// the usual tables serve, for about 5 % more bytes.
const MOST_OPTIMIZED: u64 = 4_000_000;

/// From this many pixels on, a progressive file is tried. Below, it is hardly smaller, and
/// encoding it twice would be felt.
const LEAST_PROGRESSIVE: u64 = 600_000;

/// Whether a file of so many pixels is made in two ways, of which the smaller is the result.
pub(crate) fn is_made_twice(pixels: u64) -> bool {
    (LEAST_PROGRESSIVE..=MOST_OPTIMIZED).contains(&pixels)
}

/// Encodes a picture without transparency.
///
/// # Errors
/// [`Error::Internal`] if the encoder fails.
pub fn encode(image: &Image, settings: &Settings<'_>) -> Result<Vec<u8>, Error> {
    let quality = settings.quality();
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, quality);
    let pixels = u64::from(image.width()) * u64::from(image.height());
    encoder.set_optimized_huffman_tables(pixels <= MOST_OPTIMIZED);
    encoder.set_chroma_subsampling_method(ChromaSubsamplingMethod::Average);
    encoder.set_sampling_factor(if quality >= FULL_COLOUR {
        SamplingFactor::F_1_1
    } else {
        SamplingFactor::F_2_2
    });
    let opaque = match image.layout() {
        Layout::Grey | Layout::Rgb => None,
        _ => Some(alpha::without_alpha(image.clone())),
    };
    let source = Source {
        image: opaque.as_ref().unwrap_or(image),
        pause: settings.pause,
    };
    encoder
        .encode_image(source)
        .map_err(|error| Error::internal(error.to_string()))?;
    drop(opaque);
    if is_made_twice(pixels) {
        let recoded = progressive::recoded(&bytes, settings.limits, settings.pause)?;
        if let Some(smaller) = recoded.filter(|recoded| recoded.len() < bytes.len()) {
            return Ok(smaller);
        }
    }
    Ok(bytes)
}

struct Source<'a> {
    image: &'a Image,
    pause: &'a dyn Pause,
}

impl ImageBuffer for Source<'_> {
    fn get_jpeg_color_type(&self) -> JpegColorType {
        match self.image.layout() {
            Layout::Grey => JpegColorType::Luma,
            _ => JpegColorType::Ycbcr,
        }
    }

    fn width(&self) -> u16 {
        u16::try_from(self.image.width()).unwrap_or(u16::MAX)
    }

    fn height(&self) -> u16 {
        u16::try_from(self.image.height()).unwrap_or(u16::MAX)
    }

    fn fill_buffers(&self, y: u16, buffers: &mut [Vec<u8>; 4]) {
        self.pause.pause();
        let stride = self.image.stride();
        let row = &self.image.pixels()[usize::from(y) * stride..][..stride];
        if self.image.layout() == Layout::Grey {
            buffers[0].extend_from_slice(row);
            return;
        }
        // One channel after the other, so that each buffer grows once.
        let pixels = || {
            row.as_chunks::<3>()
                .0
                .iter()
                .map(|[r, g, b]| rgb_to_ycbcr(*r, *g, *b))
        };
        buffers[0].extend(pixels().map(|(luma, _, _)| luma));
        buffers[1].extend(pixels().map(|(_, blue, _)| blue));
        buffers[2].extend(pixels().map(|(_, _, red)| red));
    }
}
