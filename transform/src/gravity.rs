//! What stays when something is cut off.

use std::fmt;

use crate::number::Decimal;

/// What stays of a picture that is cut, and where it lies when it is padded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Gravity {
    /// What looks most important.
    Auto,
    /// The point that should be in the middle, in fractions of the picture from its left and
    /// top. In a padded picture, the share of the border that is left of it and above.
    Point {
        /// From 0, the left, to 1.
        x: Decimal,
        /// From 0, the top, to 1.
        y: Decimal,
    },
}

/// The nine points that have names.
const NAMED: [(&str, Decimal, Decimal); 9] = [
    ("center", Decimal::HALF, Decimal::HALF),
    ("north", Decimal::HALF, Decimal::ZERO),
    ("northeast", Decimal::ONE, Decimal::ZERO),
    ("east", Decimal::ONE, Decimal::HALF),
    ("southeast", Decimal::ONE, Decimal::ONE),
    ("south", Decimal::HALF, Decimal::ONE),
    ("southwest", Decimal::ZERO, Decimal::ONE),
    ("west", Decimal::ZERO, Decimal::HALF),
    ("northwest", Decimal::ZERO, Decimal::ZERO),
];

impl Gravity {
    /// The middle.
    pub const CENTER: Gravity = Gravity::Point {
        x: Decimal::HALF,
        y: Decimal::HALF,
    };

    pub(crate) fn parse(text: &str) -> Option<Gravity> {
        if text == "auto" {
            return Some(Gravity::Auto);
        }
        if let Some((_, x, y)) = NAMED.into_iter().find(|(name, ..)| *name == text) {
            return Some(Gravity::Point { x, y });
        }
        let (x, y) = text.split_once(',')?;
        let fraction = |text| Decimal::parse(text).filter(|number| *number <= Decimal::ONE);
        Some(Gravity::Point {
            x: fraction(x)?,
            y: fraction(y)?,
        })
    }
}

impl Default for Gravity {
    fn default() -> Self {
        Gravity::CENTER
    }
}

impl fmt::Display for Gravity {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Gravity::Point { x, y } = self else {
            return out.write_str("auto");
        };
        match NAMED.iter().find(|(_, left, top)| (left, top) == (x, y)) {
            Some((name, ..)) => out.write_str(name),
            None => write!(out, "{x},{y}"),
        }
    }
}
