//! WebP: lossy, with alpha and animations, or lossless where that is smaller.
//!
//! webpkit makes the opaque picture, image-webp everything that is lossless, alpha included;
//! `container` puts them together.

mod container;
mod opaque;

use webpkit::lossy::{LossyConfig, encode_vp8_with};
use webpkit::{Dimensions, Effort, ImageRef, PixelLayout};

use super::changes::{Area, changed};
use super::{Settings, empty, palette};
use crate::ops::alpha;
use crate::{Error, Image, Layout};

use container::{Bitstream, Picture};

/// Encodes a picture.
///
/// # Errors
/// [`Error::Internal`] if the encoder fails.
pub fn encode(image: Image, settings: &Settings<'_>) -> Result<Vec<u8>, Error> {
    let (width, height) = (image.width(), image.height());
    let picture = picture(image, settings)?;
    Ok(container::still(&picture, width, height))
}

/// Takes frames, and makes a file of them.
pub struct Animation<'a> {
    settings: Settings<'a>,
    canvas: Option<Image>,
    frames: Vec<u8>,
    has_alpha: bool,
}

impl<'a> Animation<'a> {
    pub(crate) fn new(settings: Settings<'a>) -> Self {
        Animation {
            settings,
            canvas: None,
            frames: Vec::new(),
            has_alpha: false,
        }
    }

    pub(crate) fn push(&mut self, image: Image, delay: u32) -> Result<(), Error> {
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
                area.map_or(Area::CORNER, Area::even)
            }
        };
        let pixels = area.cut(image.pixels(), width, 4);
        let part = Image::of(area.width, area.height, Layout::Rgba, pixels);
        self.has_alpha |= !alpha::is_opaque(&part);
        let picture = picture(part, &self.settings)?;
        container::frame(&mut self.frames, &picture, area, delay);
        self.canvas = Some(image);
        Ok(())
    }

    pub(crate) fn finish(self) -> Result<Vec<u8>, Error> {
        let canvas = self.canvas.ok_or_else(empty)?;
        let size = (canvas.width(), canvas.height());
        Ok(container::animation(
            &self.frames,
            size,
            self.has_alpha,
            self.settings.loop_count,
        ))
    }
}

/// Beyond this many pixels, only what has few colours is tried without loss.
const MOST_TRIED: u64 = 1_000_000;

/// The smaller one of lossy and lossless.
fn picture(image: Image, settings: &Settings<'_>) -> Result<Picture, Error> {
    let image = alpha::to_rgba(image);
    let is_opaque = alpha::is_opaque(&image);
    let is_small = u64::from(image.width()) * u64::from(image.height()) <= MOST_TRIED;
    settings.pause.pause();
    let is_drawn = palette::exact(&image, 256).is_some();
    let exact = if is_small || is_drawn {
        Some(lossless(&image, is_opaque, is_drawn)?)
    } else {
        None
    };
    settings.pause.pause();
    let lossy = lossy(&image, is_opaque, settings)?;
    settings.pause.pause();
    Ok(match exact {
        Some(exact) if exact.len() <= lossy.len() => exact,
        _ => lossy,
    })
}

fn lossy(image: &Image, is_opaque: bool, settings: &Settings<'_>) -> Result<Picture, Error> {
    let failed = |error: webpkit::Error| Error::internal(error.to_string());
    let dimensions = Dimensions::new(image.width(), image.height()).map_err(failed)?;
    let filled = (!is_opaque).then(|| opaque::filled(image));
    let pixels = filled.as_deref().unwrap_or(image.pixels());
    let source = ImageRef::new(dimensions, PixelLayout::Rgba8, pixels).map_err(failed)?;
    let config = LossyConfig::new()
        .with_quality(scale(settings.quality()))
        .with_effort(Effort::Best);
    let (_, data) = encode_vp8_with(source, &config, &|| settings.pause.pause()).map_err(failed)?;
    Ok(Picture {
        bitstream: Bitstream::Lossy,
        data,
        alpha: if is_opaque {
            None
        } else {
            Some(alpha_plane(image)?)
        },
    })
}

fn lossless(image: &Image, is_opaque: bool, is_drawn: bool) -> Result<Picture, Error> {
    let channels = if is_opaque { 3 } else { 4 };
    let colour = if is_opaque {
        image_webp::ColorType::Rgb8
    } else {
        image_webp::ColorType::Rgba8
    };
    let mut pixels = Vec::with_capacity(image.pixels().len() / 4 * channels);
    for pixel in image.pixels().as_chunks::<4>().0 {
        // What is not seen is all the same.
        let colour = if pixel[3] == 0 { &[0; 4] } else { pixel };
        pixels.extend_from_slice(&colour[..channels]);
    }
    let mut data = vp8l(&pixels, image, colour, true)?;
    if is_drawn {
        // The colours of a drawing may be fewer than their differences.
        let plain = vp8l(&pixels, image, colour, false)?;
        if plain.len() < data.len() {
            data = plain;
        }
    }
    Ok(Picture {
        bitstream: Bitstream::Lossless,
        data,
        alpha: None,
    })
}

/// The chunk of alpha (RFC 9649, section 2.7.1.2): a lossless picture without its header, of
/// which green is alpha.
fn alpha_plane(image: &Image) -> Result<Vec<u8>, Error> {
    /// Compressed, not filtered.
    const FLAGS: u8 = 1;
    /// A signature, the size, and what the header of a file says already.
    const HEADER: usize = 5;

    let plane: Vec<u8> = image
        .pixels()
        .chunks_exact(4)
        .map(|pixel| pixel[3])
        .collect();
    let picture = vp8l(&plane, image, image_webp::ColorType::L8, true)?;
    let data = picture.get(HEADER..).unwrap_or_default();
    Ok([&[FLAGS], data].concat())
}

/// The lossless data of a picture, of its pixels or of their differences from those above.
fn vp8l(
    pixels: &[u8],
    image: &Image,
    colour: image_webp::ColorType,
    of_differences: bool,
) -> Result<Vec<u8>, Error> {
    let mut params = image_webp::EncoderParams::default();
    params.use_predictor_transform = of_differences;
    let mut file = Vec::new();
    let mut encoder = image_webp::WebPEncoder::new(&mut file);
    encoder.set_params(params);
    encoder
        .encode(pixels, image.width(), image.height(), colour)
        .map_err(|error| Error::internal(error.to_string()))?;
    container::chunk_of(&file, b"VP8L").ok_or_else(|| Error::internal("a picture has no data"))
}

/// What webpkit calls the quality that users know from libwebp. Measured on photographs: pairs
/// lead to the same similarity (SSIM).
fn scale(quality: u8) -> u8 {
    const POINTS: [(u8, u8); 11] = [
        (0, 2),
        (10, 20),
        (20, 35),
        (30, 49),
        (40, 61),
        (50, 70),
        (60, 77),
        (80, 85),
        (90, 93),
        (95, 98),
        (100, 100),
    ];
    super::between(&POINTS, quality)
}

#[cfg(test)]
mod tests;
