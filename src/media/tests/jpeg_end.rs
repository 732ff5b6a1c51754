//! JPEGs without EOI, and with something else in its place.

use super::{STRIPS, facts, malformed, run};
use crate::media::testing::fuzz::{self, policy};
use crate::media::testing::{jpeg, pixels, segment};
use crate::media::{Facts, Inspector, MediaError, Policy, Strip, Trailing, Verdict};
use crate::model::Kind;

const EOI: &[u8] = b"\xff\xd9";

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, &include_bytes!(concat!("../../../", $name))[..])),*]
    };
}

/// JPEGs of encoders, sequential and progressive, that end with EOI: in every sampling, with
/// and without restarts.
fn encoded() -> Vec<(&'static str, &'static [u8])> {
    files![
        "tests/fixtures/baseline-rotated.jpg",
        "tests/fixtures/grey.jpg",
        "tests/fixtures/private.jpg",
        "tests/fixtures/progressive.jpg",
        "fuzz/seeds/strip/cmyk.jpg",
        "fuzz/seeds/strip/not-sampled.jpg",
        "fuzz/seeds/strip/orientation.jpg",
        "fuzz/seeds/strip/progressive-cmyk.jpg",
        "fuzz/seeds/strip/progressive-grey.jpg",
        "fuzz/seeds/strip/progressive-restarts.jpg",
        "fuzz/seeds/strip/restarts.jpg",
        "fuzz/seeds/strip/rgb.jpg",
        "fuzz/seeds/strip/sampled-4-2-2.jpg",
    ]
    .to_vec()
}

/// What a camera writes after a panorama, in place of EOI.
fn note() -> Vec<u8> {
    let entry = b"\0\0\xd0\x0a\x1d\0\0\0Panorama_Shot_Info1234567890123";
    let index = b"SEFH\x67\0\0\0\x01\0\0\0\0\0\xd0\x0a\x27\0\0\0\x27\0\0\0\x18\0\0\0SEFT";
    [&entry[..], index].concat()
}

fn picture(bytes: &[u8]) -> Option<pixels::Pixels> {
    pixels::decode(Kind::Jpeg, bytes)
}

#[test]
fn a_jpeg_may_be_cut_only_after_its_last_scan() {
    for (name, file) in encoded() {
        let whole = run(&policy(None), [file]);
        let end = whole.stored.len() - EOI.len();
        for cut in 16..end {
            let answer = run(&policy(None), [&file[..cut]]).answer;
            let kind = Kind::Jpeg;
            assert_eq!(
                answer,
                Err(MediaError::Truncated { kind }),
                "{name} cut to {cut}"
            );
        }
        assert!(picture(&whole.stored).is_some(), "{name}");
        for strip in STRIPS {
            let expect = run(&policy(strip), [file]).stored;
            // Half of EOI is none.
            for cut in [end, end + 1] {
                let outcome = run(&policy(strip), [&file[..cut]]);
                assert_eq!(outcome.stored, expect, "{name}, {strip:?}");
                assert!(outcome.stored.ends_with(EOI));
                fuzz::check(&file[..cut], cut / 2);
            }
        }
    }
}

#[test]
fn codes_are_followed_only_on_demand() {
    for (name, file) in encoded() {
        for (bytes, expect) in [(file, "accepted"), (&file[..file.len() - 2], "undecided")] {
            let mut inspector = Inspector::new(policy(None));
            let mut pieces = Vec::new();
            inspector
                .push(bytes.into(), &mut pieces)
                .expect("good so far");
            let verdict = match inspector.finish(&mut pieces) {
                Ok(Verdict::Accepted(_)) => "accepted",
                Ok(Verdict::Undecided) => "undecided",
                Err(error) => panic!("{name}: {error:?}"),
            };
            assert_eq!(verdict, expect, "{name}");
        }
    }
}

#[test]
fn whatever_stands_in_place_of_eoi_is_cut() {
    let (another, zeros) = (jpeg(9, 9), vec![0; 200_000]);
    let noise: Vec<u8> = (0..5000_u32).map(|n| (n * n / 7 + n) as u8).collect();
    let segments = [segment(0xE1, b"Note"), b"\xff\xe1\xff\xf0".to_vec()].concat();
    for (name, file) in encoded() {
        let whole = run(&policy(None), [file]).stored;
        let open = whole.strip_suffix(EOI).expect("an end");
        for (tail, cut) in [
            (&note()[..], note().len()),
            (&another, another.len()),
            (&zeros, zeros.len()),
            (&noise, noise.len()),
            (b"\0\0\0\x18ftypmp42", 12),
            // A segment after the scan is part of the file if it is complete.
            (&segments, 4),
            (b"\xff\x9f", 2),
            (b"\xff\xda\0\x02", 4),
        ] {
            let sent = [open, tail].concat();
            for strip in STRIPS {
                let clean = run(&policy(strip), [&whole[..]]);
                let outcome = run(&policy(strip), [&sent[..]]);
                let expect = clean.answer.expect("a picture");
                let trailing = u64::try_from(cut).expect("short");
                assert_eq!(
                    outcome.answer,
                    Ok(Facts { trailing, ..expect }),
                    "{name}, {tail:02x?}"
                );
                if cut == tail.len() || strip.is_some() {
                    assert!(
                        outcome.stored == clean.stored,
                        "{name}, {strip:?}, {tail:02x?}"
                    );
                }
                for size in [1, 7, 1000] {
                    let pieces = sent.chunks(size);
                    assert!(
                        run(&policy(strip), pieces) == outcome,
                        "{name} cut to {size}"
                    );
                }
            }
            let closed = Policy {
                trailing: Trailing::Reject,
                ..policy(None)
            };
            let kind = Kind::Jpeg;
            let refused = run(&closed, [&sent[..]]).answer;
            assert_eq!(refused, Err(MediaError::TrailingData { kind }));
            assert!(run(&closed, [open]).answer.is_ok(), "{name}");
        }
    }
}

