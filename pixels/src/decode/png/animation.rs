//! The frames of an APNG (PNG 3 §11.3.6), composed.

use super::{Reader, rows};
use crate::decode::canvas::{Canvas, Disposal, Rect, over};
use crate::{Error, Image, Layout, Limits, Pause};

pub(super) struct Animation {
    canvas: Canvas,
    layout: Layout,
}

impl Animation {
    pub(super) fn new(size: (u32, u32), layout: Layout, limits: &Limits) -> Result<Self, Error> {
        let canvas = Canvas::new(size.0, size.1, limits)?;
        Ok(Self { canvas, layout })
    }

    /// Draws the next frame, the `number`th from 0, and returns its delay in milliseconds.
    /// Animations end before their first damaged frame, as in browsers.
    pub(super) fn next(
        &mut self,
        reader: &mut Reader<'_>,
        number: u32,
        pause: &dyn Pause,
    ) -> Result<Option<u32>, Error> {
        if number > 0 && reader.next_frame_info().is_err() {
            return Ok(None);
        }
        let Some(control) = reader.info().frame_control else {
            return Err(Error::undecodable(
                "a frame of the animation has no position",
            ));
        };
        let rect = Rect {
            left: control.x_offset,
            top: control.y_offset,
            width: control.width,
            height: control.height,
        };
        let disposal = match control.dispose_op {
            png::DisposeOp::None => Disposal::Keep,
            png::DisposeOp::Background => Disposal::Clear,
            // There is nothing before the first frame.
            png::DisposeOp::Previous if number == 0 => Disposal::Clear,
            png::DisposeOp::Previous => Disposal::Restore,
        };
        self.canvas.begin(rect, disposal);
        let blend = control.blend_op == png::BlendOp::Over;
        match self.draw(reader, rect, blend, pause) {
            Err(_) if number > 0 => Ok(None),
            Err(error) => Err(error),
            Ok(()) => Ok(Some(delay(control.delay_num, control.delay_den))),
        }
    }

    fn draw(
        &mut self,
        reader: &mut Reader<'_>,
        rect: Rect,
        blend: bool,
        pause: &dyn Pause,
    ) -> Result<(), Error> {
        let layout = self.layout;
        let size = (rect.width, rect.height);
        if reader.info().interlaced {
            rows::each_pixel(reader, layout, size, pause, |x, y, pixel| {
                let row = self.canvas.row(rect, y).unwrap_or_default();
                if let Some(place) = row.as_chunks_mut().0.get_mut(x as usize) {
                    put(place, rgba(layout, pixel), blend);
                }
            })
        } else {
            rows::each_row(reader, rect.height, pause, |y, row| {
                let places = self.canvas.row(rect, y).unwrap_or_default();
                let pixels = row.chunks_exact(layout.channels());
                for (place, pixel) in places.as_chunks_mut().0.iter_mut().zip(pixels) {
                    put(place, rgba(layout, pixel), blend);
                }
            })
        }
    }

    pub(super) fn picture(&self, has_alpha: bool) -> Result<Image, Error> {
        self.canvas.picture(has_alpha)
    }
}

fn put(place: &mut [u8; 4], pixel: [u8; 4], blend: bool) {
    if blend {
        over(place, pixel);
    } else {
        *place = pixel;
    }
}

fn rgba(layout: Layout, pixel: &[u8]) -> [u8; 4] {
    match (layout, pixel) {
        (Layout::Grey, [grey]) => [*grey, *grey, *grey, 255],
        (Layout::GreyAlpha, [grey, alpha]) => [*grey, *grey, *grey, *alpha],
        (_, [red, green, blue]) => [*red, *green, *blue, 255],
        (_, [red, green, blue, alpha]) => [*red, *green, *blue, *alpha],
        _ => [0; 4],
    }
}

/// A delay in seconds, in milliseconds. A denominator of 0 means 100.
fn delay(numerator: u16, denominator: u16) -> u32 {
    let denominator = if denominator == 0 {
        100
    } else {
        u32::from(denominator)
    };
    (u32::from(numerator) * 1000 + denominator / 2) / denominator
}
