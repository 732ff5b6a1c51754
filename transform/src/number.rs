//! Decimal numbers without rounding errors.

use std::fmt;

/// A number that is not negative, in millionths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Decimal(u64);

impl Decimal {
    /// How many of the smallest steps are one.
    pub const SCALE: u64 = 1_000_000;
    /// 0.
    pub const ZERO: Decimal = Decimal(0);
    /// 0.5.
    pub const HALF: Decimal = Decimal(Decimal::SCALE / 2);
    /// 1.
    pub const ONE: Decimal = Decimal(Decimal::SCALE);

    /// This many millionths.
    pub const fn from_millionths(millionths: u64) -> Decimal {
        Decimal(millionths)
    }

    /// A whole number.
    pub const fn whole(number: u32) -> Decimal {
        Decimal(number as u64 * Decimal::SCALE)
    }

    /// The number in millionths.
    pub const fn millionths(self) -> u64 {
        self.0
    }

    /// The nearest binary number.
    pub fn to_f64(self) -> f64 {
        self.0 as f64 / Decimal::SCALE as f64
    }

    /// The number that `text` spells: ASCII digits, with at most one point that digits follow
    /// (`2`, `1.50`, `.5`). Digits after the sixth decimal are rounded.
    pub fn parse(text: &str) -> Option<Decimal> {
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        if !digits(whole) || !fraction.is_none_or(digits) {
            return None;
        }
        let valid = match fraction {
            Some(fraction) => whole.len() <= 9 && (1..=32).contains(&fraction.len()),
            None => (1..=9).contains(&whole.len()),
        };
        if !valid {
            return None;
        }
        let whole = whole.bytes().fold(0, |sum, digit| sum * 10 + value(digit));
        let mut decimals = fraction.unwrap_or("").bytes().map(value);
        let millionths = (0..6).fold(0, |sum, _| sum * 10 + decimals.next().unwrap_or(0));
        let carry = u64::from(decimals.next().is_some_and(|digit| digit >= 5));
        Some(Decimal(whole * Decimal::SCALE + millionths + carry))
    }
}

fn value(digit: u8) -> u64 {
    u64::from(digit - b'0')
}

impl fmt::Display for Decimal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, fraction) = (self.0 / Decimal::SCALE, self.0 % Decimal::SCALE);
        if fraction == 0 {
            return write!(out, "{whole}");
        }
        let digits = format!("{fraction:06}");
        write!(out, "{whole}.{}", digits.trim_end_matches('0'))
    }
}

/// A positive whole number; one that is too large for any picture counts as the largest.
pub(crate) fn side(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits || text.len() > 32 {
        return None;
    }
    let number = text.bytes().fold(0_u64, |sum, digit| {
        (sum * 10 + value(digit)).min(u64::from(LARGEST_SIDE))
    });
    u32::try_from(number).ok().filter(|number| *number > 0)
}

/// More than the side of any picture, so that a limit always refuses it.
pub(crate) const LARGEST_SIDE: u32 = 1_000_000_000;

/// `numerator / denominator`, rounded half away from zero. The denominator is not zero.
pub(crate) fn round_div(numerator: u128, denominator: u128) -> u64 {
    let rounded = (numerator * 2 + denominator) / (denominator * 2);
    u64::try_from(rounded).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_read_exactly_and_printed_shortest() {
        for (text, printed) in [
            ("0", "0"),
            ("2", "2"),
            ("2.0", "2"),
            ("02.50", "2.5"),
            (".5", "0.5"),
            ("0.000001", "0.000001"),
            ("1.3333333730697632", "1.333333"),
            ("0.0000005", "0.000001"),
            ("0.9999995", "1"),
            ("999999999.999999", "999999999.999999"),
        ] {
            let number = Decimal::parse(text).map(|number| number.to_string());
            assert_eq!(number.as_deref(), Some(printed), "{text}");
        }
        for wrong in [
            "",
            ".",
            "1.",
            "-1",
            "+1",
            "1e2",
            "1,5",
            " 1",
            "1.2.3",
            "٣",
            "1000000000",
        ] {
            assert_eq!(Decimal::parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn sides_are_positive_and_saturate() {
        assert_eq!(side("1"), Some(1));
        assert_eq!(side("0300"), Some(300));
        assert_eq!(side("99999999999999999999"), Some(LARGEST_SIDE));
        for wrong in ["", "0", "-1", "1.0", "auto", "1px", " 1"] {
            assert_eq!(side(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn halves_are_rounded_away_from_zero() {
        for (numerator, denominator, rounded) in [(1, 2, 1), (1, 3, 0), (5, 2, 3), (149, 100, 1)] {
            assert_eq!(round_div(numerator, denominator), rounded);
        }
    }

    proptest! {
        #[test]
        fn a_printed_decimal_is_read_back(millionths in 0..999_999_999_999_999_u64) {
            let number = Decimal::from_millionths(millionths);
            prop_assert_eq!(Decimal::parse(&number.to_string()), Some(number));
        }

        #[test]
        fn any_text_is_a_number_or_not(text in ".{0,40}|[0-9.]{0,40}") {
            let _ = (Decimal::parse(&text), side(&text));
        }
    }
}
