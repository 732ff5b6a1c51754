//! Blur and sharpen.
//!
//! A small blur convolves with the Gaussian itself. A large one is made of a smaller picture:
//! nothing finer than the blur is left to see, and the time does not grow with it.

use super::alpha;
use super::resize::{Filter, Part, Scaler};
use crate::{Error, Image, Pause};

/// Beyond this, a picture is blurred at a smaller size.
const LARGEST_DIRECT: f64 = 8.0;

/// Blurs a picture by a Gaussian with this standard deviation in pixels. What lies outside
/// looks like its edges.
///
/// # Errors
/// As [`Scaler::resize`].
pub fn blur(
    image: Image,
    sigma: f64,
    scaler: &mut Scaler,
    pause: &dyn Pause,
) -> Result<Image, Error> {
    let mut image = image;
    alpha::premultiply(&mut image);
    let mut blurred = if sigma <= LARGEST_DIRECT {
        gaussian(&image, sigma, pause)
    } else {
        reduced(image, sigma, scaler, pause)?
    };
    alpha::unmultiply(&mut blurred);
    Ok(blurred)
}

/// Blurs a smaller copy, and enlarges it. Reducing by `f` and enlarging again blur too, with
/// variances of about `f²/12` and `f²/6`, which are part of the whole.
fn reduced(
    image: Image,
    sigma: f64,
    scaler: &mut Scaler,
    pause: &dyn Pause,
) -> Result<Image, Error> {
    let size = (image.width(), image.height());
    let factor = (sigma / (LARGEST_DIRECT / 2.0)).floor();
    let small = cells(&image, factor as usize, pause);
    drop(image);
    let variance = (sigma / factor).powi(2) - 1.0 / 12.0 - 1.0 / 6.0;
    let small = gaussian(&small, variance.max(0.0).sqrt(), pause);
    // All but the cells around the picture, which its edges are mixed with.
    let part = Part {
        x: 1.0,
        y: 1.0,
        width: f64::from(size.0) / factor,
        height: f64::from(size.1) / factor,
    };
    // The colours are multiplied already, so that alpha is a channel as any other.
    scaler.resize_channels(small, part, size, Filter::Soft, pause)
}

/// The means of squares of `side` pixels, whatever of them lies outside of the picture, and one
/// more on each of its sides. What lies outside looks like the edges.
fn cells(image: &Image, side: usize, pause: &dyn Pause) -> Image {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let channels = image.layout().channels();
    let count = |length: usize| length.div_ceil(side) + 2;
    let (columns, rows) = (count(width), count(height));
    let mut sums = vec![0_u32; columns * channels];
    let mut pixels = Vec::with_capacity(rows * sums.len());
    let area = (side * side) as u32;
    for row in 0..rows {
        sums.fill(0);
        for y in (row * side..).take(side) {
            pause.pause();
            let y = y.saturating_sub(side).min(height - 1);
            let line = &image.pixels()[y * image.stride()..][..image.stride()];
            for (column, sums) in sums.chunks_exact_mut(channels).enumerate() {
                for x in (column * side..).take(side) {
                    let from = x.saturating_sub(side).min(width - 1) * channels;
                    for (sum, value) in sums.iter_mut().zip(&line[from..from + channels]) {
                        *sum += u32::from(*value);
                    }
                }
            }
        }
        pixels.extend(sums.iter().map(|sum| ((sum + area / 2) / area) as u8));
    }
    Image::of(columns as u32, rows as u32, image.layout(), pixels)
}

