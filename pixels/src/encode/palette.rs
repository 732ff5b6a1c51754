//! Pictures of few colours.

use std::collections::HashMap;

use crate::{Error, Image, Layout, Pause};

/// A picture whose pixels are numbers of colours.
pub struct Indexed {
    /// Red, green, blue and alpha; at most 256.
    pub colours: Vec<[u8; 4]>,
    /// One number for each pixel.
    pub indices: Vec<u8>,
}

/// The picture, of [`Layout::Rgba`], without any loss; none if it has more than `most` colours.
/// Those that are transparent come first. What is transparent altogether is one colour.
pub fn exact(image: &Image, most: usize) -> Option<Indexed> {
    debug_assert_eq!(image.layout(), Layout::Rgba);
    let mut numbers = HashMap::new();
    let mut colours = Vec::new();
    let mut indices = Vec::with_capacity(image.pixels().len() / 4);
    let mut last = None;
    for pixel in image.pixels().chunks_exact(4) {
        let colour = visible(pixel);
        let index = match last {
            Some((known, index)) if known == colour => index,
            _ => {
                let next = colours.len();
                let index = *numbers.entry(colour).or_insert(next);
                if index == next {
                    if next == most.min(256) {
                        return None;
                    }
                    colours.push(colour);
                }
                index as u8
            }
        };
        last = Some((colour, index));
        indices.push(index);
    }
    let mut order: Vec<usize> = (0..colours.len()).collect();
    order.sort_by_key(|index| colours[*index][3]);
    let mut places = [0; 256];
    for (place, index) in order.iter().enumerate() {
        places[*index] = place as u8;
    }
    indices
        .iter_mut()
        .for_each(|index| *index = places[usize::from(*index)]);
    Some(Indexed {
        colours: order.into_iter().map(|index| colours[index]).collect(),
        indices,
    })
}

/// The picture, of [`Layout::Rgba`], with at most `most` colours of 2 to 256. `dithering` is
/// from 0, none, to 1.
///
/// # Errors
/// [`Error::Internal`] if the quantizer fails.
pub fn quantized(
    image: &Image,
    most: usize,
    dithering: f32,
    pause: &dyn Pause,
) -> Result<Indexed, Error> {
    debug_assert_eq!(image.layout(), Layout::Rgba);
    let width = image.width() as usize;
    let quantizer = Quantizer::new(image.pixels(), width, most, dithering, pause)?;
    let indices = quantizer.indices(image.pixels(), width, pause)?;
    Ok(Indexed {
        colours: quantizer.colours(),
        indices,
    })
}

/// Colours that stand for many.
pub struct Quantizer(quantizr::QuantizeResult);

/// About how many pixels are counted or replaced at once.
const BAND: usize = 16_384;

impl Quantizer {
    /// Chooses at most `most` colours (2 to 256) for these pixels of four bytes, in rows of
    /// `width`.
    ///
    /// # Errors
    /// [`Error::Internal`] if the quantizer fails.
    pub fn new(
        pixels: &[u8],
        width: usize,
        most: usize,
        dithering: f32,
        pause: &dyn Pause,
    ) -> Result<Quantizer, Error> {
        let mut options = quantizr::Options::default();
        let most = i32::try_from(most.clamp(2, 256)).unwrap_or(256);
        options.set_max_colors(most).map_err(failed)?;
        let mut histogram = quantizr::Histogram::new();
        for band in bands(pixels, width) {
            pause.pause();
            histogram.add_image(&band?);
        }
        pause.pause();
        let mut result = quantizr::QuantizeResult::quantize_histogram(&histogram, &options);
        result.set_dithering_level(dithering).map_err(failed)?;
        Ok(Quantizer(result))
    }

    /// The colours.
    pub fn colours(&self) -> Vec<[u8; 4]> {
        let palette = self.0.get_palette();
        let count = palette.count as usize;
        let entries = palette.entries.iter().take(count);
        entries
            .map(|entry| [entry.r, entry.g, entry.b, entry.a])
            .collect()
    }

    /// The numbers of the colours that are nearest to these pixels, in rows of `width`.
    ///
    /// # Errors
    /// [`Error::Internal`] if the quantizer fails.
    pub fn indices(
        &self,
        pixels: &[u8],
        width: usize,
        pause: &dyn Pause,
    ) -> Result<Vec<u8>, Error> {
        let mut indices = vec![0; pixels.len() / 4];
        let rows = rows_of(width) * width;
        for (band, indices) in bands(pixels, width).zip(indices.chunks_mut(rows)) {
            pause.pause();
            self.0.remap_image(&band?, indices).map_err(failed)?;
        }
        Ok(indices)
    }
}

/// How many rows of this width are a band.
fn rows_of(width: usize) -> usize {
    (BAND / width.max(1)).max(1)
}

fn bands(pixels: &[u8], width: usize) -> impl Iterator<Item = Result<quantizr::Image<'_>, Error>> {
    let width = width.max(1);
    let bands = pixels.chunks(rows_of(width) * width * 4);
    bands.map(move |band| {
        let rows = band.len() / (width * 4);
        quantizr::Image::new(band, width, rows).map_err(failed)
    })
}

fn failed(_: quantizr::Error) -> Error {
    Error::internal("its colours could not be reduced")
}

/// What is transparent altogether has one colour.
fn visible(pixel: &[u8]) -> [u8; 4] {
    match pixel {
        [red, green, blue, alpha] if *alpha > 0 => [*red, *green, *blue, *alpha],
        _ => [0; 4],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoPause;
    use crate::ops::alpha::to_rgba;
    use crate::testing::pictures::{graphic, photo};
    use crate::testing::psnr;

    fn shown(indexed: &Indexed, like: &Image) -> Image {
        let colours = indexed
            .indices
            .iter()
            .flat_map(|i| indexed.colours[usize::from(*i)]);
        Image::of(like.width(), like.height(), Layout::Rgba, colours.collect())
    }

    #[test]
    fn few_colours_are_kept_exactly() {
        let image = to_rgba(graphic(90, 70, Layout::Rgb));
        let indexed = exact(&image, 256).expect("few colours");
        assert_eq!(shown(&indexed, &image), image);
        let count = indexed.colours.len();
        assert!(exact(&image, count).is_some() && exact(&image, count - 1).is_none());
        assert!(exact(&to_rgba(photo(90, 70, Layout::Rgb)), 256).is_none());
    }

    #[test]
    fn transparent_colours_come_first_and_are_one() {
        let pixels = vec![9, 9, 9, 255, 1, 2, 3, 0, 7, 7, 7, 128, 4, 5, 6, 0];
        let indexed = exact(&Image::of(4, 1, Layout::Rgba, pixels), 256).expect("few colours");
        assert_eq!(indexed.colours, [[0; 4], [7, 7, 7, 128], [9, 9, 9, 255]]);
        assert_eq!(indexed.indices, [2, 0, 1, 0]);
    }

    #[test]
    fn many_colours_become_near_ones() {
        let image = to_rgba(photo(120, 90, Layout::Rgb));
        let mut last = 100.0;
        for (colours, least) in [(256, 34.0), (64, 29.0), (8, 20.0)] {
            let indexed = quantized(&image, colours, 0.0, &NoPause).expect("a palette");
            let quality = psnr(&shown(&indexed, &image), &image);
            assert!(indexed.colours.len() <= colours);
            assert!(
                quality > least && quality < last,
                "{colours} colours: {quality:.1} dB"
            );
            last = quality;
        }
    }
}
