//! GIF: each frame paints the pixels that changed, and leaves the rest as they are.
//!
//! Three things keep animations small. What looks as it did is not painted again. A frame has
//! colours of its own only if those of the file do not fit it. And frames are not dithered:
//! noise that moves costs more than the picture.

mod colours;

use std::borrow::Cow;

use gif::{DisposalMethod, Repeat};

use self::colours::Colours;
use super::changes::Area;
use super::{Settings, empty};
use crate::ops::alpha;
use crate::{Error, Image, Pause};

const CHANNELS: usize = 4;

/// Takes frames, and makes a file of them.
pub struct Encoder<'a> {
    colours: Colours,
    tolerance: u8,
    is_still: bool,
    repeat: Option<Repeat>,
    pause: &'a dyn Pause,
    writer: Option<gif::Encoder<Vec<u8>>>,
    canvas: Canvas,
    /// The frame that came last. How it is left depends on the next one.
    pending: Option<Pending>,
    /// Milliseconds that were lost, because GIF counts in tens of them.
    lost: u32,
}

/// What is shown, in the colours of the frames.
#[derive(Default)]
struct Canvas {
    width: u32,
    height: u32,
    pixels: Vec<u8>,
}

struct Pending {
    area: Area,
    /// A canvas of what is painted; the rest of it is transparent.
    paint: Vec<u8>,
    delay: u16,
}

impl<'a> Encoder<'a> {
    pub(crate) fn still(settings: &Settings<'a>) -> Self {
        Encoder::new(settings, None, Colours::still(settings.colours()))
    }

    pub(crate) fn animation(settings: &Settings<'a>) -> Self {
        // The number counts repetitions; a file without it is played once.
        let repeat = match settings.loop_count {
            0 => Some(Repeat::Infinite),
            1 => None,
            count => Some(Repeat::Finite(u16::try_from(count - 1).unwrap_or(u16::MAX))),
        };
        Encoder::new(
            settings,
            repeat,
            Colours::animation(settings.colours(), settings.thrift),
        )
    }

    fn new(settings: &Settings<'a>, repeat: Option<Repeat>, colours: Colours) -> Self {
        Encoder {
            is_still: colours.is_still(),
            colours,
            tolerance: 2 + settings.thrift * 3,
            repeat,
            pause: settings.pause,
            writer: None,
            canvas: Canvas::default(),
            pending: None,
            lost: 0,
        }
    }

