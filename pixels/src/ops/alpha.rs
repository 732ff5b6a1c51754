//! Colours multiplied by their alpha.
//!
//! What mixes pixels has to count a transparent one for nothing, whatever colour it hides.

use crate::{Image, Layout};

/// Multiplies colours by alpha. A picture without alpha stays as it is.
pub fn premultiply(image: &mut Image) {
    each(image, |colour, alpha| {
        let product = u32::from(colour) * u32::from(alpha);
        // Divides by 255 with rounding.
        ((product + 128 + ((product + 128) >> 8)) >> 8) as u8
    });
}

/// Divides colours by alpha. What is transparent becomes black.
pub fn unmultiply(image: &mut Image) {
    each(image, |colour, alpha| {
        let (colour, alpha) = (u32::from(colour), u32::from(alpha));
        let quotient = (colour * 255 + alpha / 2).checked_div(alpha);
        quotient.map_or(0, |quotient| quotient.min(255) as u8)
    });
}

fn each(image: &mut Image, change: impl Fn(u8, u8) -> u8) {
    if !image.layout().has_alpha() {
        return;
    }
    let channels = image.layout().channels();
    for pixel in image.pixels_mut().chunks_exact_mut(channels) {
        if let Some((alpha, colours)) = pixel.split_last_mut()
            && *alpha < 255
        {
            for colour in colours {
                *colour = change(*colour, *alpha);
            }
        }
    }
}

/// Whether no pixel is transparent, not even partly.
pub fn is_opaque(image: &Image) -> bool {
    let channels = image.layout().channels();
    !image.layout().has_alpha()
        || image
            .pixels()
            .chunks_exact(channels)
            .all(|pixel| pixel.last() == Some(&255))
}

/// The same picture as [`Layout::Rgba`]; one in CMYK has no such form and stays as it is.
pub fn to_rgba(image: Image) -> Image {
    let wide = |image: &Image, rgba: fn(&[u8]) -> [u8; 4]| {
        let channels = image.layout().channels();
        let pixels = image.pixels().chunks_exact(channels).flat_map(rgba);
        Image::new(
            image.width(),
            image.height(),
            Layout::Rgba,
            pixels.collect(),
        )
    };
    let converted = match image.layout() {
        Layout::Rgba | Layout::Cmyk => return image,
        Layout::Grey => wide(&image, |pixel| [pixel[0], pixel[0], pixel[0], 255]),
        Layout::GreyAlpha => wide(&image, |pixel| [pixel[0], pixel[0], pixel[0], pixel[1]]),
        Layout::Rgb => wide(&image, |pixel| [pixel[0], pixel[1], pixel[2], 255]),
    };
    converted.unwrap_or(image)
}

/// The same picture without its alpha, which is to be opaque.
pub fn without_alpha(image: Image) -> Image {
    let layout = match image.layout() {
        Layout::Rgba => Layout::Rgb,
        Layout::GreyAlpha => Layout::Grey,
        Layout::Grey | Layout::Rgb | Layout::Cmyk => return image,
    };
    let (width, height, channels) = (image.width(), image.height(), layout.channels());
    let mut pixels = image.into_pixels();
    let count = pixels.len() / (channels + 1);
    for index in 0..count {
        let from = index * (channels + 1);
        pixels.copy_within(from..from + channels, index * channels);
    }
    pixels.truncate(count * channels);
    Image::of(width, height, layout, pixels)
}
