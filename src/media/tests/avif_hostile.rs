//! Hostile AVIFs, each with a name, and their outcomes for every setting of metadata.

mod counts;
mod makers;
mod metadata;
mod nesting;
mod parts;
mod places;
mod samples;
mod sizes;
mod structure;

use crate::media::testing::fuzz::{self, policy, run};
use crate::media::testing::isobmff::{Item, Meta, Movie, file, ftyp};
use crate::media::{MediaError, Strip};

/// The outcome for a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Expect {
    Accepted,
    Malformed(&'static str),
    CutShort,
    TooManyPixels,
    TooManyFrames,
    TooMuchWork,
}

/// A hostile file.
struct Case {
    name: String,
    bytes: Vec<u8>,
    /// With locations removed, with all metadata removed, and with nothing removed.
    expect: [Expect; 3],
}

fn case(name: &str, bytes: Vec<u8>, expect: Expect) -> Case {
    Case {
        name: name.to_owned(),
        bytes,
        expect: [expect; 3],
    }
}

fn accepted(name: &str, bytes: Vec<u8>) -> Case {
    case(name, bytes, Expect::Accepted)
}

fn refused(name: &str, bytes: Vec<u8>, reason: &'static str) -> Case {
    case(name, bytes, Expect::Malformed(reason))
}

/// A file that is more work than its bytes pay for.
fn costly(name: &str, bytes: Vec<u8>) -> Case {
    case(name, bytes, Expect::TooMuchWork)
}

/// A file that is refused only if it would have to be edited.
fn uneditable(name: &str, bytes: Vec<u8>, reason: &'static str) -> Case {
    let refused = Expect::Malformed(reason);
    Case {
        expect: [refused, refused, Expect::Accepted],
        ..accepted(name, bytes)
    }
}

const SHORT: &str = "a box ends before its fields do";
const OUTSIDE: &str = "a box extends beyond the box that contains it";
const NO_DATA: &str = "a picture is not in a data box";
const NO_BYTES: &str = "a picture has no bytes";
const TWICE: &str = "a box that must be unique occurs twice";

/// The extent of the picture of [`image`].
const PICTURE: (u32, u32) = (1000, 10);
/// A text that must not remain anywhere.
const SECRET: &[u8] = b"at Zzyzx";

/// An AVIF with this `meta` box; the file ends with the picture.
fn image(meta: &Meta) -> Vec<u8> {
    file(&[ftyp(&[b"avif"]), meta.build()], 1010)
}

/// A `meta` box with one picture and these items.
fn meta(items: &[Item]) -> Meta {
    let picture = Item::new(b"av01", &[PICTURE]);
    Meta::new(&[&[picture], items].concat())
}

/// An AVIF of one picture with these extents.
fn picture_at(extents: &[(u32, u32)]) -> Vec<u8> {
    image(&Meta::new(&[Item::new(b"av01", extents)]))
}

/// An AVIF sequence with this `moov` box; the file ends with the last frame.
fn sequence(movie: &Movie) -> Vec<u8> {
    file(&[ftyp(&[b"avis"]), movie.build()], 1040)
}

fn movie() -> Movie {
    Movie::new([1000, 1020])
}

/// `bytes` with the first occurrence of `from` replaced by `to`.
fn patched(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).position(|part| part == from);
    let at = at.expect("the bytes to replace");
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}

fn seen(answer: &Result<crate::media::Facts, MediaError>) -> Expect {
    match answer {
        Ok(_) => Expect::Accepted,
        Err(MediaError::Malformed { reason, .. }) => Expect::Malformed(reason),
        Err(MediaError::Truncated { .. }) => Expect::CutShort,
        Err(MediaError::TooManyPixels { .. }) => Expect::TooManyPixels,
        Err(MediaError::TooManyFrames { .. }) => Expect::TooManyFrames,
        Err(MediaError::TooMuchWork { .. }) => Expect::TooMuchWork,
        Err(other) => panic!("{other:?}"),
    }
}

fn has_secret(bytes: &[u8]) -> bool {
    bytes.windows(SECRET.len()).any(|part| part == SECRET)
}

fn check(case: &Case) {
    let Case {
        name,
        bytes,
        expect,
    } = case;
    let levels = [Some(Strip::Location), Some(Strip::All), None];
    for (strip, expect) in levels.into_iter().zip(expect) {
        let outcome = run(&policy(strip), [&bytes[..]]);
        assert_eq!(seen(&outcome.answer), *expect, "{name}: {strip:?}");
        let secret = has_secret(&outcome.stored);
        assert!(!secret || strip.is_none(), "{name}: {strip:?}");
        if outcome.answer.is_ok() && strip.is_none() {
            assert!(outcome.stored == *bytes, "{name}: {strip:?}");
        }
    }
    fuzz::check(bytes, bytes.len() / 3);
}

#[test]
fn every_hostile_file_has_the_expected_outcome() {
    let groups = [
        counts::cases(),
        makers::cases(),
        metadata::cases(),
        nesting::cases(),
        parts::cases(),
        places::cases(),
        samples::cases(),
        structure::cases(),
    ];
    let cases: Vec<Case> = groups.into_iter().flatten().collect();
    let mut names: Vec<&str> = cases.iter().map(|case| &case.name[..]).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), cases.len(), "a name is not unique");
    assert!(names.len() >= 200, "{} cases", names.len());
    cases.iter().for_each(check);
}
