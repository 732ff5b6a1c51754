//! Which pixels of the source go where.

use crate::error::PlanError;
use crate::gravity::Gravity;
use crate::number::round_div;
use crate::source::{Limits, Source};
use crate::transform::{Fit, Size, Transform};
use crate::turn::Turn;

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

/// The window of a picture as it is turned, and what becomes of it.
struct Fitted {
    window: Window,
    scaled: (u32, u32),
    canvas: (u32, u32),
}

impl Plan {
    /// Computes the geometry. Of [`Gravity::Auto`], the middle.
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

/// How a picture of the size `shown` meets the box.
fn fit(transform: &Transform, shown: (u32, u32), limits: &Limits) -> Result<Fitted, PlanError> {
    let whole = |scaled, canvas| Fitted {
        window: Window {
            x: 0.0,
            y: 0.0,
            width: shown.0.into(),
            height: shown.1.into(),
        },
        scaled,
        canvas,
    };
    let Some(size) = transform.size else {
        return Ok(whole(shown, shown));
    };
    let (width, height) = size.sides();
    check((width.unwrap_or(1), height.unwrap_or(1)), limits)?;
    let bounds = bounds(size, shown);
    Ok(match transform.fit {
        Fit::ScaleDown => {
            let scaled = scaled_down(size, shown, bounds);
            whole(scaled, scaled)
        }
        Fit::Contain => {
            let scaled = inside(size, shown, bounds);
            whole(scaled, scaled)
        }
        Fit::Squeeze => whole(bounds, bounds),
        Fit::Pad => whole(scaled_down(size, shown, bounds), bounds),
        Fit::Cover => cover(transform.gravity, shown, bounds),
        Fit::Crop if enlarges(shown, bounds) => cut(transform.gravity, shown, bounds),
        Fit::Crop => cover(transform.gravity, shown, bounds),
    })
}

/// The box, its missing side by the ratio of the picture.
fn bounds(size: Size, (width, height): (u32, u32)) -> (u32, u32) {
    match size {
        Size::Box(box_width, box_height) => (box_width, box_height),
        Size::Width(side) => (side, proportional(height, side, width)),
        Size::Height(side) => (proportional(width, side, height), side),
    }
}

/// `side × numerator / denominator`, rounded, at least 1.
fn proportional(side: u32, numerator: u32, denominator: u32) -> u32 {
    let product = u128::from(side) * u128::from(numerator);
    let rounded = round_div(product, denominator.into()).max(1);
    u32::try_from(rounded).unwrap_or(u32::MAX)
}

/// Whether the box is relatively wider than the picture: `bw / bh > w / h`.
fn is_wider((box_width, box_height): (u32, u32), (width, height): (u32, u32)) -> bool {
    u64::from(box_width) * u64::from(height) > u64::from(width) * u64::from(box_height)
}

/// The largest size with the ratio of the picture inside the box.
fn inside(size: Size, shown: (u32, u32), bounds: (u32, u32)) -> (u32, u32) {
    match size {
        Size::Width(_) | Size::Height(_) => bounds,
        Size::Box(_, height) if is_wider(bounds, shown) => {
            (proportional(shown.0, height, shown.1), height)
        }
        Size::Box(width, _) => (width, proportional(shown.1, width, shown.0)),
    }
}

fn scaled_down(size: Size, shown: (u32, u32), bounds: (u32, u32)) -> (u32, u32) {
    let smaller = match size {
        Size::Width(width) => shown.0 <= width,
        Size::Height(height) => shown.1 <= height,
        Size::Box(width, height) => shown.0 <= width && shown.1 <= height,
    };
    if smaller {
        shown
    } else {
        inside(size, shown, bounds)
    }
}

/// Whether covering the box enlarges the picture.
fn enlarges(shown: (u32, u32), bounds: (u32, u32)) -> bool {
    shown.0 < bounds.0 || shown.1 < bounds.1
}

/// The largest window with the ratio of the box, scaled to the box.
fn cover(gravity: Gravity, shown: (u32, u32), bounds: (u32, u32)) -> Fitted {
    let (width, height) = (f64::from(shown.0), f64::from(shown.1));
    let (box_width, box_height) = (f64::from(bounds.0), f64::from(bounds.1));
    let (width, height) = if is_wider(bounds, shown) {
        (width, width * box_height / box_width)
    } else {
        (height * box_width / box_height, height)
    };
    let (mut x, mut y) = focused(gravity, shown, (width, height));
    if (width, height) == (box_width, box_height) {
        // Nothing is scaled: whole pixels stay sharp.
        (x, y) = (x.round(), y.round());
    }
    Fitted {
        window: Window {
            x,
            y,
            width,
            height,
        },
        scaled: bounds,
        canvas: bounds,
    }
}

/// The largest window with the ratio of the box, of whole pixels that are not scaled.
fn cut(gravity: Gravity, shown: (u32, u32), bounds: (u32, u32)) -> Fitted {
    let size = if is_wider(bounds, shown) {
        (
            shown.0,
            proportional(shown.0, bounds.1, bounds.0).min(shown.1),
        )
    } else {
        (
            proportional(shown.1, bounds.0, bounds.1).min(shown.0),
            shown.1,
        )
    };
    let (width, height) = (f64::from(size.0), f64::from(size.1));
    let (x, y) = focused(gravity, shown, (width, height));
    Fitted {
        window: Window {
            x: x.round(),
            y: y.round(),
            width,
            height,
        },
        scaled: size,
        canvas: size,
    }
}

/// Where a window lies whose middle is as near to the point of interest as it can be.
fn focused(gravity: Gravity, shown: (u32, u32), window: (f64, f64)) -> (f64, f64) {
    let (x, y) = fractions(gravity);
    let at = |fraction: f64, side: u32, window: f64| {
        let side = f64::from(side);
        (fraction * side - window / 2.0).min(side - window).max(0.0)
    };
    (at(x, shown.0, window.0), at(y, shown.1, window.1))
}

/// How far a padded picture lies from the left and top.
fn border(gravity: Gravity, scaled: (u32, u32), canvas: (u32, u32)) -> (u32, u32) {
    let (x, y) = fractions(gravity);
    let at = |fraction: f64, scaled: u32, canvas: u32| {
        let slack = canvas.saturating_sub(scaled);
        // At most the slack, because the fraction is at most 1.
        (fraction * f64::from(slack)).round() as u32
    };
    (at(x, scaled.0, canvas.0), at(y, scaled.1, canvas.1))
}

fn fractions(gravity: Gravity) -> (f64, f64) {
    match gravity {
        Gravity::Auto => (0.5, 0.5),
        Gravity::Point { x, y } => (x.to_f64(), y.to_f64()),
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
