//! Properties of the inspector that hold for any bytes whatsoever: for property tests here
//! and for fuzzers elsewhere.

use bytes::Bytes;

use super::parts::PNG_SIGNATURE;
use super::pixels::{self, Pixels};
use crate::media::{Facts, Inspector, MediaError, Piece, Policy, Strip, Trailing, Verdict};
use crate::model::{Kind, Traits};
use crate::testing::chance::Chance;

/// The result of inspecting a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// The verdict.
    pub answer: Result<Facts, MediaError>,
    /// The bytes to store, if the verdict is good.
    pub stored: Vec<u8>,
}

/// The default policy, with this treatment of metadata.
pub fn policy(strip: Option<Strip>) -> Policy {
    Policy {
        strip,
        ..Policy::default()
    }
}

/// Gives a file to an inspector in these pieces; if that is undecided, gives what it stored to
/// one that follows codes.
pub fn run<'a>(policy: &Policy, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let (mut verdict, mut stored) = judge(Inspector::new(policy.clone()), pieces);
    if verdict == Ok(Verdict::Undecided) {
        (verdict, stored) = judge(Inspector::following(policy.clone()), [&stored[..]]);
    }
    match verdict {
        Ok(Verdict::Accepted(facts)) => Outcome {
            answer: Ok(facts),
            stored,
        },
        Ok(Verdict::Undecided) => panic!("nothing is undecided once codes are followed"),
        Err(error) => Outcome {
            answer: Err(error),
            stored: Vec::new(),
        },
    }
}

/// The verdict on a file, and the bytes to store.
fn judge<'a>(
    mut inspector: Inspector,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Result<Verdict, MediaError>, Vec<u8>) {
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
    assert!(
        answer.is_err() || original == came,
        "kept and dropped pieces are not the input"
    );
    (answer, stored)
}

/// Whether nothing but the mark of its end is missing from a file that is cut to this length:
/// EOI of a JPEG, or half of it.
pub fn is_whole(kind: Kind, file: &[u8], cut: usize) -> bool {
    let mark = match kind {
        Kind::Jpeg => 2,
        _ => 0,
    };
    cut < file.len() && cut + mark >= file.len()
}

/// What an edit does not change: all but whether there is metadata, and the number of bytes that
/// were cut off from a JPEG. If it had no end, an edit may have left out some of them before its
/// end was known.
fn comparable(answer: &Result<Facts, MediaError>) -> Result<Facts, MediaError> {
    let without_metadata = |facts: Facts| Facts {
        traits: Traits {
            has_metadata: false,
            ..facts.traits
        },
        ..facts
    };
    answer.clone().map(|facts| match facts.kind {
        Kind::Jpeg => Facts {
            trailing: 0,
            ..without_metadata(facts)
        },
        _ => without_metadata(facts),
    })
}

fn has_metadata(answer: &Result<Facts, MediaError>) -> bool {
    answer.as_ref().is_ok_and(|facts| facts.traits.has_metadata)
}

/// Checks a file under every policy about metadata, and returns the outcome under the one
/// that removes locations. One of the runs cuts the file in two at `cut`. Panics if a
/// property does not hold.
pub fn check(bytes: &[u8], cut: usize) -> Outcome {
    let none = run(&policy(None), [bytes]);
    for strip in [None, Some(Strip::All), Some(Strip::Location)] {
        let policy = policy(strip);
        let outcome = run(&policy, [bytes]);
        let (head, tail) = bytes.split_at(cut.min(bytes.len()));
        assert!(
            run(&policy, [head, tail]) == outcome,
            "a cut changes the outcome"
        );
        let Ok(facts) = &outcome.answer else { continue };
        let agree = comparable(&none.answer) == comparable(&outcome.answer);
        assert!(agree, "the edit changes the facts");
        assert!(
            has_metadata(&none.answer) || !facts.traits.has_metadata,
            "the edit adds metadata"
        );
        assert!(
            outcome.stored.len() <= none.stored.len(),
            "the edit makes the file longer"
        );
        let again = run(&policy, [&outcome.stored[..]]);
        let trailing = 0;
        let expected = Ok(Facts { trailing, ..*facts });
        assert_eq!(comparable(&again.answer), comparable(&expected));
        assert!(
            facts.traits.has_metadata || !has_metadata(&again.answer),
            "metadata was stored unnoticed"
        );
        assert!(again.stored == outcome.stored, "a second edit changes more");
    }
    run(&policy(Some(Strip::Location)), [bytes])
}

/// Checks detection, walking and stripping with any bytes. If they are a PNG, checks it
/// again with correct CRCs, without which hardly any damage would get past the first check.
pub fn walk(bytes: &[u8]) {
    check_judgement(bytes);
    if bytes.starts_with(PNG_SIGNATURE) {
        let mut mended = bytes.to_vec();
        mend_png(&mut mended);
        if mended != bytes {
            check_judgement(&mended);
        }
    }
}

fn check_judgement(bytes: &[u8]) {
    let mut chance = Chance::of(bytes);
    let outcome = check(bytes, chance.below(bytes.len() + 1));
    let pieces = chance.pieces(bytes);
    let in_pieces = run(&policy(Some(Strip::Location)), pieces);
    assert!(in_pieces == outcome, "the cuts change the outcome");
    if let Ok(facts) = run(&policy(None), [bytes]).answer {
        check_limits(bytes, &facts);
        check_cut_short(bytes, &facts, &mut chance);
    }
}

