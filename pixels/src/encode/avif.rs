//! AVIF: a still, within a budget of pixels.

use ravif::{AlphaColorMode, Encoder, Img, RGB8, RGBA8};

use super::Settings;
use crate::ops::alpha;
use crate::{Cost, Error, Image, Layout};

/// Of 1 to 10: the next slower one saves 6 % of the bytes for half as much time again.
const SPEED: u8 = 9;

/// Encodes a picture.
///
/// # Errors
/// [`Error::TooCostly`] beyond the budget, and [`Error::Internal`] if the encoder fails.
pub fn encode(image: Image, settings: &Settings<'_>) -> Result<Vec<u8>, Error> {
    let needed = u64::from(image.width()) * u64::from(image.height());
    let limit = settings.limits.max_avif_pixels;
    if needed > limit {
        return Err(Error::TooCostly {
            cost: Cost::Pixels,
            needed,
            limit,
        });
    }
    let quality = f32::from(settings.quality());
    let encoder = Encoder::new()
        .with_quality(quality)
        .with_alpha_quality(quality)
        .with_speed(SPEED)
        .with_num_threads(Some(1))
        .with_alpha_color_mode(AlphaColorMode::UnassociatedClean);
    let (width, height) = (image.width() as usize, image.height() as usize);
    let opaque = alpha::is_opaque(&image);
    let image = alpha::to_rgba(image);
    settings.pause.pause();
    let colours = image.pixels().chunks_exact(Layout::Rgba.channels());
    let encoded = if opaque {
        let pixels: Vec<RGB8> = colours.map(|p| RGB8::new(p[0], p[1], p[2])).collect();
        encoder.encode_rgb(Img::new(&pixels, width, height))
    } else {
        let pixels: Vec<RGBA8> = colours
            .map(|p| RGBA8::new(p[0], p[1], p[2], p[3]))
            .collect();
        encoder.encode_rgba(Img::new(&pixels, width, height))
    };
    settings.pause.pause();
    let encoded = encoded.map_err(|error| Error::internal(error.to_string()))?;
    Ok(encoded.avif_file)
}
