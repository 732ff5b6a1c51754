use proptest::prelude::*;

use super::Selection::{Parts, Unsatisfiable, Whole};
use super::*;

const SIZE: u64 = 100_000;

/// The selection if reads are free.
fn selected(value: &str, size: u64) -> Selection {
    select(value, size, |_| 0)
}

fn parts(ranges: &[(u64, u64)]) -> Selection {
    Parts(ranges.iter().map(|(start, end)| *start..*end).collect())
}

#[test]
fn single_ranges_are_parsed_strictly() {
    let check = |value: &str, expect: Selection| {
        assert_eq!(selected(value, SIZE), expect, "{value}");
    };
    check("bytes=0-0", parts(&[(0, 1)]));
    check("bytes=0-499", parts(&[(0, 500)]));
    check("bytes=500-", parts(&[(500, SIZE)]));
    check("bytes=0-", parts(&[(0, SIZE)]));
    check("bytes=-500", parts(&[(SIZE - 500, SIZE)]));
    check("bytes=-1", parts(&[(SIZE - 1, SIZE)]));
    check("Bytes=1-2", parts(&[(1, 3)]));
    check("bytes= 1-2 ,", parts(&[(1, 3)]));
    check("bytes=007-0008", parts(&[(7, 9)]));
    // A range past the end is truncated.
    check("bytes=99999-100000", parts(&[(SIZE - 1, SIZE)]));
    check("bytes=-100001", parts(&[(0, SIZE)]));
    check("bytes=1-18446744073709551615", parts(&[(1, SIZE)]));
    check("bytes=1-99999999999999999999999999", parts(&[(1, SIZE)]));
    check("bytes=-99999999999999999999999999", parts(&[(0, SIZE)]));
}

#[test]
fn a_range_past_the_end_is_unsatisfiable() {
    for value in [
        "bytes=100000-",
        "bytes=100000-100001",
        "bytes=-0",
        "bytes=-0, 200000-",
        "bytes=99999999999999999999999999-",
    ] {
        assert_eq!(selected(value, SIZE), Unsatisfiable, "{value}");
    }
    // One satisfiable range is enough.
    assert_eq!(selected("bytes=200000-,-0,5-6", SIZE), parts(&[(5, 7)]));
}

#[test]
fn malformed_ranges_are_ignored() {
    for value in [
        "",
        "bytes",
        "bytes=",
        "bytes=,",
        "bytes=-",
        "bytes=--1",
        "bytes=1",
        "bytes=a-b",
        "bytes=1-b",
        "bytes=2-1",
        "bytes=0-1,2-1",
        "bytes=0x1-2",
        "bytes=+1-2",
        "bytes=1 - 2",
        "bytes=1-2 3-4",
        "bytes =1-2",
        " bytes=1-2",
        "bytes:1-2",
        "bytes=1-2,bytes=3-4",
        "octets=1-2",
        "seconds=1-2",
        "bytes=1-2\u{a0}",
        "bytes=١-٢",
    ] {
        assert_eq!(selected(value, SIZE), Whole, "{value}");
    }
    // Empty content has no parts.
    for value in ["bytes=0-", "bytes=-1", "bytes=0-0"] {
        assert_eq!(selected(value, 0), Whole, "{value}");
    }
}

#[test]
fn ranges_that_overlap_or_nearly_touch_are_merged() {
    let check = |value: &str, ranges: &[(u64, u64)]| {
        assert_eq!(selected(value, SIZE), parts(ranges), "{value}");
    };
    check("bytes=0-9,5-19", &[(0, 20)]);
    check("bytes=5-19,0-9", &[(0, 20)]);
    check("bytes=0-9,10-19", &[(0, 20)]);
    check("bytes=0-9,138-199", &[(0, 200)]);
    check("bytes=0-9,139-199", &[(0, 10), (139, 200)]);
    check("bytes=0-,0-,0-,1-,-1,-2", &[(0, SIZE)]);
    check("bytes=0-9,-10", &[(0, 10), (SIZE - 10, SIZE)]);
    // Ranges keep the order of the request; a merged range has the position of its first part.
    check("bytes=-10,0-9", &[(SIZE - 10, SIZE), (0, 10)]);
    check(
        "bytes=5000-5009,0-9,5005-5019,9000-",
        &[(5000, 5020), (0, 10), (9000, SIZE)],
    );
    // A range that overlaps two others merges all three.
    check("bytes=0-9,1000-1009,5-1004", &[(0, 1010)]);
}

