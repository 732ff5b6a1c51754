//! Times, as stored and written.

use std::fmt;

use time::OffsetDateTime;
use time::format_description::BorrowedFormatItem;
use time::macros::format_description;

/// A time in milliseconds since the Unix epoch, UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

/// The last millisecond of the year 9999, the last that RFC 3339 can write.
const LATEST: i64 = 253_402_300_799_999;

impl Timestamp {
    /// A time from milliseconds since the Unix epoch. Times outside the years 1970 to 9999
    /// are clamped.
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(0, LATEST))
    }

    /// A time from seconds since the Unix epoch, likewise clamped.
    pub fn from_seconds(seconds: u64) -> Self {
        Self::from_millis(
            i64::try_from(seconds)
                .unwrap_or(i64::MAX)
                .saturating_mul(1000),
        )
    }

    /// Milliseconds since the Unix epoch, never negative.
    pub fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the Unix epoch.
    pub fn seconds(self) -> u64 {
        self.0.unsigned_abs() / 1000
    }

    /// The time that is this many seconds later.
    pub fn plus_seconds(self, seconds: i64) -> Self {
        self.plus_millis(seconds.saturating_mul(1000))
    }

    /// The time that is this many milliseconds later.
    pub fn plus_millis(self, millis: i64) -> Self {
        Self::from_millis(self.0.saturating_add(millis))
    }
}

/// RFC 3339 in UTC with milliseconds.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const FORMAT: &[BorrowedFormatItem<'_>] = format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z"
        );
        let nanos = i128::from(self.0) * 1_000_000;
        let time = OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(|_| fmt::Error)?;
        f.write_str(&time.format(FORMAT).map_err(|_| fmt::Error)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_rfc_3339_with_milliseconds() {
        let check = |millis, expect: &str| {
            assert_eq!(Timestamp::from_millis(millis).to_string(), expect);
        };
        check(0, "1970-01-01T00:00:00.000Z");
        check(1_763_942_400_007, "2025-11-24T00:00:00.007Z");
        check(-5, "1970-01-01T00:00:00.000Z");
        check(i64::MAX, "9999-12-31T23:59:59.999Z");
    }

    proptest::proptest! {
        #[test]
        fn written_times_are_rfc_3339_and_sort_in_order(a: i64, b in 0..LATEST) {
            use time::format_description::well_known::Rfc3339;
            let (a, b) = (Timestamp::from_millis(a), Timestamp::from_millis(b));
            for time in [a, b] {
                let read = OffsetDateTime::parse(&time.to_string(), &Rfc3339).expect("RFC 3339");
                let millis = read.unix_timestamp_nanos() / 1_000_000;
                proptest::prop_assert_eq!(millis, i128::from(time.millis()));
            }
            proptest::prop_assert_eq!(a.cmp(&b), a.to_string().cmp(&b.to_string()));
        }

        #[test]
        fn any_number_of_seconds_is_a_time(seconds: u64, more: i64) {
            let time = Timestamp::from_seconds(seconds);
            proptest::prop_assert_eq!(time.seconds(), seconds.min(253_402_300_799));
            let later = time.plus_seconds(more);
            proptest::prop_assert!((0..=LATEST).contains(&later.millis()));
        }
    }
}
