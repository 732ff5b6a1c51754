//! Pictures without colours.

use darkroom_transform::Tone;

use crate::{Image, Layout, Pause};

/// Takes the colours of a picture in sRGB. Its alpha stays.
pub fn apply(image: Image, tone: Tone, pause: &dyn Pause) -> Image {
    let of = |sample: u8| match tone {
        Tone::Bitonal if sample >= 128 => 255,
        Tone::Bitonal => 0,
        Tone::Colour | Tone::Grey => sample,
    };
    let layout = match (tone, image.layout()) {
        (Tone::Colour, _) | (_, Layout::Cmyk) => return image,
        (_, Layout::Grey | Layout::Rgb) => Layout::Grey,
        (_, Layout::GreyAlpha | Layout::Rgba) => Layout::GreyAlpha,
    };
    let (width, height, channels) = (image.width(), image.height(), image.layout().channels());
    let mut pixels = Vec::with_capacity(width as usize * height as usize * layout.channels());
    for row in image.rows() {
        for pixel in row.chunks_exact(channels) {
            match *pixel {
                [grey] => pixels.push(of(grey)),
                [grey, alpha] => pixels.extend([of(grey), alpha]),
                [red, green, blue] => pixels.push(of(luma([red, green, blue]))),
                [red, green, blue, alpha] => pixels.extend([of(luma([red, green, blue])), alpha]),
                _ => {}
            }
        }
        pause.pause();
    }
    Image::of(width, height, layout, pixels)
}

/// The brightness of a colour as television and JPEG have it (ITU-R BT.601).
fn luma([red, green, blue]: [u8; 3]) -> u8 {
    let sum = u32::from(red) * 19_595 + u32::from(green) * 38_470 + u32::from(blue) * 7_471;
    ((sum + (1 << 15)) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoPause;

    #[test]
    fn greys_have_the_brightness_of_colours_and_their_alpha() {
        let colours = [
            [0, 0, 0, 255],
            [255, 255, 255, 255],
            [255, 0, 0, 255],
            [0, 255, 0, 40],
            [0, 0, 255, 0],
            [128, 128, 128, 255],
        ];
        for (tone, expected) in [
            (Tone::Grey, [0, 255, 76, 150, 29, 128]),
            (Tone::Bitonal, [0, 255, 0, 255, 0, 255]),
        ] {
            let image = Image::of(6, 1, Layout::Rgba, colours.concat());
            let toned = apply(image, tone, &NoPause);
            assert_eq!(toned.layout(), Layout::GreyAlpha);
            let pairs = colours.iter().zip(expected);
            let pairs: Vec<u8> = pairs.flat_map(|(colour, grey)| [grey, colour[3]]).collect();
            assert_eq!(toned.pixels(), pairs);
            let opaque: Vec<u8> = colours
                .iter()
                .flat_map(|colour| colour[..3].to_vec())
                .collect();
            let toned = apply(Image::of(6, 1, Layout::Rgb, opaque), tone, &NoPause);
            assert_eq!(
                (toned.layout(), toned.pixels()),
                (Layout::Grey, &expected[..])
            );
            let toned = apply(toned, tone, &NoPause);
            assert_eq!(toned.pixels(), expected);
        }
    }
}
