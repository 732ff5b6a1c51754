//! The region (§4.1).

use super::Error;
use crate::geometry::Rect;
use crate::number::{Decimal, LARGEST_SIDE, round_div};

/// The part of the image that is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Region {
    Full,
    Square,
    /// Left, top, width and height in pixels; the last two are not 0.
    Pixels([u32; 4]),
    /// The same in hundredths of the sides of the image.
    Percent([Decimal; 4]),
}

impl Region {
    pub(super) fn parse(text: &str) -> Result<Region, Error> {
        let region = match text {
            "full" => return Ok(Region::Full),
            "square" => return Ok(Region::Square),
            _ => match text.strip_prefix("pct:") {
                Some(text) => four(text, Decimal::parse)
                    .filter(|[_, _, width, height]| *width.min(height) > Decimal::ZERO)
                    .map(Region::Percent),
                None => four(text, pixels)
                    .filter(|[_, _, width, height]| *width.min(height) > 0)
                    .map(Region::Pixels),
            },
        };
        region.ok_or(Error::Region)
    }

    /// The pixels of an image of this size that it has; what lies outside is left out.
    pub(super) fn within(&self, (width, height): (u32, u32)) -> Result<Rect, Error> {
        let (x, y) = match *self {
            Region::Full => (Some((0, width)), Some((0, height))),
            Region::Square => {
                let side = width.min(height);
                (
                    Some(((width - side) / 2, side)),
                    Some(((height - side) / 2, side)),
                )
            }
            Region::Pixels([left, top, across, down]) => {
                (span(left, across, width), span(top, down, height))
            }
            Region::Percent([left, top, across, down]) => {
                (share(left, across, width), share(top, down, height))
            }
        };
        let (Some((x, width)), Some((y, height))) = (x, y) else {
            return Err(Error::RegionOutside { width, height });
        };
        Ok(Rect {
            x,
            y,
            width,
            height,
        })
    }

    /// The size of the smallest image that has the region, and something else below and to the
    /// right of it.
    pub(super) fn image_around(&self) -> Option<(u32, u32)> {
        match self {
            Region::Pixels([x, y, width, height]) => Some((
                x.saturating_add(*width).saturating_add(1),
                y.saturating_add(*height).saturating_add(1),
            )),
            _ => None,
        }
    }
}

/// Where a span begins, and how much of it lies on a side.
fn span(start: u32, length: u32, side: u32) -> Option<(u32, u32)> {
    let left = side.checked_sub(start).filter(|left| *left > 0)?;
    Some((start, length.min(left)))
}

/// The same of shares of the side; what is less than a pixel is one.
fn share(start: Decimal, length: Decimal, side: u32) -> Option<(u32, u32)> {
    const ALL: Decimal = Decimal::whole(100);
    let of = |share: Decimal| {
        let product = u128::from(side) * u128::from(share.millionths());
        round_div(product, ALL.millionths().into())
    };
    if start >= ALL {
        return None;
    }
    let start = u32::try_from(of(start)).ok()?.min(side.saturating_sub(1));
    let length = of(length).clamp(1, LARGEST_SIDE.into());
    span(start, u32::try_from(length).ok()?, side)
}

/// Four numbers between commas.
fn four<T: Copy>(text: &str, parse: impl Fn(&str) -> Option<T>) -> Option<[T; 4]> {
    let mut numbers = text.split(',').map(parse);
    let mut next = || numbers.next().flatten();
    let four = [next()?, next()?, next()?, next()?];
    numbers.next().is_none().then_some(four)
}

/// A whole number, which may be 0. One that is too large for any picture counts as the largest.
fn pixels(text: &str) -> Option<u32> {
    let zero = !text.is_empty() && text.len() <= 32 && text.bytes().all(|byte| byte == b'0');
    if zero {
        return Some(0);
    }
    crate::number::side(text)
}