#[test]
fn stray_bytes_between_the_last_scan_and_eoi_do_not_end_the_image() {
    let (_, file) = encoded()[0];
    let open = file.strip_suffix(EOI).expect("an end");
    let comment = segment(0xFE, b"a comment");
    for stray in [
        &[0; 60_000][..],
        b"\xff\xff\xff",
        b"\xff\xd4",
        b"\xff\0 \xff\x01",
    ] {
        for after in [&b""[..], b"appended"] {
            let sent = [open, stray, EOI, after].concat();
            let [location, all, none] = STRIPS.map(|strip| run(&policy(strip), [&sent[..]]).stored);
            // Only codes tell that they are not data of the scan.
            assert!(none == sent[..sent.len() - after.len()]);
            assert!(location == none && all.len() <= none.len());
            fuzz::check(&sent, open.len() + 1);
        }
    }
    // Fill before a segment.
    let sent = [open, b"\xff\xff", &comment, EOI].concat();
    assert!(run(&policy(None), [&sent[..]]).stored == sent);
    let stored = run(&policy(Some(Strip::Location)), [&sent[..]]).stored;
    assert!(stored == sent);
}

#[test]
fn a_picture_that_cannot_be_followed_needs_an_end() {
    let truncated = Err(MediaError::Truncated { kind: Kind::Jpeg });
    let (_, file) = encoded()[0];
    let scan = file.len() - 700;
    let without = |at: usize, count: usize| [&file[..at], &file[at + count..]].concat();
    let mut arithmetic = file.to_vec();
    let frame = memchr::memmem::find(file, b"\xff\xc0").expect("a frame");
    arithmetic[frame + 1] = 0xC9;
    let mut twice = file.to_vec();
    let header = memchr::memmem::find(file, b"\xff\xda").expect("a scan");
    let again = file[header..file.len() - 2].to_vec();
    twice.splice(file.len() - 2..file.len() - 2, again);
    for (name, file) in [
        ("missing data", without(scan, 500)),
        ("no table", without(frame + 19, 33)),
        ("arithmetic codes", arithmetic),
        ("a scan that is repeated", twice),
    ] {
        let whole = facts(Kind::Jpeg, 64, 96, 1);
        assert_eq!(run(&policy(None), [&file[..]]).answer, whole, "{name}");
        let open = &file[..file.len() - 2];
        assert_eq!(run(&policy(None), [open]).answer, truncated, "{name}");
    }
}

#[test]
fn a_reserved_marker_in_a_scan_is_passed_if_a_restart_follows() {
    let restarts = include_bytes!("../../../fuzz/seeds/strip/reserved-marker-before-a-restart.jpg");
    let fill = include_bytes!("../../../fuzz/seeds/strip/fill-before-a-restart.jpg");
    for file in [&restarts[..], fill] {
        let outcome = fuzz::check(file, file.len() / 2);
        assert!(outcome.answer.is_ok(), "{:?}", outcome.answer);
        assert!(outcome.stored == file);
        // Damaged data cannot be followed to its end.
        assert!(
            run(&policy(None), [&file[..file.len() - 2]])
                .answer
                .is_err()
        );
    }
    let reserved = malformed(Kind::Jpeg, "a reserved marker");
    let at = memchr::memmem::find(&restarts[..], b"\xff\x9f").expect("a marker");
    let with = |at: usize, marker: &[u8]| {
        let mut file = restarts.to_vec();
        file[at..at + marker.len()].copy_from_slice(marker);
        run(&policy(None), [&file[..]]).answer
    };
    for marker in [0x02, 0x4F, 0xBF] {
        assert!(with(at, &[0xFF, marker]).is_ok(), "{marker:02x}");
        // No restart follows.
        let last = restarts.len() - 4;
        assert_eq!(with(last, &[0xFF, marker]), reserved, "{marker:02x}");
    }
    // Decoders give up at these in any case.
    for marker in [0xC8, 0xF0, 0xFD] {
        assert_eq!(with(at, &[0xFF, marker]), reserved, "{marker:02x}");
    }
    // Without an interval, no decoder looks for restarts.
    let interval = memchr::memmem::find(&restarts[..], b"\xff\xdd\0\x04").expect("an interval");
    assert_eq!(with(interval + 4, &[0, 0]), reserved);
}
