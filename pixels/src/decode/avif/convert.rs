//! From luma and chroma to red, green and blue (ITU-T H.273 §8.3).

use super::property::Colours;
use crate::Error;

/// The sums are in 65536ths.
const SHIFT: u32 = 16;

/// Converts samples of one depth.
pub(super) struct Converter {
    model: Model,
    luma: Scale,
    /// What a sample of chroma is multiplied by for each channel, and the one for none.
    chroma: Chroma,
    /// The largest sample.
    most: i32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Model {
    /// Green, blue and red as they are.
    Identity,
    /// A sum for each channel.
    Matrix,
    /// Luma, and the differences of green and orange from it.
    YCgCo,
}

/// From samples to 0 to 255.
#[derive(Clone, Copy, Debug)]
struct Scale {
    /// The sample of black.
    zero: i32,
    factor: i32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Chroma {
    zero: i32,
    unit: i32,
    /// Blue for blue, blue and red for green, red for red.
    blue: i32,
    green: [i32; 2],
    red: i32,
}

impl Scale {
    fn new(depth: u32, full_range: bool) -> Self {
        let (zero, range) = match full_range {
            true => (0, (1 << depth) - 1),
            false => (16 << (depth - 8), 219 << (depth - 8)),
        };
        Self {
            zero,
            factor: fixed(255.0 / f64::from(range)),
        }
    }

    fn apply(self, sample: u16) -> u8 {
        narrow((i32::from(sample) - self.zero) * self.factor)
    }
}

fn fixed(number: f64) -> i32 {
    (number * f64::from(1 << SHIFT)).round() as i32
}

fn narrow(sum: i32) -> u8 {
    ((sum + (1 << (SHIFT - 1))) >> SHIFT).clamp(0, 255) as u8
}

impl Converter {
    pub(super) fn new(colours: &Colours, depth: u32) -> Result<Self, Error> {
        let (model, [red, blue]) = match colours.matrix {
            0 => (Model::Identity, [0.0; 2]),
            8 => (Model::YCgCo, [0.0; 2]),
            matrix => (Model::Matrix, weights(matrix, colours.primaries)?),
        };
        let range = match (colours.full_range, model) {
            (true, _) => f64::from((1 << depth) - 1),
            (false, _) => f64::from(224 << (depth - 8)),
        };
        let unit = 255.0 / range;
        let green = 1.0 - red - blue;
        Ok(Self {
            model,
            luma: Scale::new(depth, colours.full_range),
            chroma: Chroma {
                zero: 1 << (depth - 1),
                unit: fixed(unit),
                blue: fixed(2.0 * (1.0 - blue) * unit),
                green: [
                    fixed(2.0 * blue * (1.0 - blue) / green * unit),
                    fixed(2.0 * red * (1.0 - red) / green * unit),
                ],
                red: fixed(2.0 * (1.0 - red) * unit),
            },
            most: (1 << depth) - 1,
        })
    }

    /// A pixel without chroma.
    #[inline]
    pub(super) fn grey(&self, luma: u16) -> u8 {
        self.luma.apply(luma)
    }

    /// Red, green and blue of a pixel.
    #[inline]
    pub(super) fn pixel(&self, luma: u16, blue: u16, red: u16) -> [u8; 3] {
        if self.model == Model::Identity {
            // The planes are green, blue and red.
            return [red, luma, blue].map(|sample| self.luma.apply(sample));
        }
        let [first, second] =
            [blue, red].map(|sample| i32::from(sample).min(self.most) - self.chroma.zero);
        let luma = (i32::from(luma).min(self.most) - self.luma.zero) * self.luma.factor;
        match self.model {
            Model::YCgCo => {
                let (green, orange) = (first * self.chroma.unit, second * self.chroma.unit);
                [luma - green + orange, luma + green, luma - green - orange].map(narrow)
            }
            _ => {
                let [blue, red] = self.chroma.green;
                [
                    luma + self.chroma.red * second,
                    luma - blue * first - red * second,
                    luma + self.chroma.blue * first,
                ]
                .map(narrow)
            }
        }
    }
}

/// The weights of red and blue in luma.
fn weights(matrix: u16, primaries: u16) -> Result<[f64; 2], Error> {
    match (matrix, primaries) {
        (1, _) | (12, 1) => Ok([0.2126, 0.0722]),
        (4, _) | (12, 4) => Ok([0.30, 0.11]),
        // Unspecified is what it is most often.
        (2 | 5 | 6, _) => Ok([0.299, 0.114]),
        (7, _) | (12, 7) => Ok([0.212, 0.087]),
        (9, _) | (12, 9) => Ok([0.2627, 0.0593]),
        (12, 12) => Ok([0.228_975, 0.079_287]),
        _ => Err(Error::Unsupported {
            feature: "an AVIF with these matrix coefficients",
        }),
    }
}

/// Alpha is luma, and mostly of the full range.
pub(super) struct Alpha(Scale);

impl Alpha {
    pub(super) fn new(depth: u32, full_range: bool) -> Self {
        Self(Scale::new(depth, full_range))
    }

    pub(super) fn apply(&self, sample: u16) -> u8 {
        self.0.apply(sample)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converter(matrix: u16, full_range: bool, depth: u32) -> Converter {
        let colours = Colours {
            primaries: 1,
            transfer: 13,
            matrix,
            full_range,
        };
        Converter::new(&colours, depth).unwrap()
    }

    #[test]
    fn grey_is_grey_with_every_matrix_and_depth() {
        for matrix in [1, 2, 4, 5, 6, 7, 8, 9, 12] {
            for depth in [8, 10, 12] {
                let none = 1 << (depth - 1);
                let full = converter(matrix, true, depth);
                let most = (1 << depth) - 1;
                assert_eq!(full.pixel(0, none, none), [0; 3]);
                assert_eq!(full.pixel(most, none, none), [255; 3]);
                let limited = converter(matrix, false, depth);
                let (black, white) = (16 << (depth - 8), 235 << (depth - 8));
                assert_eq!(limited.pixel(black, none, none), [0; 3]);
                assert_eq!(limited.pixel(white, none, none), [255; 3]);
                assert_eq!(limited.pixel(0, none, none), [0; 3]);
                assert_eq!((limited.grey(black), limited.grey(white)), (0, 255));
            }
        }
    }

    #[test]
    fn primaries_come_out() {
        // Red by BT.601 and BT.709, with the full range of 8 bits.
        let near = |pixel: [u8; 3], expect: [u8; 3]| {
            let distance = pixel
                .iter()
                .zip(expect)
                .map(|(one, other)| one.abs_diff(other))
                .max();
            assert!(distance <= Some(2), "{pixel:?}, not {expect:?}");
        };
        near(converter(6, true, 8).pixel(76, 85, 255), [254, 0, 0]);
        near(converter(1, true, 8).pixel(54, 99, 255), [254, 0, 0]);
        near(converter(9, true, 10).pixel(269, 369, 1023), [255, 0, 0]);
        near(converter(0, true, 8).pixel(20, 30, 10), [10, 20, 30]);
        // Green is 255: luma 64 and both differences.
        near(converter(8, true, 8).pixel(128, 255, 128), [1, 255, 1]);
    }

    #[test]
    fn colours_of_constant_luminance_are_unsupported() {
        for matrix in [3, 10, 11, 13, 14, 255] {
            let colours = Colours {
                primaries: 1,
                transfer: 13,
                matrix,
                full_range: true,
            };
            assert!(matches!(
                Converter::new(&colours, 8),
                Err(Error::Unsupported { .. })
            ));
        }
    }
}
