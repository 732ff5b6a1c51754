//! The canvas of an animation, on which its frames are composed.

use crate::{Error, Image, Layout, Limits};

use super::budget;

/// A part of the canvas, which may extend beyond it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Rect {
    pub(super) left: u32,
    pub(super) top: u32,
    pub(super) width: u32,
    pub(super) height: u32,
}

/// What becomes of a frame when its time is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Disposal {
    /// It stays.
    #[default]
    Keep,
    /// Its part of the canvas becomes transparent.
    Clear,
    /// Its part of the canvas becomes what it was before.
    Restore,
}

/// Red, green, blue and alpha of a whole animation, at first transparent.
pub(super) struct Canvas {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
    /// What the frame on the canvas leaves behind, and the canvas before it if that is restored.
    pending: Option<(Rect, Disposal)>,
    saved: Vec<u8>,
}

const CHANNELS: usize = 4;

impl Canvas {
    pub(super) fn new(width: u32, height: u32, limits: &Limits) -> Result<Self, Error> {
        let length = u64::from(width) * u64::from(height) * CHANNELS as u64;
        // The canvas, the picture of it, and a copy of it.
        budget::check_memory(length.saturating_mul(3), limits)?;
        let pixels = budget::zeros(length as usize, limits)?;
        Ok(Self {
            width,
            height,
            pixels,
            pending: None,
            saved: Vec::new(),
        })
    }

    /// Disposes of the frame before, and prepares for one in `rect`.
    pub(super) fn begin(&mut self, rect: Rect, disposal: Disposal) {
        match self.pending.take() {
            Some((before, Disposal::Clear)) => {
                for y in 0..before.height {
                    if let Some(row) = self.row(before, y) {
                        row.fill(0);
                    }
                }
            }
            Some((_, Disposal::Restore)) => self.pixels.copy_from_slice(&self.saved),
            Some((_, Disposal::Keep)) | None => {}
        }
        if disposal == Disposal::Restore {
            self.saved.clear();
            self.saved.extend_from_slice(&self.pixels);
        }
        self.pending = Some((rect, disposal));
    }

    /// The pixels of row `y` of `rect` that are on the canvas.
    pub(super) fn row(&mut self, rect: Rect, y: u32) -> Option<&mut [u8]> {
        let y = rect.top.checked_add(y).filter(|y| *y < self.height)?;
        let width = rect.width.min(self.width.checked_sub(rect.left)?) as usize;
        let start = (y as usize * self.width as usize + rect.left as usize) * CHANNELS;
        self.pixels.get_mut(start..start + width * CHANNELS)
    }

    /// The canvas as it is now.
    pub(super) fn picture(&self, has_alpha: bool) -> Result<Image, Error> {
        let (layout, pixels) = if has_alpha {
            (Layout::Rgba, self.pixels.clone())
        } else {
            let pixels = self.pixels.as_chunks::<CHANNELS>().0.iter();
            (
                Layout::Rgb,
                pixels
                    .flat_map(|[red, green, blue, _]| [*red, *green, *blue])
                    .collect(),
            )
        };
        Ok(Image::new(self.width, self.height, layout, pixels)?)
    }
}

/// Draws a pixel over another (Porter and Duff's "over", of straight alpha).
pub(super) fn over(below: &mut [u8; CHANNELS], above: [u8; CHANNELS]) {
    let alpha = u32::from(above[3]);
    match alpha {
        0 => {}
        255 => *below = above,
        _ => {
            // All in units of 1 / 255².
            let weight = alpha * 255;
            let rest = u32::from(below[3]) * (255 - alpha);
            let sum = weight + rest;
            for (below, above) in below.iter_mut().zip(above).take(3) {
                let mixed = u32::from(above) * weight + u32::from(*below) * rest;
                *below = ((mixed + sum / 2) / sum) as u8;
            }
            below[3] = ((sum + 127) / 255) as u8;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn over_mixes_by_alpha() {
        let check = |below: [u8; 4], above: [u8; 4], expect: [u8; 4]| {
            let mut mixed = below;
            over(&mut mixed, above);
            assert_eq!(mixed, expect);
        };
        check([10, 20, 30, 255], [200, 100, 0, 0], [10, 20, 30, 255]);
        check([10, 20, 30, 255], [200, 100, 0, 255], [200, 100, 0, 255]);
        check([0, 0, 0, 255], [255, 255, 255, 128], [128, 128, 128, 255]);
        check([9, 9, 9, 0], [200, 100, 0, 77], [200, 100, 0, 77]);
    }
}
