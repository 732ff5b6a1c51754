//! The part of a picture that is cut out first.

use std::fmt;

use crate::geometry::Rect;
use crate::number::{Decimal, LARGEST_SIDE, round_div, side};

/// A distance in a picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Length {
    /// In pixels of the original.
    Pixels(u32),
    /// In hundredths of the picture's side.
    Percent(Decimal),
}

impl Length {
    const HUNDRED: Decimal = Decimal::whole(100);

    /// `25` or `25%`; nothing of either is `0`.
    fn parse(text: &str) -> Option<Length> {
        if text.trim_start_matches('0').is_empty() && !text.is_empty() {
            return Some(Length::Pixels(0));
        }
        match text.strip_suffix('%') {
            None => side(text).map(Length::Pixels),
            Some(text) => match Decimal::parse(text)? {
                Decimal::ZERO => Some(Length::Pixels(0)),
                percent if percent <= Length::HUNDRED => Some(Length::Percent(percent)),
                _ => None,
            },
        }
    }

    fn is_zero(self) -> bool {
        self == Length::Pixels(0)
    }

    fn pixels(self, of: u32) -> u64 {
        match self {
            Length::Pixels(pixels) => pixels.into(),
            Length::Percent(percent) => round_div(
                u128::from(of) * u128::from(percent.millionths()),
                u128::from(Length::HUNDRED.millionths()),
            ),
        }
    }
}

impl fmt::Display for Length {
    /// As it stands in a query, where `%` is an escape.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Length::Pixels(pixels) => pixels.fmt(out),
            Length::Percent(percent) => write!(out, "{percent}%25"),
        }
    }
}

/// A rectangle of the upright original.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Crop {
    /// Its distance from the left.
    pub x: Length,
    /// Its distance from the top.
    pub y: Length,
    /// Its width, more than nothing.
    pub width: Length,
    /// Its height, more than nothing.
    pub height: Length,
}

impl Crop {
    pub(crate) fn parse(text: &str) -> Option<Crop> {
        let mut lengths = text.split(',').map(Length::parse);
        let mut next = || lengths.next().flatten();
        let crop = Crop {
            x: next()?,
            y: next()?,
            width: next()?,
            height: next()?,
        };
        let whole = lengths.next().is_none();
        (whole && !crop.width.is_zero() && !crop.height.is_zero()).then_some(crop)
    }

    /// Whether it is all of every picture.
    pub(crate) fn is_everything(&self) -> bool {
        let all = |length| match length {
            Length::Pixels(pixels) => pixels >= LARGEST_SIDE,
            Length::Percent(percent) => percent == Length::HUNDRED,
        };
        self.x.is_zero() && self.y.is_zero() && all(self.width) && all(self.height)
    }

    /// What it is in a picture of this size; `None` where it lies outside. What of it is
    /// outside does not count.
    pub(crate) fn within(&self, (width, height): (u32, u32)) -> Option<Rect> {
        let (x, width) = span(self.x, self.width, width)?;
        let (y, height) = span(self.y, self.height, height)?;
        Some(Rect {
            x,
            y,
            width,
            height,
        })
    }
}

fn span(start: Length, length: Length, of: u32) -> Option<(u32, u32)> {
    let from = match start {
        Length::Pixels(pixels) => pixels,
        // A share of a small picture is rounded to one of its pixels.
        Length::Percent(percent) if percent < Length::HUNDRED => u32::try_from(start.pixels(of))
            .ok()?
            .min(of.saturating_sub(1)),
        Length::Percent(_) => return None,
    };
    let left = of.checked_sub(from).filter(|left| *left > 0)?;
    let length = length.pixels(of).clamp(1, left.into());
    Some((from, u32::try_from(length).ok()?))
}

impl fmt::Display for Crop {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Crop {
            x,
            y,
            width,
            height,
        } = self;
        write!(out, "{x},{y},{width},{height}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rect(x: u32, y: u32, width: u32, height: u32) -> Option<Rect> {
        Some(Rect {
            x,
            y,
            width,
            height,
        })
    }

    #[test]
    fn a_crop_is_what_of_it_lies_in_the_picture() {
        for (text, size, expected) in [
            ("10,20,30,40", (100, 100), rect(10, 20, 30, 40)),
            ("90,90,30,40", (100, 100), rect(90, 90, 10, 10)),
            ("99,99,1,1", (100, 100), rect(99, 99, 1, 1)),
            ("100,0,1,1", (100, 100), None),
            ("0,100,1,1", (100, 100), None),
            ("25%,50%,50%,25%", (101, 99), rect(25, 50, 51, 25)),
            ("0,0,50%,10", (3, 30), rect(0, 0, 2, 10)),
            ("99.9%,0,0.1%,1", (100, 1), rect(99, 0, 1, 1)),
            ("100%,0,1,1", (100, 1), None),
            ("0,0,0.001%,1", (100, 1), rect(0, 0, 1, 1)),
            (
                "0,0,99999999999,9",
                (u32::MAX, 9),
                rect(0, 0, LARGEST_SIDE, 9),
            ),
        ] {
            let crop = Crop::parse(text).unwrap_or_else(|| panic!("{text} is a crop"));
            assert_eq!(crop.within(size), expected, "{text} in {size:?}");
        }
    }

    #[test]
    fn a_crop_has_four_lengths() {
        for wrong in [
            "",
            "1,2,3",
            "1,2,3,4,5",
            "1,2,0,4",
            "1,2,3,0%",
            "-1,2,3,4",
            "1,2,3.5,4",
            "1,2,101%,4",
            "a,b,c,d",
            "1,,3,4",
            "1,2,3,4,",
            "%,0,1,1",
        ] {
            assert_eq!(Crop::parse(wrong), None, "{wrong:?}");
        }
    }
}