/// A policy that allows a little less than the file needs refuses it.
fn check_limits(bytes: &[u8], facts: &Facts) {
    let generous = policy(None);
    let refused = |policy: Policy| run(&policy, [bytes]).answer.expect_err("over a limit");
    let kind = facts.kind;
    let others = Kind::ALL.into_iter().filter(|other| *other != kind);
    let foreign = Policy {
        accepted: others.collect(),
        ..generous.clone()
    };
    let accepted = foreign.accepted.clone();
    let detected = Some(kind.media_type());
    let refusal = MediaError::NotAccepted { detected, accepted };
    assert_eq!(refused(foreign), refusal);
    refused(Policy {
        max_pixels: u64::from(facts.width) * u64::from(facts.height) - 1,
        ..generous.clone()
    });
    refused(Policy {
        max_frames: facts.frames - 1,
        ..generous.clone()
    });
    let closed = Policy {
        trailing: Trailing::Reject,
        ..generous
    };
    if facts.trailing > 0 {
        assert_eq!(refused(closed), MediaError::TrailingData { kind });
    } else {
        let answer = run(&closed, [bytes]).answer;
        assert_eq!(comparable(&answer), comparable(&Ok(*facts)));
    }
}

/// A file that ends before its container does is refused. A WebP may lack its last byte,
/// which is padding, an AVIF the boxes after its pictures, and a JPEG what follows its last
/// scan. A GIF that ends between two blocks gets its trailer.
fn check_cut_short(bytes: &[u8], facts: &Facts, chance: &mut Chance) {
    if matches!(facts.kind, Kind::Webp | Kind::Avif) {
        return;
    }
    let trailing = usize::try_from(facts.trailing).unwrap_or(usize::MAX);
    let end = bytes.len().saturating_sub(trailing);
    for cut in [chance.below(end), end - 1] {
        let (head, _) = bytes.split_at(cut);
        let Outcome { answer, stored } = run(&policy(None), [head]);
        match answer {
            Err(_) => {}
            Ok(cut_facts) if facts.kind == Kind::Jpeg => {
                let same = Facts {
                    trailing: facts.trailing,
                    ..cut_facts
                };
                assert_eq!(comparable(&Ok(same)), comparable(&Ok(*facts)));
                check_completed(&stored);
            }
            Ok(_) if facts.kind == Kind::Gif && stored == [head, b";"].concat() => {}
            Ok(_) => panic!("accepted, though cut at {cut} of {end}"),
        }
    }
}

/// A JPEG that lacked its end gets one, and had none before.
fn check_completed(stored: &[u8]) {
    let open = stored.strip_suffix(b"\xff\xd9");
    let open = open.expect("an end");
    assert!(run(&policy(None), [open]).stored == stored);
}

/// Checks that stripping changes no pixel: a decoder that accepts a file accepts it
/// afterwards and sees the same pixels, in the size and number of frames of the facts. A PNG is
/// checked with correct CRCs too.
pub fn strip(bytes: &[u8]) {
    check_pixels(bytes);
    let mut mended = bytes.to_vec();
    mend_png(&mut mended);
    if mended != bytes {
        check_pixels(&mended);
    }
}

fn check_pixels(bytes: &[u8]) {
    let plain = run(&policy(None), [bytes]);
    let Ok(facts) = plain.answer else {
        return;
    };
    let size = u64::from(facts.width) * u64::from(facts.height) * u64::from(facts.frames);
    if size > MOST_DECODED {
        return;
    }
    // Data after the end is cut off in any case, and some decoders need it.
    let Some(before) = pixels::decode(facts.kind, &plain.stored) else {
        return;
    };
    check_facts(&facts, &before);
    if facts.kind == Kind::Png && facts.trailing == 0 {
        let sent = pixels::decode(facts.kind, bytes);
        let same = sent.is_none_or(|sent| sent == before);
        assert!(same, "a chunk with a wrong CRC was needed");
    }
    for strip in [Strip::Location, Strip::All] {
        let outcome = run(&policy(Some(strip)), [bytes]);
        assert_eq!(comparable(&outcome.answer), comparable(&plain.answer));
        let after = pixels::decode(facts.kind, &outcome.stored);
        assert!(after.as_ref() == Some(&before), "{strip:?} changes pixels");
    }
}

/// The maximum number of pixels, of all frames together, that are worth a fuzzer's time.
const MOST_DECODED: u64 = 1 << 18;

fn check_facts(facts: &Facts, seen: &Pixels) {
    let turned = (seen.height, seen.width);
    let reported = (facts.width, facts.height);
    assert!(
        reported == (seen.width, seen.height) || reported == turned,
        "{facts:?}: {turned:?}"
    );
    assert_eq!(facts.frames, seen.frames);
}

/// Corrects the CRCs of a PNG, without which hardly any damage would get past the first
/// check.
pub fn mend_png(bytes: &mut [u8]) {
    if !bytes.starts_with(PNG_SIGNATURE) {
        return;
    }
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
        let Some(stated) = bytes.get_mut(end..end + 4) else {
            return;
        };
        stated.copy_from_slice(&crc);
        at = end + 4;
    }
}