/// Adds `amount` times the difference to a blurred copy (an unsharp mask of radius 1).
pub fn sharpen(image: Image, amount: f64, pause: &dyn Pause) -> Image {
    let mut image = image;
    alpha::premultiply(&mut image);
    let blurred = gaussian(&image, 1.0, pause);
    let has_alpha = image.layout().has_alpha();
    let channels = image.layout().channels();
    // In 1/256, so that the result is the same everywhere.
    let amount = (amount * 128.0).round() as i32;
    let pixels = image.pixels_mut().chunks_exact_mut(channels);
    for (pixel, soft) in pixels.zip(blurred.pixels().chunks_exact(channels)) {
        let most = match pixel.last() {
            Some(alpha) if has_alpha => *alpha,
            _ => 255,
        };
        let colours = channels - usize::from(has_alpha);
        for (value, soft) in pixel[..colours].iter_mut().zip(soft) {
            let (sharp, soft) = (i32::from(*value), i32::from(*soft));
            let more = ((sharp - soft) * amount + 128) >> 8;
            *value = (sharp + more).clamp(0, most.into()) as u8;
        }
    }
    alpha::unmultiply(&mut image);
    image
}

fn gaussian(image: &Image, sigma: f64, pause: &dyn Pause) -> Image {
    directional(image, sigma, sigma, pause)
}

fn directional(image: &Image, across: f64, down: f64, pause: &dyn Pause) -> Image {
    let rows = blurred_rows(image, &kernel(across), pause);
    blurred_columns(&rows, &kernel(down), pause)
}

/// The right half of a kernel, its middle first, in 1/65536 that add up to one.
fn kernel(sigma: f64) -> Vec<u32> {
    let radius = (sigma * 3.0).ceil() as usize;
    if sigma < 0.05 || radius == 0 {
        return vec![65536];
    }
    let weight = |distance: usize| (-((distance * distance) as f64) / (2.0 * sigma * sigma)).exp();
    let total = weight(0) + 2.0 * (1..=radius).map(weight).sum::<f64>();
    let mut kernel: Vec<u32> = (0..=radius)
        .map(|distance| (weight(distance) / total * 65536.0).round() as u32)
        .collect();
    let sides: u32 = kernel.iter().skip(1).map(|weight| weight * 2).sum();
    kernel[0] = 65536 - sides.min(65536);
    kernel
}

fn blurred_rows(image: &Image, kernel: &[u32], pause: &dyn Pause) -> Image {
    let channels = image.layout().channels();
    let stride = image.stride();
    let radius = kernel.len() - 1;
    let mut out = Vec::with_capacity(image.pixels().len());
    let mut line = Vec::with_capacity(stride + 2 * radius * channels);
    let mut sums = vec![0_u32; stride];
    for row in image.rows() {
        pause.pause();
        line.clear();
        (0..radius).for_each(|_| line.extend_from_slice(&row[..channels]));
        line.extend_from_slice(row);
        (0..radius).for_each(|_| line.extend_from_slice(&row[stride - channels..]));
        sums.fill(32768);
        for (distance, weight) in kernel.iter().enumerate() {
            let left = &line[(radius - distance) * channels..][..stride];
            let right = &line[(radius + distance) * channels..][..stride];
            add(&mut sums, left, right, *weight, distance);
        }
        out.extend(sums.iter().map(|sum| (sum >> 16) as u8));
    }
    Image::of(image.width(), image.height(), image.layout(), out)
}

fn blurred_columns(image: &Image, kernel: &[u32], pause: &dyn Pause) -> Image {
    let stride = image.stride();
    let last = image.height() as usize - 1;
    let row = |index: usize| &image.pixels()[index.min(last) * stride..][..stride];
    let mut out = Vec::with_capacity(image.pixels().len());
    let mut sums = vec![0_u32; stride];
    for y in 0..=last {
        pause.pause();
        sums.fill(32768);
        for (distance, weight) in kernel.iter().enumerate() {
            add(
                &mut sums,
                row(y.saturating_sub(distance)),
                row(y + distance),
                *weight,
                distance,
            );
        }
        out.extend(sums.iter().map(|sum| (sum >> 16) as u8));
    }
    Image::of(image.width(), image.height(), image.layout(), out)
}

