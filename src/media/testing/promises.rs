//! What holds of any bytes whatsoever, to be checked on many: for property tests
//! here and for fuzzers elsewhere.

use bytes::Bytes;

use crate::media::{Facts, Inspector, Kind, MediaError, Piece, Policy, Strip, Trailing};

/// What became of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The judgement.
    pub answer: Result<Facts, MediaError>,
    /// What is to be stored, if the judgement is good.
    pub stored: Vec<u8>,
}

/// A policy that takes everything of a usual size, with this about metadata.
pub fn policy(strip: Option<Strip>) -> Policy {
    Policy {
        accepted: Kind::ALL.to_vec(),
        max_pixels: 50_000_000,
        max_width: 65_535,
        max_height: 65_535,
        max_frames: 1000,
        max_metadata_bytes: 1 << 20,
        strip,
        trailing: Trailing::Cut,
    }
}

/// Gives a file to an inspector in these pieces.
pub fn run<'a>(policy: &Policy, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let mut inspector = Inspector::new(policy.clone());
    let mut given = Vec::new();
    let (mut came, mut stored, mut original) = (Vec::new(), Vec::new(), Vec::new());
    let mut answer = Ok(());
    for piece in pieces {
        came.extend_from_slice(piece);
        answer = inspector.push(Bytes::copy_from_slice(piece), &mut given);
        if answer.is_err() {
            break;
        }
    }
    let answer = answer.and_then(|()| inspector.finish(&mut given));
    for piece in given {
        match piece {
            Piece::Kept(bytes) => {
                stored.extend_from_slice(&bytes);
                original.extend_from_slice(&bytes);
            }
            Piece::Dropped(bytes) => original.extend_from_slice(&bytes),
            Piece::Added(bytes) => stored.extend_from_slice(&bytes),
        }
    }
    match answer {
        Ok(facts) => {
            assert!(original == came, "kept and dropped are not what came");
            let answer = Ok(facts);
            Outcome { answer, stored }
        }
        Err(error) => Outcome {
            answer: Err(error),
            stored: Vec::new(),
        },
    }
}

/// Checks a file under every policy about metadata, and gives what became of it
/// where only the location goes. `cut` is where it is cut in two once. Panics
/// where a promise is broken.
pub fn check(bytes: &[u8], cut: usize) -> Outcome {
    let none = run(&policy(None), [bytes]);
    for strip in [Strip::All, Strip::Location] {
        let policy = policy(Some(strip));
        let outcome = run(&policy, [bytes]);
        let (head, tail) = bytes.split_at(cut.min(bytes.len()));
        assert!(run(&policy, [head, tail]) == outcome, "a cut changes it");
        let Ok(facts) = &outcome.answer else { continue };
        assert_eq!(none.answer, outcome.answer, "the edit changes the facts");
        assert!(outcome.stored.len() <= bytes.len(), "it became longer");
        let again = run(&policy, [&outcome.stored[..]]);
        let trailing = 0;
        assert_eq!(again.answer, Ok(Facts { trailing, ..*facts }));
        assert!(again.stored == outcome.stored, "a second edit changes more");
    }
    run(&policy(Some(Strip::Location)), [bytes])
}

/// Makes the CRCs of a PNG right again, without which hardly any damage would get
/// past the first check.
pub fn mend_png(bytes: &mut [u8]) {
    let mut at = 8;
    while let Some(size) = bytes.get(at..).and_then(|rest| rest.first_chunk()) {
        let size = usize::try_from(u32::from_be_bytes(*size)).unwrap_or(usize::MAX);
        let Some(end) = size.checked_add(at + 8) else {
            return;
        };
        let Some(covered) = bytes.get(at + 4..end) else {
            return;
        };
        let crc = crc32fast::hash(covered).to_be_bytes();
        let Some(place) = bytes.get_mut(end..end + 4) else {
            return;
        };
        place.copy_from_slice(&crc);
        at = end + 4;
    }
}
