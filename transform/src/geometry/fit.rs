//! How a picture meets its box.

use super::{Window, check};
use crate::error::PlanError;
use crate::gravity::Gravity;
use crate::number::round_div;
use crate::source::Limits;
use crate::transform::{Fit, Size, Transform};

/// The window of a picture as it is turned, and what becomes of it.
pub(super) struct Fitted {
    pub(super) window: Window,
    pub(super) scaled: (u32, u32),
    pub(super) canvas: (u32, u32),
}

/// How a picture of the size `shown` meets the box.
pub(super) fn fit(
    transform: &Transform,
    shown: (u32, u32),
    limits: &Limits,
) -> Result<Fitted, PlanError> {
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
pub(crate) fn proportional(side: u32, numerator: u32, denominator: u32) -> u32 {
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
pub(super) fn border(gravity: Gravity, scaled: (u32, u32), canvas: (u32, u32)) -> (u32, u32) {
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
