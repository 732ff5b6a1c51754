//! Malicious files, one for each trick, and their outcomes.

mod exif;
mod gif;
mod jpeg;
mod png;
mod texts;
mod webp;

use super::STRIPS;
use crate::media::testing::fuzz::{self, policy, run};

/// A location that must not be revealed.
const SECRET: &[u8] = b"Zzyzx";

/// The outcome for a file.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// It is refused, with a reason that contains this text.
    Refused(&'static str),
    /// It is accepted, and stored byte for byte.
    Same,
    /// It is accepted, and stored with something removed, and without the secret.
    Less,
}

use Fate::{Less, Refused, Same};

/// A name, a file, and its fate with locations removed, with all metadata removed, and with
/// nothing removed.
struct Case(&'static str, Vec<u8>, [Fate; 3]);

fn refused(name: &'static str, file: Vec<u8>, reason: &'static str) -> Case {
    Case(name, file, [Refused(reason); 3])
}

fn kept(name: &'static str, file: Vec<u8>) -> Case {
    Case(name, file, [Same; 3])
}

/// Something in it is removed with locations and with all metadata.
fn hidden(name: &'static str, file: Vec<u8>) -> Case {
    Case(name, file, [Less, Less, Same])
}

/// Something in it is removed only with all metadata.
fn private(name: &'static str, file: Vec<u8>) -> Case {
    Case(name, file, [Same, Less, Same])
}

fn has_secret(bytes: &[u8]) -> bool {
    bytes.windows(SECRET.len()).any(|text| text == SECRET)
}

fn check(Case(name, file, fates): &Case) {
    for (strip, fate) in STRIPS.into_iter().zip(fates) {
        let outcome = run(&policy(strip), [&file[..]]);
        let context = format!("{name}, {strip:?}: {:?}", outcome.answer);
        match (fate, &outcome.answer) {
            (Refused(reason), Err(error)) => {
                assert!(error.to_string().contains(reason), "{context}");
            }
            (Same, Ok(_)) => assert!(outcome.stored == *file, "{context}, not the same"),
            (Less, Ok(_)) => {
                assert!(outcome.stored != *file, "{context}, the same");
                assert!(!has_secret(&outcome.stored), "{context}, with the secret");
            }
            _ => panic!("{context}"),
        }
        for size in [1, 7, 1000] {
            let pieces = file.chunks(size);
            assert!(
                run(&policy(strip), pieces) == outcome,
                "{context}, cut to {size}"
            );
        }
    }
    fuzz::check(file, file.len() / 2);
}

#[test]
fn every_trick_has_the_expected_outcome() {
    let cases: Vec<Case> = [
        jpeg::cases(),
        png::cases(),
        gif::cases(),
        webp::cases(),
        exif::cases(),
        texts::cases(),
    ]
    .into_iter()
    .flatten()
    .collect();
    for case in &cases {
        check(case);
    }
    let mut names: Vec<&str> = cases.iter().map(|Case(name, ..)| *name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), cases.len(), "a name is not unique");
}
