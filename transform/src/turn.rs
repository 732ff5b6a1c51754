//! Orientations: the eight ways to lay a picture on its sides.

use std::fmt;

/// A mirroring, then a rotation: what `flip` and `rotate` ask for, and what EXIF says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Turn {
    mirrored: bool,
    quarters: u8,
}

impl Turn {
    /// Nothing changes.
    pub const NONE: Turn = Turn::new(false, 0);

    /// Mirrors left and right, if `mirrored`; then turns clockwise by `quarters` of 90°.
    pub const fn new(mirrored: bool, quarters: u8) -> Turn {
        Turn {
            mirrored,
            quarters: quarters % 4,
        }
    }

    /// What brings a stored picture upright (EXIF 2.32, tag 274). A value outside 1 to 8
    /// means nothing.
    pub fn from_exif(orientation: u8) -> Turn {
        match orientation {
            2 => Turn::new(true, 0),
            3 => Turn::new(false, 2),
            4 => Turn::new(true, 2),
            5 => Turn::new(true, 3),
            6 => Turn::new(false, 1),
            7 => Turn::new(true, 1),
            8 => Turn::new(false, 3),
            _ => Turn::NONE,
        }
    }

    /// Whether left and right change places first.
    pub fn mirrored(self) -> bool {
        self.mirrored
    }

    /// The quarters of the clockwise rotation, 0 to 3.
    pub fn quarters(self) -> u8 {
        self.quarters
    }

    /// Whether width and height change places.
    pub fn swaps_sides(self) -> bool {
        self.quarters % 2 == 1
    }

    /// The size of a turned picture.
    pub fn size<T>(self, (width, height): (T, T)) -> (T, T) {
        if self.swaps_sides() {
            (height, width)
        } else {
            (width, height)
        }
    }

    /// This turn, then another.
    pub fn then(self, next: Turn) -> Turn {
        let first = if next.mirrored {
            4 - self.quarters
        } else {
            self.quarters
        };
        Turn::new(self.mirrored != next.mirrored, first + next.quarters)
    }

    /// The turn that undoes this one.
    pub fn inverse(self) -> Turn {
        if self.mirrored {
            self
        } else {
            Turn::new(false, 4 - self.quarters)
        }
    }

    /// Where the point of a picture of this size comes to lie, its corners being points.
    pub(crate) fn point(self, (x, y): (f64, f64), (width, height): (f64, f64)) -> (f64, f64) {
        let x = if self.mirrored { width - x } else { x };
        match self.quarters {
            0 => (x, y),
            1 => (height - y, x),
            2 => (width - x, height - y),
            _ => (y, width - x),
        }
    }

    /// The shortest pair of `flip` and `rotate` with this effect.
    pub(crate) fn parameters(self) -> (Option<&'static str>, Option<u16>) {
        let degrees = match self.quarters {
            0 => None,
            quarters => Some(u16::from(quarters) * 90),
        };
        match (self.mirrored, self.quarters) {
            (true, 2) => (Some("v"), None),
            (true, _) => (Some("h"), degrees),
            (false, _) => (None, degrees),
        }
    }

    pub(crate) fn from_flip(text: &str) -> Option<Turn> {
        match text {
            "h" => Some(Turn::new(true, 0)),
            "v" => Some(Turn::new(true, 2)),
            "hv" => Some(Turn::new(false, 2)),
            _ => None,
        }
    }

    pub(crate) fn from_degrees(text: &str) -> Option<Turn> {
        match text {
            "90" => Some(Turn::new(false, 1)),
            "180" => Some(Turn::new(false, 2)),
            "270" => Some(Turn::new(false, 3)),
            _ => None,
        }
    }
}

impl fmt::Display for Turn {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mirrored = if self.mirrored { "mirrored, " } else { "" };
        write!(out, "{mirrored}{}°", u16::from(self.quarters) * 90)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> impl Iterator<Item = Turn> {
        (0..8).map(|number| Turn::new(number >= 4, number % 4))
    }

    #[test]
    fn turns_are_composed_as_their_effects_are() {
        let (size, at) = ((7.0, 3.0), (2.0, 1.0));
        for first in all() {
            for second in all() {
                let apart = second.point(first.point(at, size), first.size(size));
                let at_once = first.then(second).point(at, size);
                assert_eq!(apart, at_once, "{first} then {second}");
            }
            assert_eq!(first.then(first.inverse()), Turn::NONE, "{first}");
        }
    }

    #[test]
    fn exif_says_where_the_first_row_and_column_are() {
        // Tag 274: the side of the upright picture at which row 0 and column 0 lie.
        let sides = [
            (1, "top", "left"),
            (2, "top", "right"),
            (3, "bottom", "right"),
            (4, "bottom", "left"),
            (5, "left", "top"),
            (6, "right", "top"),
            (7, "right", "bottom"),
            (8, "left", "bottom"),
        ];
        for (orientation, row, column) in sides {
            let turn = Turn::from_exif(orientation);
            let side = |(x, y): (f64, f64)| {
                let (width, height) = turn.size((4.0, 2.0));
                match (x, y) {
                    (0.0, _) => "left",
                    (_, 0.0) => "top",
                    (x, _) if x == width => "right",
                    (_, y) if y == height => "bottom",
                    _ => "inside",
                }
            };
            assert_eq!(
                side(turn.point((1.0, 0.0), (4.0, 2.0))),
                row,
                "{orientation}"
            );
            assert_eq!(
                side(turn.point((0.0, 0.5), (4.0, 2.0))),
                column,
                "{orientation}"
            );
        }
        assert_eq!(Turn::from_exif(0), Turn::NONE);
        assert_eq!(Turn::from_exif(9), Turn::NONE);
    }
}
