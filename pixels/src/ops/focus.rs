//! What of a picture matters most: edges, saturated colours, and the tones of skin.
//!
//! Each pixel of a small copy has a score, and the window that has the highest sum is taken.
//! What lies in the middle of a window counts more than what lies at its edge, so that a
//! subject is not cut in two. Nobody is recognized.

use crate::ops::resize::{Filter, Part, Scaler};
use crate::{Error, Image, Layout, Pause};

/// The longer side of the copy.
const COPY: u32 = 128;

/// The weights of what is looked for.
const EDGE: f64 = 1.0;
const SATURATION: f64 = 0.4;
const SKIN: f64 = 1.8;

/// The middle of the best window of a picture in sRGB, in fractions of its sides. `window` is
/// the size of the window in such fractions.
///
/// # Errors
/// As [`Scaler::resize`].
pub fn focus(
    image: &Image,
    window: (f64, f64),
    scaler: &mut Scaler,
    pause: &dyn Pause,
) -> Result<(f64, f64), Error> {
    let longer = f64::from(image.width().max(image.height()));
    let factor = (f64::from(COPY) / longer).min(1.0);
    let side = |side: u32| ((f64::from(side) * factor).round() as u32).max(1);
    let whole = Part {
        x: 0.0,
        y: 0.0,
        width: image.width().into(),
        height: image.height().into(),
    };
    let size = (side(image.width()), side(image.height()));
    let copy = scaler.resize(image.clone(), whole, size, Filter::Mean, pause)?;
    pause.pause();
    let scores = scores(&colours(&copy), size);
    let columns = sums(&scores, size.0 as usize);
    let rows: Vec<f64> = scores
        .chunks_exact(size.0 as usize)
        .map(|row| row.iter().sum())
        .collect();
    Ok((best(&columns, window.0), best(&rows, window.1)))
}

/// Red, green and blue, and how opaque they are, from 0 to 1.
fn colours(image: &Image) -> Vec<[f64; 4]> {
    let channels = image.layout().channels();
    let part = |value: u8| f64::from(value) / 255.0;
    let colour = |pixel: &[u8]| match image.layout() {
        Layout::Grey | Layout::Cmyk => [part(pixel[0]), part(pixel[0]), part(pixel[0]), 1.0],
        Layout::GreyAlpha => [
            part(pixel[0]),
            part(pixel[0]),
            part(pixel[0]),
            part(pixel[1]),
        ],
        Layout::Rgb => [part(pixel[0]), part(pixel[1]), part(pixel[2]), 1.0],
        Layout::Rgba => [
            part(pixel[0]),
            part(pixel[1]),
            part(pixel[2]),
            part(pixel[3]),
        ],
    };
    image.pixels().chunks_exact(channels).map(colour).collect()
}

fn scores(colours: &[[f64; 4]], (width, height): (u32, u32)) -> Vec<f64> {
    let (width, height) = (width as usize, height as usize);
    let lightness = |[red, green, blue, alpha]: [f64; 4]| {
        (0.2126 * red + 0.7152 * green + 0.0722 * blue) * alpha
    };
    let lights: Vec<f64> = colours.iter().map(|colour| lightness(*colour)).collect();
    let at = |x: usize, y: usize| lights[y.min(height - 1) * width + x.min(width - 1)];
    let score = |index: usize| {
        let (x, y) = (index % width, index / width);
        let around = at(x.saturating_sub(1), y) + at(x + 1, y);
        let around = around + at(x, y.saturating_sub(1)) + at(x, y + 1);
        let edge = (around / 4.0 - at(x, y)).abs() * 2.0;
        let colour = colours[index];
        EDGE * edge.min(1.0) + colour[3] * (SATURATION * saturation(colour) + SKIN * skin(colour))
    };
    (0..colours.len()).map(score).collect()
}

/// How vivid a colour is; what is nearly black or white is not.
fn saturation([red, green, blue, _]: [f64; 4]) -> f64 {
    let most = red.max(green).max(blue);
    let least = red.min(green).min(blue);
    let lightness = (most + least) / 2.0;
    if !(0.1..=0.9).contains(&lightness) {
        return 0.0;
    }
    let saturation = (most - least) / (1.0 - (2.0 * lightness - 1.0).abs());
    ((saturation - 0.4) / 0.6).max(0.0)
}

