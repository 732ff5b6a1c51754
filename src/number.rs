//! Whole numbers as text, with one spelling each. Pure.

/// The number that `text` spells: ASCII digits without sign, space or leading zero;
/// `None` for everything else, and for a number of more than 64 bits.
pub fn whole(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let canonical = text == "0" || !text.starts_with('0');
    text.parse().ok().filter(|_| digits && canonical)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_number_has_one_spelling() {
        assert_eq!(whole("0"), Some(0));
        assert_eq!(whole("50"), Some(50));
        assert_eq!(whole("18446744073709551615"), Some(u64::MAX));
        for wrong in [
            "",
            "+5",
            "-0",
            "-5",
            "00",
            "05",
            " 5",
            "5 ",
            "5\n",
            "5.0",
            "5e0",
            "0x5",
            "5_0",
            "٥",
            "５",
            "²",
            "18446744073709551616",
        ] {
            assert_eq!(whole(wrong), None, "{wrong:?}");
        }
    }

    proptest! {
        #[test]
        fn reading_is_the_inverse_of_printing(number: u64, other in "[0-9+ -]{0,5}|.{0,9}") {
            prop_assert_eq!(whole(&number.to_string()), Some(number));
            let printed = whole(&other).map(|read| read.to_string());
            prop_assert!(printed.is_none_or(|printed| printed == other));
        }
    }
}
