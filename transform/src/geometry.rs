//! Which pixels of the source go where.

mod fit;

use crate::error::PlanError;
use crate::source::{Limits, Source};
use crate::transform::{Fit, Transform};
use crate::turn::Turn;

pub(crate) use fit::proportional;
use fit::{border, fit};

/// Whole pixels of a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rect {
    /// Columns left of it.
    pub x: u32,
    /// Rows above it.
    pub y: u32,
    /// Its columns, at least 1.
    pub width: u32,
    /// Its rows, at least 1.
    pub height: u32,
}

/// A part of a picture, in pixels whose edges are whole numbers. Only where to look for
/// colours: sizes are whole numbers throughout.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Window {
    /// Its distance from the left.
    pub x: f64,
    /// Its distance from the top.
    pub y: f64,
    /// Its width.
    pub width: f64,
    /// Its height.
    pub height: f64,
}

/// The geometry of one transform of one source. `window` of the *stored* picture, before
/// orientation, is scaled to `scaled`, turned by `turn`, and lies at `offset` on a canvas of
/// the size `canvas`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Plan {
    /// What `crop` cuts out of the stored picture: all of it without `crop`.
    pub crop: Rect,
    /// What of [`Plan::crop`] is shown.
    pub window: Window,
    /// Columns and rows of the scaled window, before it is turned.
    pub scaled: (u32, u32),
    /// Orientation, `flip` and `rotate`.
    pub turn: Turn,
    /// Where the turned picture lies on the canvas.
    pub offset: (u32, u32),
    /// The size of the result.
    pub canvas: (u32, u32),
}

impl Plan {
    /// Computes the geometry. Of [`Gravity::Auto`](crate::Gravity::Auto), the middle.
    ///
    /// # Errors
    /// [`PlanError::CropOutside`], and [`PlanError::TooLarge`] if a side of the box or of the
    /// result is over the limit.
    pub fn new(transform: &Transform, source: &Source, limits: &Limits) -> Result<Plan, PlanError> {
        let upright = source.upright();
        let cut = match transform.crop {
            None => Rect::all(upright),
            Some(crop) => crop.within(upright).ok_or(PlanError::CropOutside {
                width: upright.0,
                height: upright.1,
            })?,
        };
        let shown = transform.turn.size((cut.width, cut.height));
        let fitted = fit(transform, shown, limits)?;
        check(fitted.canvas, limits)?;

        let turn = source.orientation.then(transform.turn);
        let upright_window = fitted.window.turned(transform.turn.inverse(), shown);
        let upright_window = upright_window.moved(cut.x, cut.y);
        let back = source.orientation.inverse();
        let offset = match transform.fit {
            Fit::Pad => border(transform.gravity, fitted.scaled, fitted.canvas),
            _ => (0, 0),
        };
        Ok(Plan {
            crop: cut.turned(back, upright),
            window: upright_window.turned(back, upright),
            scaled: turn.inverse().size(fitted.scaled),
            turn,
            offset,
            canvas: fitted.canvas,
        })
    }

    /// The size of the whole stored picture that the result needs at least, if there should be
    /// `oversampling` pixels of it for each pixel of the result and side; never more than it has.
    pub fn source_at_least(&self, source: &Source, oversampling: f64) -> (u32, u32) {
        let side = |stored: u32, window: f64, scaled: u32| {
            let factor = f64::from(scaled) * oversampling / window;
            // The conversion saturates.
            (f64::from(stored) * factor).ceil() as u32
        };
        let (width, height) = self.scaled;
        (
            side(source.width, self.window.width, width).clamp(1, source.width),
            side(source.height, self.window.height, height).clamp(1, source.height),
        )
    }

    /// Whether gravity decides what is cut off.
    pub fn cuts_off(&self) -> bool {
        self.window.width < f64::from(self.crop.width)
            || self.window.height < f64::from(self.crop.height)
    }

    /// Whether the result has the pixels of the stored picture.
    pub(crate) fn keeps(&self, source: &Source) -> bool {
        let size = (source.width, source.height);
        let whole = self.crop == Rect::all(size) && !self.cuts_off();
        whole
            && source.orientation == Turn::NONE
            && self.turn == Turn::NONE
            && self.scaled == size
            && self.canvas == size
    }
}

impl Rect {
    fn all((width, height): (u32, u32)) -> Rect {
        Rect {
            x: 0,
            y: 0,
            width,
            height,
        }
    }

    /// Where it comes to lie if the picture, of the size `of`, is turned.
    fn turned(self, turn: Turn, of: (u32, u32)) -> Rect {
        let window = Window {
            x: self.x.into(),
            y: self.y.into(),
            width: self.width.into(),
            height: self.height.into(),
        };
        // Sums and differences of 32-bit numbers are exact.
        let window = window.turned(turn, of);
        Rect {
            x: window.x as u32,
            y: window.y as u32,
            width: window.width as u32,
            height: window.height as u32,
        }
    }
}

impl Window {
    fn moved(self, x: u32, y: u32) -> Window {
        Window {
            x: self.x + f64::from(x),
            y: self.y + f64::from(y),
            ..self
        }
    }

    fn turned(self, turn: Turn, (width, height): (u32, u32)) -> Window {
        let size = (width.into(), height.into());
        let (left, top) = turn.point((self.x, self.y), size);
        let far = (self.x + self.width, self.y + self.height);
        let (right, bottom) = turn.point(far, size);
        let (width, height) = turn.size((self.width, self.height));
        Window {
            x: left.min(right).max(0.0),
            y: top.min(bottom).max(0.0),
            width,
            height,
        }
    }
}

fn check(size: (u32, u32), limits: &Limits) -> Result<(), PlanError> {
    let actual = size.0.max(size.1);
    if actual > limits.max_side {
        return Err(PlanError::TooLarge {
            limit: limits.max_side,
            actual: actual.into(),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
