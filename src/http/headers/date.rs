//! Dates in headers (RFC 9110 §5.6.7), in whole seconds since the Unix epoch.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The latest time that can be printed: the last second of the year 9999.
const LATEST: u64 = 253_402_300_799;

/// `Sun, 06 Nov 1994 08:49:37 GMT`
pub(crate) fn print(seconds: u64) -> String {
    httpdate::fmt_http_date(UNIX_EPOCH + Duration::from_secs(seconds.min(LATEST)))
}

/// Parses a date in any of the three forms. `None` if the text is not a date, or if the date is
/// before 1970.
pub(crate) fn parse(text: &str) -> Option<u64> {
    let time: SystemTime = httpdate::parse_http_date(text).ok()?;
    let since_epoch = time.duration_since(UNIX_EPOCH).ok()?;
    Some(since_epoch.as_secs())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_read_in_all_three_forms() {
        let check = |text: &str, expect: Option<u64>| assert_eq!(parse(text), expect, "{text}");
        check("Sun, 06 Nov 1994 08:49:37 GMT", Some(784_111_777));
        check("Sunday, 06-Nov-94 08:49:37 GMT", Some(784_111_777));
        check("Sun Nov  6 08:49:37 1994", Some(784_111_777));
        check("Thu, 01 Jan 1970 00:00:00 GMT", Some(0));
        check("Fri, 31 Dec 9999 23:59:59 GMT", Some(LATEST));
        for wrong in [
            "",
            "0",
            "-1",
            "784111777",
            "1994-11-06T08:49:37Z",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 +0100",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun, 31 Feb 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "sun, 06 nov 1994 08:49:37 gmt",
            "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
            "Sün, 06 Nov 1994 08:49:37 GMT",
            "Wed, 31 Dec 1969 23:59:59 GMT",
        ] {
            check(wrong, None);
        }
    }

    proptest! {
        #[test]
        fn reading_is_the_inverse_of_printing(seconds in 0..=LATEST) {
            prop_assert_eq!(parse(&print(seconds)), Some(seconds));
        }

        #[test]
        fn no_text_panics(text in "[SMu, 0-9:GTNovJan-]{0,40}|.{0,40}", seconds: u64) {
            let _ = (parse(&text), print(seconds));
        }
    }
}
