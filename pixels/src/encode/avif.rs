//! AVIF: a still, within a budget of pixels.

use ravif::{Encoder, MatrixCoefficients, PixelRange};

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
    let quality = scale(settings.quality());
    let encoder = Encoder::new()
        .with_quality(quality)
        .with_alpha_quality(alpha_quality(quality))
        .with_speed(SPEED)
        .with_num_threads(Some(1));
    let (width, height) = (image.width() as usize, image.height() as usize);
    let opaque = alpha::is_opaque(&image);
    let image = alpha::to_rgba(image);
    settings.pause.pause();
    let pixels = || image.pixels().chunks_exact(Layout::Rgba.channels());
    // The same types for both, because the encoder is compiled anew for each.
    let alpha: Option<Vec<u16>> = (!opaque).then(|| pixels().map(|p| to_ten_bits(p[3])).collect());
    let mut cleaner = Cleaner::default();
    let planes: Vec<[u16; 3]> = pixels().map(|p| to_ycbcr(cleaner.clean(p))).collect();
    let encoded = encoder.encode_raw_planes_10_bit(
        width,
        height,
        planes,
        alpha,
        PixelRange::Full,
        MatrixCoefficients::BT601,
    );
    settings.pause.pause();
    let encoded = encoded.map_err(|error| Error::internal(error.to_string()))?;
    Ok(encoded.avif_file)
}

/// The quality of transparency, of which errors are seen best: as a haze where there is nothing.
fn alpha_quality(quality: f32) -> f32 {
    quality + (100.0 - quality) * 0.8
}

/// What rav1e calls the quality that users know from libavif. Measured on photographs: pairs lead
/// to the same similarity (SSIM).
fn scale(quality: u8) -> f32 {
    const POINTS: [(u8, u8); 12] = [
        (0, 5),
        (10, 17),
        (20, 26),
        (30, 36),
        (40, 50),
        (50, 65),
        (60, 77),
        (70, 84),
        (80, 89),
        (90, 94),
        (95, 97),
        (100, 100),
    ];
    super::between(&POINTS, quality).into()
}

/// Colours below full transparency are not seen, but cost bytes. They become those of the last
/// pixel that is seen.
#[derive(Default)]
struct Cleaner([u8; 3]);

impl Cleaner {
    fn clean(&mut self, pixel: &[u8]) -> [u8; 3] {
        if let [red, green, blue, alpha] = *pixel
            && alpha > 0
        {
            self.0 = [red, green, blue];
        }
        self.0
    }
}

/// 0 to 255 becomes 0 to 1023.
fn to_ten_bits(sample: u8) -> u16 {
    (u16::from(sample) << 2) | (u16::from(sample) >> 6)
}

/// Luma and chroma of full range in ten bits (ITU-R BT.601, as JFIF has them).
fn to_ycbcr(colour: [u8; 3]) -> [u16; 3] {
    const MOST: f32 = 1023.0;
    const MIDDLE: f32 = 512.0;

    let [red, green, blue] = colour.map(|sample| f32::from(sample) * (MOST / 255.0));
    let luma = 0.299 * red + 0.587 * green + 0.114 * blue;
    let (cb, cr) = ((blue - luma) * (0.5 / 0.886), (red - luma) * (0.5 / 0.701));
    // In range, but for the last half of a step.
    [luma, cb + MIDDLE, cr + MIDDLE].map(|sample| sample.round().clamp(0.0, MOST) as u16)
}

#[cfg(test)]
mod tests {
    use super::{Cleaner, alpha_quality, scale, to_ten_bits, to_ycbcr};

    #[test]
    fn colours_use_the_full_range() {
        let cases = [
            ([0, 0, 0], [0, 512, 512]),
            ([255, 255, 255], [1023, 512, 512]),
            ([255, 0, 0], [306, 339, 1023]),
            ([0, 0, 255], [117, 1023, 429]),
        ];
        for (colour, expected) in cases {
            assert_eq!(to_ycbcr(colour), expected, "{colour:?}");
        }
        assert_eq!((to_ten_bits(0), to_ten_bits(255)), (0, 1023));
    }

    #[test]
    fn qualities_grow() {
        let scaled: Vec<f32> = (1..=100).map(scale).collect();
        assert!(scaled.is_sorted());
        assert_eq!((scaled[0], scaled[59], scaled[99]), (6.0, 77.0, 100.0));
        assert!(alpha_quality(scaled[59]) > 95.0 && alpha_quality(100.0) <= 100.0);
    }

    #[test]
    fn colours_that_are_not_seen_are_those_of_their_neighbours() {
        let mut cleaner = Cleaner::default();
        let row = [[1, 2, 3, 1], [9, 9, 9, 0], [4, 5, 6, 255]];
        let clean = row.map(|pixel| cleaner.clean(&pixel));
        assert_eq!(clean, [[1, 2, 3], [1, 2, 3], [4, 5, 6]]);
    }
}
