//! Backgrounds and padding.

use darkroom_transform::Background;

use super::alpha;
use crate::{Image, Layout, Pause};

/// Puts a picture on a colour. Where that is opaque, so is the result.
pub fn on_background(image: Image, background: Background, pause: &dyn Pause) -> Image {
    if background.alpha == 0 || alpha::is_opaque(&image) {
        return image;
    }
    let mut image = alpha::to_rgba(image);
    let stride = image.stride();
    for row in image.pixels_mut().chunks_exact_mut(stride) {
        pause.pause();
        for pixel in row.chunks_exact_mut(4) {
            over(pixel, background);
        }
    }
    if background.alpha == 255 {
        alpha::without_alpha(image)
    } else {
        image
    }
}

/// The pixel over the background (Porter and Duff), both with straight alpha.
fn over(pixel: &mut [u8], background: Background) {
    let top = u32::from(pixel[3]);
    let below = u32::from(background.alpha) * (255 - top);
    // In units of 1/255.
    let total = top * 255 + below;
    for (colour, back) in pixel.iter_mut().zip(background.rgb) {
        let mixed = u32::from(*colour) * top * 255 + u32::from(back) * below;
        *colour = (mixed + total / 2).checked_div(total).unwrap_or(0) as u8;
    }
    pixel[3] = ((total + 127) / 255) as u8;
}

/// Lays a picture on a larger canvas of one colour. Without a colour, it is transparent.
pub fn pad(
    image: Image,
    offset: (u32, u32),
    canvas: (u32, u32),
    background: Background,
    pause: &dyn Pause,
) -> Image {
    if canvas == (image.width(), image.height()) {
        return image;
    }
    let image = if background.alpha == 255 && !image.layout().has_alpha() {
        to_rgb(image)
    } else {
        alpha::to_rgba(image)
    };
    let channels = image.layout().channels();
    let [red, green, blue] = background.rgb;
    let fill = [red, green, blue, background.alpha];
    let (width, height) = (canvas.0 as usize, canvas.1 as usize);
    let mut pixels = fill[..channels].repeat(width * height);
    let first = offset.1 as usize;
    let rows = pixels.chunks_exact_mut(width * channels).skip(first);
    for (row, source) in rows.zip(image.rows()) {
        pause.pause();
        let from = offset.0 as usize * channels;
        row[from..from + source.len()].copy_from_slice(source);
    }
    Image::of(canvas.0, canvas.1, image.layout(), pixels)
}

fn to_rgb(image: Image) -> Image {
    if image.layout() != Layout::Grey {
        return image;
    }
    let pixels = image.pixels().iter().flat_map(|grey| [*grey; 3]).collect();
    Image::of(image.width(), image.height(), Layout::Rgb, pixels)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoPause;

    fn pixel(image: Image) -> Vec<u8> {
        image.into_pixels()
    }

    fn one(layout: Layout, pixels: &[u8]) -> Image {
        Image::of(1, 1, layout, pixels.to_vec())
    }

    #[test]
    fn transparency_shows_what_is_behind_it() {
        let red = Background {
            rgb: [255, 0, 0],
            alpha: 255,
        };
        let half_red = Background { alpha: 128, ..red };
        let on = |layout, pixels: &[u8], background| {
            pixel(on_background(one(layout, pixels), background, &NoPause))
        };
        assert_eq!(on(Layout::Rgba, &[9, 9, 9, 0], red), [255, 0, 0]);
        assert_eq!(on(Layout::Rgba, &[0, 0, 255, 128], red), [127, 0, 128]);
        assert_eq!(on(Layout::GreyAlpha, &[0, 0], Background::WHITE), [255; 3]);
        assert_eq!(on(Layout::Rgb, &[1, 2, 3], red), [1, 2, 3]);
        assert_eq!(on(Layout::Rgba, &[9, 9, 9, 0], half_red), [255, 0, 0, 128]);
        assert_eq!(
            on(Layout::Rgba, &[0, 0, 255, 255], half_red),
            [0, 0, 255, 255]
        );
        assert_eq!(
            on(Layout::Rgba, &[1, 2, 3, 4], Background::TRANSPARENT),
            [1, 2, 3, 4]
        );
    }

    #[test]
    fn padding_surrounds_a_picture() {
        let grey = Image::of(1, 1, Layout::Grey, vec![7]);
        let padded = pad(grey.clone(), (1, 0), (3, 2), Background::WHITE, &NoPause);
        assert_eq!(padded.layout(), Layout::Rgb);
        assert_eq!(
            padded.pixels()[..9],
            [255, 255, 255, 7, 7, 7, 255, 255, 255]
        );
        assert_eq!(padded.pixels()[9..], [255; 9]);
        let clear = pad(grey, (0, 1), (1, 2), Background::TRANSPARENT, &NoPause);
        assert_eq!(clear.pixels(), [0, 0, 0, 0, 7, 7, 7, 255]);
    }
}
