//! Files that were made to lead astray, one for each trick, and what becomes of them.

mod exif;
mod gif;
mod jpeg;
mod png;
mod texts;
mod webp;

use super::STRIPS;
use crate::media::testing::fuzz::{self, policy, run};

/// A place that nobody is to be told.
const SECRET: &[u8] = b"Zzyzx";

/// What becomes of a file.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// It is refused, with a reason that has this text.
    Refused(&'static str),
    /// It is taken, and stored byte by byte.
    Same,
    /// It is taken, and stored with less in it, and without the secret.
    Less,
}

use Fate::{Less, Refused, Same};

/// A file, what it tries, and its fate where places go, where all goes, and where
/// nothing does.
struct Case(&'static str, Vec<u8>, [Fate; 3]);

fn refused(name: &'static str, file: Vec<u8>, reason: &'static str) -> Case {
    Case(name, file, [Refused(reason); 3])
}

fn kept(name: &'static str, file: Vec<u8>) -> Case {
    Case(name, file, [Same; 3])
}

/// Something in it goes where anything does.
fn hidden(name: &'static str, file: Vec<u8>) -> Case {
    Case(name, file, [Less, Less, Same])
}

/// Something in it goes only where all does.
fn private(name: &'static str, file: Vec<u8>) -> Case {
    Case(name, file, [Same, Less, Same])
}

fn has_secret(bytes: &[u8]) -> bool {
    bytes.windows(SECRET.len()).any(|text| text == SECRET)
}

fn check(Case(name, file, fates): &Case) {
    for (strip, fate) in STRIPS.into_iter().zip(fates) {
        let outcome = run(&policy(strip), [&file[..]]);
        let told = format!("{name}, {strip:?}: {:?}", outcome.answer);
        match (fate, &outcome.answer) {
            (Refused(reason), Err(error)) => {
                assert!(error.to_string().contains(reason), "{told}");
            }
            (Same, Ok(_)) => assert!(outcome.stored == *file, "{told}, not the same"),
            (Less, Ok(_)) => {
                assert!(outcome.stored != *file, "{told}, the same");
                assert!(!has_secret(&outcome.stored), "{told}, with the secret");
            }
            _ => panic!("{told}"),
        }
        for size in [1, 7, 1000] {
            let pieces = file.chunks(size);
            assert!(
                run(&policy(strip), pieces) == outcome,
                "{told}, cut to {size}"
            );
        }
    }
    fuzz::check(file, file.len() / 2);
}

#[test]
fn every_trick_has_the_fate_that_it_deserves() {
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
    assert_eq!(names.len(), cases.len(), "two have the same name");
}