#[test]
fn expensive_ranges_are_answered_with_the_whole() {
    let spread = |count: u64, step: u64| {
        let ranges: Vec<_> = (0..count)
            .map(|n| format!("{}-{}", n * step, n * step))
            .collect();
        format!("bytes={}", ranges.join(","))
    };
    assert!(matches!(selected(&spread(32, 1000), SIZE), Parts(parts) if parts.len() == 32));
    assert_eq!(selected(&spread(33, 1000), SIZE), Whole);
    // Too many ranges are refused even if a later range would merge them.
    assert_eq!(selected(&format!("{},0-", spread(33, 1000)), SIZE), Whole);
    // Many ranges that nearly touch are merged.
    assert_eq!(selected(&spread(256, 10), SIZE), parts(&[(0, 2551)]));
    // More ranges than that are not parsed.
    assert_eq!(selected(&spread(257, 10), SIZE), Whole);
    assert_eq!(selected(&spread(9000, 10), SIZE), Whole);
    // Two halves with a small gap cost more than the whole.
    assert_eq!(selected("bytes=0-49999,50200-", SIZE), Whole);
    assert_eq!(
        selected("bytes=0-0,200-200", 300),
        parts(&[(0, 1), (200, 201)])
    );
    assert_eq!(selected("bytes=0-0,200-200", 250), Whole);
}

#[test]
fn ranges_that_cost_the_store_more_than_the_whole_are_answered_with_the_whole() {
    // One read for each part, and two for the whole.
    let cost = |parts: &[Range<u64>]| match parts {
        [whole] if *whole == (0..SIZE) => 2,
        parts => parts.len() as u64,
    };
    let two = "bytes=0-0,90000-90000";
    assert_eq!(select(two, SIZE, cost), parts(&[(0, 1), (90_000, 90_001)]));
    assert_eq!(select("bytes=0-0,90000-90000,500-500", SIZE, cost), Whole);
    // A single range is always served.
    let costly = |parts: &[Range<u64>]| u64::from(parts.iter().all(|part| *part != (0..SIZE)));
    assert_eq!(select("bytes=0-1", SIZE, costly), parts(&[(0, 2)]));
}

fn spec() -> impl Strategy<Value = Spec> {
    prop_oneof![
        any::<u64>().prop_map(|first| Spec::From { first, last: None }),
        (0..2000u64, 0..2000u64).prop_map(|(first, more)| Spec::From {
            first,
            last: Some(first + more)
        }),
        (0..2000u64).prop_map(Spec::Suffix),
    ]
}

proptest! {
    #[test]
    fn reading_is_the_inverse_of_printing(
        specs in proptest::collection::vec(spec(), 1..20),
        comma in "[ \t]{0,2}(,[ \t]{0,2}){1,2}",
    ) {
        let printed: Vec<_> = specs.iter().map(ToString::to_string).collect();
        prop_assert_eq!(parse(&format!("bytes={}", printed.join(&comma))), Some(specs));
    }

    #[test]
    fn every_requested_byte_is_selected_once(
        specs in proptest::collection::vec(spec(), 1..12),
        size in 1..3000u64,
    ) {
        let printed: Vec<_> = specs.iter().map(ToString::to_string).collect();
        let requested: Vec<_> = specs.iter().filter_map(|spec| spec.resolve(size)).collect();
        match selected(&format!("bytes={}", printed.join(",")), size) {
            Unsatisfiable => prop_assert_eq!(requested, vec![]),
            Whole => prop_assert!(requested.len() > 1),
            Parts(parts) => {
                prop_assert!(!parts.is_empty());
                for (at, part) in parts.iter().enumerate() {
                    prop_assert!(part.start < part.end && part.end <= size);
                    for other in &parts[at + 1..] {
                        let apart = part.end + PART_OVERHEAD < other.start
                            || other.end + PART_OVERHEAD < part.start;
                        prop_assert!(apart, "{:?} and {:?}", part, other);
                    }
                }
                for range in requested {
                    let covers = |part: &Range<u64>| {
                        part.start <= range.start && range.end <= part.end
                    };
                    prop_assert_eq!(parts.iter().filter(|part| covers(part)).count(), 1);
                }
            }
        }
    }

    #[test]
    fn no_field_panics(value in "bytes=[0-9, -]{0,60}|.{0,60}", size: u64) {
        if let Parts(parts) = selected(&value, size) {
            prop_assert!(parts.iter().all(|part| part.start < part.end && part.end <= size));
        }
    }
}
