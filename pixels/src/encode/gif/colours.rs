//! The colours of a GIF: those of the file, and of frames that they do not fit.

use std::borrow::Cow;

use super::CHANNELS;
use crate::encode::changes::Area;
use crate::encode::palette::Quantizer;
use crate::{Error, Pause};

/// Chooses colours, and counts pixels in them.
pub(super) struct Colours {
    most: usize,
    is_still: bool,
    /// How far pixels may be from the colours of the file, as a mean of squares.
    tolerance: f64,
    shared: Option<Choice>,
}

/// A frame in numbers.
pub(super) struct Painted {
    pub(super) indices: Vec<u8>,
    /// The number that paints nothing.
    pub(super) transparent: Option<u8>,
    /// Red, green and blue of the frame's own colours.
    pub(super) palette: Option<Vec<u8>>,
}

/// The width of pixels that are no picture, one below the other.
const COLUMN: usize = 1;

/// Colours that stand for those of a picture.
struct Choice {
    quantizer: Quantizer,
    colours: Vec<[u8; CHANNELS]>,
}

impl Colours {
    /// For a still.
    pub(super) fn still(most: usize) -> Self {
        Colours {
            most,
            is_still: true,
            tolerance: 0.0,
            shared: None,
        }
    }

    /// For an animation.
    pub(super) fn animation(most: usize, thrift: u8) -> Self {
        Colours {
            most,
            is_still: false,
            tolerance: 8.0 * f64::from(1_u32 << (2 * thrift).min(6)),
            shared: None,
        }
    }

    /// Whether they are for a still.
    pub(super) fn is_still(&self) -> bool {
        self.is_still
    }

    /// The colours of the file, once something is painted.
    pub(super) fn shared(&self) -> Vec<u8> {
        self.shared
            .as_ref()
            .map(Choice::palette)
            .unwrap_or_default()
    }

    /// The pixels of an area in numbers. What is transparent is not painted.
    pub(super) fn paint(
        &mut self,
        pixels: &[u8],
        area: Area,
        pause: &dyn Pause,
    ) -> Result<Painted, Error> {
        let is_painted = |pixel: &&[u8]| pixel[3] > 0;
        let has_holes = !pixels
            .chunks_exact(CHANNELS)
            .all(|pixel| is_painted(&pixel));
        let painted: Cow<'_, [u8]> = if has_holes {
            let painted = pixels.chunks_exact(CHANNELS).filter(is_painted);
            painted.flatten().copied().collect()
        } else {
            Cow::Borrowed(pixels)
        };
        if let Some(shared) = &self.shared {
            let has_room = !has_holes || shared.transparent().is_some();
            if has_room {
                let indices = shared.indices(&painted, pause)?;
                if shared.error(&painted, &indices) <= self.tolerance {
                    return Ok(shared.painted(pixels, indices, None));
                }
            }
        }
        // One number is left for what is not painted, also in frames that follow.
        let most = if has_holes || !self.is_still {
            self.most.clamp(3, 256) - 1
        } else {
            self.most
        };
        let dithering = if self.is_still && !has_holes {
            1.0
        } else {
            0.0
        };
        let choice = Choice::of(&painted, most, dithering, pause)?;
        let indices = if has_holes {
            choice.indices(&painted, pause)?
        } else {
            let width = area.width as usize;
            choice.quantizer.indices(pixels, width, pause)?
        };
        if self.shared.is_some() {
            let palette = Some(choice.palette());
            return Ok(choice.painted(pixels, indices, palette));
        }
        let painted = choice.painted(pixels, indices, None);
        self.shared = Some(choice);
        Ok(painted)
    }
}

impl Choice {
    fn of(pixels: &[u8], most: usize, dithering: f32, pause: &dyn Pause) -> Result<Choice, Error> {
        let nothing = [0, 0, 0, 255];
        let pixels = if pixels.is_empty() { &nothing } else { pixels };
        let quantizer = Quantizer::new(pixels, COLUMN, most, dithering, pause)?;
        let colours = quantizer.colours();
        Ok(Choice { quantizer, colours })
    }

    fn indices(&self, pixels: &[u8], pause: &dyn Pause) -> Result<Vec<u8>, Error> {
        self.quantizer.indices(pixels, COLUMN, pause)
    }

    /// The mean of the squares of differences.
    fn error(&self, pixels: &[u8], indices: &[u8]) -> f64 {
        let squares = pixels
            .chunks_exact(CHANNELS)
            .zip(indices)
            .map(|(pixel, index)| {
                let colour = &self.colours[usize::from(*index)];
                let square = |(one, other): (&u8, &u8)| u64::from(one.abs_diff(*other)).pow(2);
                pixel.iter().zip(colour).map(square).sum::<u64>()
            });
        squares.sum::<u64>() as f64 / (indices.len().max(1) * 3) as f64
    }

    /// The number after those of the colours, if there is one.
    fn transparent(&self) -> Option<u8> {
        u8::try_from(self.colours.len()).ok()
    }

    fn palette(&self) -> Vec<u8> {
        let colours = self
            .colours
            .iter()
            .map(|colour| [colour[0], colour[1], colour[2]]);
        let transparent = self.transparent().map(|_| [0; 3]);
        colours.chain(transparent).flatten().collect()
    }

    /// Puts the numbers of what is painted into their places.
    fn painted(&self, pixels: &[u8], indices: Vec<u8>, palette: Option<Vec<u8>>) -> Painted {
        let transparent = self.transparent();
        let is_whole = pixels.len() == indices.len() * CHANNELS;
        let mut next = indices.iter();
        let mut number = |pixel: &[u8]| match transparent {
            Some(transparent) if pixel[3] == 0 => transparent,
            _ => next.next().copied().unwrap_or(0),
        };
        Painted {
            indices: if is_whole {
                indices
            } else {
                pixels.chunks_exact(CHANNELS).map(&mut number).collect()
            },
            transparent,
            palette,
        }
    }
}