/// How near the direction of a colour is to that of skin, of any lightness but the darkest.
fn skin([red, green, blue, _]: [f64; 4]) -> f64 {
    let length = (red * red + green * green + blue * blue).sqrt();
    if length < 0.2 {
        return 0.0;
    }
    let typical = [0.78, 0.57, 0.44];
    let norm = (typical.iter().map(|part| part * part).sum::<f64>()).sqrt();
    let distance = [red, green, blue]
        .into_iter()
        .zip(typical)
        .map(|(part, typical)| (part / length - typical / norm).powi(2))
        .sum::<f64>()
        .sqrt();
    (1.0 - distance / 0.2).max(0.0)
}

fn sums(scores: &[f64], width: usize) -> Vec<f64> {
    let mut sums = vec![0.0; width];
    for row in scores.chunks_exact(width) {
        for (sum, score) in sums.iter_mut().zip(row) {
            *sum += score;
        }
    }
    sums
}

/// The middle of the window, a fraction of the line, with the highest weighted sum. Of several
/// that are nearly as good, the one nearest to the middle of the line.
fn best(line: &[f64], window: f64) -> f64 {
    let count = line.len() as f64;
    let length = (window * count).clamp(1.0, count);
    let slack = count - length;
    let total: f64 = line.iter().sum();
    if slack < 0.5 || total <= 0.0 {
        return 0.5;
    }
    let weighted = |start: f64| {
        let weight = |index: usize| {
            // From -1 at the window's start to 1 at its end.
            let place = ((index as f64 + 0.5 - start) / length) * 2.0 - 1.0;
            if place.abs() >= 1.0 {
                0.0
            } else {
                1.0 - 0.6 * place * place
            }
        };
        let sum: f64 = line
            .iter()
            .enumerate()
            .map(|(index, score)| score * weight(index))
            .sum();
        let off = (start - slack / 2.0).abs() / count;
        sum / total * (1.0 - 0.1 * off)
    };
    let steps = slack.ceil() as u32 * 2;
    let starts = (0..=steps).map(|step| slack * f64::from(step) / f64::from(steps));
    let best = starts.map(|start| (weighted(start), start));
    let best = best.fold(
        (f64::MIN, 0.0),
        |best, next| if next.0 > best.0 { next } else { best },
    );
    (best.1 + length / 2.0) / count
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoPause;
    use crate::testing::pictures::flat;

    /// A dull picture with a disc of another colour.
    fn with_disc(at: (u32, u32), colour: [u8; 3]) -> Image {
        let mut image = flat(200, 120, Layout::Rgb, &[96, 100, 104]);
        let pixels = image.pixels_mut().chunks_exact_mut(3).enumerate();
        for (index, pixel) in pixels {
            let (x, y) = (index as u32 % 200, index as u32 / 200);
            if x.abs_diff(at.0).pow(2) + y.abs_diff(at.1).pow(2) < 400 {
                pixel.copy_from_slice(&colour);
            }
        }
        image
    }

    fn found(image: &Image, window: (f64, f64)) -> (f64, f64) {
        focus(image, window, &mut Scaler::default(), &NoPause).expect("a focus")
    }

    #[test]
    fn a_subject_is_in_the_window() {
        for x in [30, 60, 100, 150, 170] {
            for colour in [
                [198, 145, 112],
                [110, 75, 55],
                [220, 30, 30],
                [250, 250, 250],
            ] {
                let (left, top) = found(&with_disc((x, 60), colour), (0.4, 1.0));
                assert_eq!(top, 0.5, "there is nothing to choose");
                let inside = (left - f64::from(x) / 200.0).abs() < 0.2 - 0.05;
                assert!(inside, "{colour:?} at {x}: {left}");
            }
        }
        let tall = found(&with_disc((100, 25), [198, 145, 112]), (1.0, 0.5));
        assert!(tall.1 < 0.4, "{tall:?}");
    }

    #[test]
    fn without_a_subject_the_middle_is_taken() {
        let nothing = flat(100, 50, Layout::Rgb, &[128; 3]);
        assert_eq!(found(&nothing, (0.5, 1.0)), (0.5, 0.5));
        let grey = flat(3, 1, Layout::Grey, &[0]);
        assert_eq!(found(&grey, (0.4, 1.0)), (0.5, 0.5));
    }

    #[test]
    fn skin_matters_more_than_a_vivid_background() {
        let mut image = with_disc((150, 60), [198, 145, 112]);
        for (index, pixel) in image.pixels_mut().chunks_exact_mut(3).enumerate() {
            if index % 200 < 40 {
                pixel.copy_from_slice(&[30, 90, 160]);
            }
        }
        let (left, _) = found(&image, (0.3, 1.0));
        assert!((left - 0.75).abs() < 0.15, "{left}");
    }
}