/// Adds a pair of neighbours at one distance; at the distance 0 they are one.
fn add(sums: &mut [u32], one: &[u8], other: &[u8], weight: u32, distance: usize) {
    if distance == 0 {
        for (sum, value) in sums.iter_mut().zip(one) {
            *sum += u32::from(*value) * weight;
        }
    } else {
        for ((sum, one), other) in sums.iter_mut().zip(one).zip(other) {
            *sum += (u32::from(*one) + u32::from(*other)) * weight;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::pictures::photo;
    use crate::testing::psnr;
    use crate::{Layout, NoPause};

    /// The definition, in floating point.
    fn reference(image: &Image, sigma: f64) -> Image {
        let radius = (sigma * 4.0).ceil() as i64;
        let weight = |d: i64| (-((d * d) as f64) / (2.0 * sigma * sigma)).exp();
        let total: f64 = (-radius..=radius).map(weight).sum();
        let channels = image.layout().channels();
        let (width, height) = (i64::from(image.width()), i64::from(image.height()));
        let pass = |values: &[f64], dx: i64, dy: i64| -> Vec<f64> {
            let at = |x: i64, y: i64, c: usize| {
                let (x, y) = (x.clamp(0, width - 1), y.clamp(0, height - 1));
                values[(y * width + x) as usize * channels + c]
            };
            let mut out = Vec::with_capacity(values.len());
            for (y, x) in (0..height).flat_map(|y| (0..width).map(move |x| (y, x))) {
                for c in 0..channels {
                    let sum = |d: i64| weight(d) * at(x + d * dx, y + d * dy, c);
                    out.push((-radius..=radius).map(sum).sum::<f64>() / total);
                }
            }
            out
        };
        let values: Vec<f64> = image
            .pixels()
            .iter()
            .map(|value| f64::from(*value))
            .collect();
        let blurred = pass(&pass(&values, 1, 0), 0, 1);
        let pixels = blurred.iter().map(|value| value.round() as u8).collect();
        Image::of(image.width(), image.height(), image.layout(), pixels)
    }

    #[test]
    fn a_blur_is_a_gaussian_of_its_sigma() {
        for (sigma, least) in [
            (0.3, 45.0),
            (1.0, 48.0),
            (5.0, 48.0),
            (12.0, 46.0),
            (40.0, 44.0),
        ] {
            let image = photo(160, 120, Layout::Rgb);
            let blurred = blur(image.clone(), sigma, &mut Scaler::default(), &NoPause);
            let quality = psnr(&blurred.expect("a picture"), &reference(&image, sigma));
            assert!(quality > least, "sigma {sigma}: {quality:.1} dB");
        }
    }

    #[test]
    fn a_blur_does_not_mix_in_what_is_transparent() {
        let mut pixels = Vec::new();
        for x in 0..20 {
            pixels.extend(if x < 10 {
                [255, 255, 255, 255]
            } else {
                [0, 0, 0, 0]
            });
        }
        for sigma in [2.0, 9.0] {
            let image = Image::of(20, 1, Layout::Rgba, pixels.clone());
            let blurred = blur(image, sigma, &mut Scaler::default(), &NoPause).expect("a picture");
            for pixel in blurred
                .pixels()
                .chunks_exact(4)
                .filter(|pixel| pixel[3] > 8)
            {
                assert!(pixel[0] > 245, "white stays white: {pixel:?}");
            }
        }
    }

    #[test]
    fn sharpening_raises_edges_and_leaves_areas_alone() {
        let pixels = [50, 50, 50, 50, 50, 50, 200, 200, 200, 200, 200, 200].repeat(12);
        let image = Image::of(12, 12, Layout::Grey, pixels);
        let sharp = sharpen(image.clone(), 1.0, &NoPause);
        let row = &sharp.pixels()[6 * 12..7 * 12];
        assert!(row[5] < 45 && row[6] > 205, "{row:?}");
        assert_eq!((row[0], row[11]), (50, 200));
        assert_eq!(sharpen(image.clone(), 0.0, &NoPause), image);
    }
}
