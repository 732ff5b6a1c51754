//! PNG: a palette where it is lossless or asked for, and as few channels as there are.

mod animation;

use png::{BitDepth, ColorType, Compression, Filter};

use super::Settings;
use super::palette::{self, Indexed};
use crate::ops::alpha;
use crate::{Error, Image, Layout};

pub use animation::Animation;

/// Encodes a picture. With a quality, its colours are reduced to a palette.
///
/// # Errors
/// [`Error::Internal`] if the encoder fails.
pub fn encode(image: Image, settings: &Settings<'_>) -> Result<Vec<u8>, Error> {
    let most = settings.colours();
    let image = alpha::to_rgba(image);
    settings.pause.pause();
    let indexed = match palette::exact(&image, most) {
        Some(indexed) => Some(indexed),
        None if settings.quality.is_some() => {
            Some(palette::quantized(&image, most, 1.0, settings.pause)?)
        }
        None => None,
    };
    settings.pause.pause();
    match indexed {
        Some(indexed) => write_indexed(&image, &indexed),
        None => write_channels(&narrowed(image)),
    }
}

/// The picture without channels that say nothing.
fn narrowed(image: Image) -> Image {
    let opaque = alpha::is_opaque(&image);
    let mut pixels = image.pixels().chunks_exact(4);
    let grey = pixels.all(|pixel| pixel[0] == pixel[1] && pixel[1] == pixel[2]);
    let image = match (grey, opaque) {
        (false, false) => return image,
        (false, true) => return alpha::without_alpha(image),
        (true, _) => image,
    };
    let (width, height) = (image.width(), image.height());
    let pixels = image.pixels().chunks_exact(4);
    if opaque {
        let pixels = pixels.map(|pixel| pixel[0]).collect();
        Image::of(width, height, Layout::Grey, pixels)
    } else {
        let pixels = pixels.flat_map(|pixel| [pixel[0], pixel[3]]).collect();
        Image::of(width, height, Layout::GreyAlpha, pixels)
    }
}

fn write_channels(image: &Image) -> Result<Vec<u8>, Error> {
    let colour = match image.layout() {
        Layout::Grey => ColorType::Grayscale,
        Layout::GreyAlpha => ColorType::GrayscaleAlpha,
        Layout::Rgb => ColorType::Rgb,
        Layout::Rgba => ColorType::Rgba,
        Layout::Cmyk => return Err(Error::internal("PNG has no inks")),
    };
    let fast = write(image, colour, Compression::Fast, image.pixels())?;
    // What shrinks this much is drawn, and shrinks much more with some patience.
    let drawn = fast.len() < image.pixels().len() / 4;
    if !drawn {
        return Ok(fast);
    }
    let patient = write(image, colour, Compression::Balanced, image.pixels())?;
    Ok(if patient.len() < fast.len() {
        patient
    } else {
        fast
    })
}

fn write(
    image: &Image,
    colour: ColorType,
    compression: Compression,
    pixels: &[u8],
) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width(), image.height());
    encoder.set_color(colour);
    encoder.set_compression(compression);
    finish(encoder, pixels)?;
    Ok(bytes)
}

fn write_indexed(image: &Image, indexed: &Indexed) -> Result<Vec<u8>, Error> {
    let (depth, bits) = match indexed.colours.len() {
        0..=2 => (BitDepth::One, 1),
        3..=4 => (BitDepth::Two, 2),
        5..=16 => (BitDepth::Four, 4),
        _ => (BitDepth::Eight, 8),
    };
    let colours = indexed.colours.iter();
    let palette: Vec<u8> = colours
        .clone()
        .flat_map(|colour| [colour[0], colour[1], colour[2]])
        .collect();
    // Entries that are not listed are opaque.
    let last = indexed.colours.iter().rposition(|colour| colour[3] < 255);
    let alphas: Vec<u8> = colours
        .map(|colour| colour[3])
        .take(last.map_or(0, |last| last + 1))
        .collect();

    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, image.width(), image.height());
    encoder.set_color(ColorType::Indexed);
    encoder.set_depth(depth);
    encoder.set_palette(palette);
    if !alphas.is_empty() {
        encoder.set_trns(alphas);
    }
    encoder.set_compression(Compression::Balanced);
    // Numbers of colours are no amounts: their differences say nothing.
    encoder.set_filter(Filter::NoFilter);
    finish(
        encoder,
        &packed(&indexed.indices, image.width() as usize, bits),
    )?;
    Ok(bytes)
}

/// Rows of `bits` a pixel, each beginning with a byte of its own.
fn packed(indices: &[u8], width: usize, bits: usize) -> Vec<u8> {
    let rows = indices.chunks_exact(width);
    rows.flat_map(|row| row.chunks(8 / bits))
        .map(|group| {
            let places = group.iter().zip((0..8 / bits).rev());
            places.fold(0, |byte, (index, place)| byte | index << (place * bits))
        })
        .collect()
}

fn finish(encoder: png::Encoder<'_, &mut Vec<u8>>, pixels: &[u8]) -> Result<(), Error> {
    let failed = |error: png::EncodingError| Error::internal(error.to_string());
    let mut writer = encoder.write_header().map_err(failed)?;
    writer.write_image_data(pixels).map_err(failed)?;
    writer.finish().map_err(failed)
}
