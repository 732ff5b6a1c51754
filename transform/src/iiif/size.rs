//! The size (§4.2).

use super::Error;
use crate::geometry::proportional;
use crate::number::{Decimal, round_div, side};
use crate::transform::{self, Fit};
use crate::turn::Turn;

/// How large results may be: `maxWidth`, `maxHeight` and `maxArea`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pixels of a side.
    pub max_side: u32,
    /// Pixels in all.
    pub max_area: u64,
}

/// The size that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Size {
    form: Form,
    /// Whether the region may be enlarged.
    upscaled: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Max,
    Width(u32),
    Height(u32),
    Percent(Decimal),
    Exactly(u32, u32),
    Inside(u32, u32),
}

impl Size {
    pub(super) fn parse(text: &str) -> Result<Size, Error> {
        let (text, upscaled) = match text.strip_prefix('^') {
            Some(text) => (text, true),
            None => (text, false),
        };
        let form = Form::parse(text).ok_or(Error::Size)?;
        Ok(Size { form, upscaled })
    }

    /// The width and the height of the result of a region of this size.
    pub(super) fn of(&self, region: (u32, u32), limits: &Limits) -> Result<(u32, u32), Error> {
        let size = match self.form {
            Form::Max => return Ok(limits.largest(region, self.upscaled)),
            Form::Inside(width, height) => {
                return Ok(self.inside(region, (width, height), limits));
            }
            Form::Width(width) => (width, proportional(region.1, width, region.0)),
            Form::Height(height) => (proportional(region.0, height, region.1), height),
            Form::Exactly(width, height) => (width, height),
            Form::Percent(percent) => {
                let of = |side: u32| {
                    let product = u128::from(side) * u128::from(percent.millionths());
                    let hundred = Decimal::whole(100).millionths();
                    u32::try_from(round_div(product, hundred.into())).unwrap_or(u32::MAX)
                };
                (of(region.0), of(region.1))
            }
        };
        if size.0 == 0 || size.1 == 0 {
            return Err(Error::TooSmall);
        }
        if !self.upscaled && (size.0 > region.0 || size.1 > region.1) {
            let (width, height) = region;
            return Err(Error::Enlarged { width, height });
        }
        limits.check(size)?;
        Ok(size)
    }

    /// The largest size inside of the box and the limits.
    fn inside(&self, region: (u32, u32), bounds: (u32, u32), limits: &Limits) -> (u32, u32) {
        if !self.upscaled && region.0 <= bounds.0 && region.1 <= bounds.1 {
            return limits.largest(region, false);
        }
        let size = fitting(region, bounds);
        if limits.check(size).is_ok() {
            size
        } else {
            limits.largest(region, self.upscaled)
        }
    }
}

impl Form {
    fn parse(text: &str) -> Option<Form> {
        if text == "max" {
            return Some(Form::Max);
        }
        if let Some(percent) = text.strip_prefix("pct:") {
            return Decimal::parse(percent).map(Form::Percent);
        }
        let (text, inside) = match text.strip_prefix('!') {
            Some(text) => (text, true),
            None => (text, false),
        };
        let (width, height) = text.split_once(',')?;
        match (width, height, inside) {
            (width, "", false) => side(width).map(Form::Width),
            ("", height, false) => side(height).map(Form::Height),
            (width, height, false) => Some(Form::Exactly(side(width)?, side(height)?)),
            (width, height, true) => Some(Form::Inside(side(width)?, side(height)?)),
        }
    }
}

/// The largest size with the ratio of the region inside of the box.
fn fitting(region: (u32, u32), bounds: (u32, u32)) -> (u32, u32) {
    let product = |one: u32, other: u32| u64::from(one) * u64::from(other);
    if product(bounds.0, region.1) <= product(region.0, bounds.1) {
        let height = proportional(region.1, bounds.0, region.0);
        (bounds.0, height.min(bounds.1))
    } else {
        let width = proportional(region.0, bounds.1, region.1);
        (width.min(bounds.0), bounds.1)
    }
}

impl Limits {
    pub(super) fn check(&self, (width, height): (u32, u32)) -> Result<(), Error> {
        if width.max(height) > self.max_side {
            let limit = self.max_side;
            return Err(Error::TooLong { limit });
        }
        if u64::from(width) * u64::from(height) > self.max_area {
            let limit = self.max_area;
            return Err(Error::TooManyPixels { limit });
        }
        Ok(())
    }

    /// The size of `max`, or of `^max`: the largest with the ratio of the region.
    pub fn largest(&self, region: (u32, u32), upscaled: bool) -> (u32, u32) {
        if !upscaled && self.check(region).is_ok() {
            return region;
        }
        let side = self.max_side.max(1);
        let bounds = if upscaled {
            (side, side)
        } else {
            (side.min(region.0), side.min(region.1))
        };
        let size = fitting(region, bounds);
        if self.check(size).is_ok() {
            return size;
        }
        // The longer side is `√(area × ratio)`.
        let (width, height) = (u128::from(region.0), u128::from(region.1));
        let (longer, shorter) = (width.max(height), width.min(height).max(1));
        let longest = (u128::from(self.max_area) * longer / shorter).isqrt();
        let longest = u32::try_from(longest).unwrap_or(side).clamp(1, side);
        let (width, height) = fitting(region, (longest, longest));
        // The shorter side may have been rounded up.
        let rest = |side: u32| u32::try_from(self.max_area / u64::from(side)).unwrap_or(u32::MAX);
        if width >= height {
            (width, height.min(rest(width)).max(1))
        } else {
            (width.min(rest(height)).max(1), height)
        }
    }
}

/// The box of a transform that makes a picture of the size `shown` one of `size`, and then turns
/// it: of one side if the other follows the ratio, so that it is the box that others would ask for.
pub(super) fn of_box(shown: (u32, u32), size: (u32, u32), turn: Turn) -> Option<transform::Size> {
    let (shown, size) = (turn.size(shown), turn.size(size));
    if size == shown {
        None
    } else if proportional(shown.1, size.0, shown.0) == size.1 {
        Some(transform::Size::Width(size.0))
    } else if proportional(shown.0, size.1, shown.1) == size.0 {
        Some(transform::Size::Height(size.1))
    } else {
        Some(transform::Size::Box(size.0, size.1))
    }
}

/// How the picture meets that box.
pub(super) fn fit(shown: (u32, u32), size: (u32, u32), turn: Turn) -> Fit {
    match of_box(shown, size, turn) {
        Some(transform::Size::Box(..)) => Fit::Squeeze,
        Some(_) if size.0 > shown.0 || size.1 > shown.1 => Fit::Contain,
        _ => Fit::ScaleDown,
    }
}