    pub(crate) fn push(&mut self, image: Image, delay: u32) -> Result<(), Error> {
        self.pause.pause();
        let image = with_hard_edges(alpha::to_rgba(image));
        let is_first = self.pending.is_none() && self.writer.is_none();
        if is_first {
            self.canvas = Canvas {
                width: image.width(),
                height: image.height(),
                pixels: Vec::new(),
            };
            if self.is_still {
                // Nothing follows that would have to be compared with it.
                self.pending = Some(Pending {
                    area: self.canvas.whole(),
                    paint: image.into_pixels(),
                    delay: 0,
                });
                return Ok(());
            }
            self.canvas.pixels = vec![0; image.pixels().len()];
        }
        if let Some(pending) = self.pending.take() {
            self.leave(pending, &image)?;
        }
        let paint = self.canvas.paint(&image, self.tolerance);
        // The first frame is as large as the file, even if little is painted.
        let area = if is_first {
            Some(self.canvas.whole())
        } else {
            Area::of(image.width(), image.height(), |index| {
                paint[index * CHANNELS + 3] > 0
            })
        };
        self.canvas.show(&paint);
        self.pending = Some(Pending {
            area: area.unwrap_or(Area::CORNER),
            paint,
            delay: self.delay(delay),
        });
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<Vec<u8>, Error> {
        let pending = self.pending.take().ok_or_else(empty)?;
        self.write(&pending, DisposalMethod::Keep)?;
        let writer = self.writer.ok_or_else(empty)?;
        writer.into_inner().map_err(failed)
    }

    /// Writes the frame that came last so that the next one can follow it: only a disposal makes
    /// pixels transparent again.
    fn leave(&mut self, mut pending: Pending, next: &Image) -> Result<(), Error> {
        let Some(cleared) = self.canvas.cleared(next) else {
            return self.write(&pending, DisposalMethod::Keep);
        };
        pending.area = pending.area.union(cleared);
        self.write(&pending, DisposalMethod::Background)?;
        self.canvas.clear(pending.area);
        Ok(())
    }

    fn write(&mut self, pending: &Pending, dispose: DisposalMethod) -> Result<(), Error> {
        self.pause.pause();
        let area = pending.area;
        let pixels = if area == self.canvas.whole() {
            Cow::Borrowed(&pending.paint)
        } else {
            Cow::Owned(area.cut(&pending.paint, self.canvas.width, CHANNELS))
        };
        let painted = self.colours.paint(&pixels, area, self.pause)?;
        drop(pixels);
        self.pause.pause();
        let frame = gif::Frame {
            delay: pending.delay,
            dispose,
            transparent: painted.transparent,
            left: short(area.x),
            top: short(area.y),
            width: short(area.width),
            height: short(area.height),
            palette: painted.palette,
            buffer: painted.indices.into(),
            ..gif::Frame::default()
        };
        if self.writer.is_none() {
            let (width, height) = (short(self.canvas.width), short(self.canvas.height));
            let palette = self.colours.shared();
            let mut writer =
                gif::Encoder::new(Vec::new(), width, height, &palette).map_err(failed)?;
            if let Some(repeat) = self.repeat {
                writer.set_repeat(repeat).map_err(failed)?;
            }
            self.writer = Some(writer);
        }
        let writer = self.writer.as_mut().ok_or_else(empty)?;
        writer.write_frame(&frame).map_err(failed)
    }

    /// Hundredths of a second. What is rounded off is made up for in the next frame.
    fn delay(&mut self, milliseconds: u32) -> u16 {
        let due = milliseconds.saturating_add(self.lost);
        let hundredths = due / 10;
        self.lost = due % 10;
        u16::try_from(hundredths).unwrap_or(u16::MAX)
    }
}

impl Canvas {
    fn whole(&self) -> Area {
        Area {
            width: self.width,
            height: self.height,
            ..Area::CORNER
        }
    }

    /// What of the picture has to be painted.
    fn paint(&self, image: &Image, tolerance: u8) -> Vec<u8> {
        let mut paint = image.pixels().to_vec();
        let shown = self.pixels.chunks_exact(CHANNELS);
        for (pixel, shown) in paint.chunks_exact_mut(CHANNELS).zip(shown) {
            let near = |(one, other): (&u8, &u8)| one.abs_diff(*other) <= tolerance;
            if pixel[3] == shown[3] && pixel[..3].iter().zip(shown).all(near) {
                pixel.fill(0);
            }
        }
        paint
    }

    fn show(&mut self, paint: &[u8]) {
        let painted = paint.chunks_exact(CHANNELS);
        for (shown, pixel) in self.pixels.chunks_exact_mut(CHANNELS).zip(painted) {
            if pixel[3] > 0 {
                shown.copy_from_slice(pixel);
            }
        }
    }

    /// What is shown, and is transparent in the next picture.
    fn cleared(&self, next: &Image) -> Option<Area> {
        Area::of(self.width, self.height, |index| {
            let at = index * CHANNELS + 3;
            self.pixels[at] > 0 && next.pixels()[at] == 0
        })
    }

    fn clear(&mut self, area: Area) {
        for index in area.pixels(self.width) {
            self.pixels[index * CHANNELS..][..CHANNELS].fill(0);
        }
    }
}

/// A pixel of a GIF is transparent or not.
fn with_hard_edges(mut image: Image) -> Image {
    for pixel in image.pixels_mut().chunks_exact_mut(CHANNELS) {
        if pixel[3] < 128 {
            pixel.fill(0);
        } else {
            pixel[3] = 255;
        }
    }
    image
}

fn short(number: u32) -> u16 {
    u16::try_from(number).unwrap_or(u16::MAX)
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::internal(error.to_string())
}

#[cfg(test)]
mod tests;
