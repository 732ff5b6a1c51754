//! The ids of images that are made together.

use uuid::Uuid;

use crate::model::Timestamp;
use crate::platform::{Platform, id_at};

/// The bits of a UUIDv7 after its time and version (`rand_a`, RFC 9562 §5.7), which number
/// the ids of one moment (§6.2, method 1).
const COUNTER: u128 = 0xfff << COUNTER_SHIFT;
const COUNTER_SHIFT: u32 = 64;

/// Returns `number` UUIDv7s of this time in ascending order: the files of a form keep their
/// order, since images of the same time are sorted by id. Each has 62 random bits of its own.
pub(super) fn ids_at(
    platform: &dyn Platform,
    time: Timestamp,
    number: usize,
) -> impl Iterator<Item = Uuid> {
    let random = move || id_at(platform, time).as_u128();
    // It begins low enough not to overflow.
    let room = (COUNTER >> COUNTER_SHIFT).saturating_sub(number as u128) + 1;
    let first = ((random() & COUNTER) >> COUNTER_SHIFT) % room;
    (first..).take(number).map(move |counter| {
        let counter = (counter << COUNTER_SHIFT) & COUNTER;
        Uuid::from_u128((random() & !COUNTER) | counter)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::testing::TestPlatform;

    proptest::proptest! {
        #[test]
        fn ids_of_one_moment_are_in_order_and_contain_the_time(millis in 0i64..253_402_300_799_999, number in 0usize..40) {
            let time = Timestamp::from_millis(millis);
            let platform = TestPlatform::new(move || time);
            let ids: Vec<Uuid> = ids_at(&platform, time, number).collect();
            proptest::prop_assert_eq!(ids.len(), number);
            proptest::prop_assert!(ids.is_sorted_by(|a, b| a < b));
            proptest::prop_assert!(ids.is_sorted_by(|a, b| a.to_string() < b.to_string()));
            for id in ids {
                proptest::prop_assert_eq!(id.get_version_num(), 7);
                proptest::prop_assert_eq!(id.get_variant(), uuid::Variant::RFC4122);
                let (seconds, nanos) = id.get_timestamp().expect("a time").to_unix();
                let contained = seconds * 1000 + u64::from(nanos) / 1_000_000;
                proptest::prop_assert_eq!(contained, millis.unsigned_abs());
            }
        }
    }
}
