//! Properties that the inspector has for every kind of file.

mod apng;
mod avif;
mod avif_cut;
mod avif_hostile;
mod avif_metadata;
mod costly;
mod extended_xmp;
mod gif;
mod hostile;
mod jpeg;
mod jpeg_end;
mod limits;
mod mutations;
mod png;
mod png_crc;
mod stripping;
mod traits;
mod webp;
mod work;

use proptest::prelude::*;
use proptest::sample::Index;

use bytes::Bytes;

use super::inspect::MAX_HEADER;
use super::testing::fuzz::Outcome;
use super::testing::{self, MIN_PNG_SIZE, fuzz};
use super::{Facts, Inspector, MediaError, Policy, Strip, Trailing, Verdict};
use crate::model::{Kind, Traits};

type Answer = Result<Facts, MediaError>;

/// The settings for metadata: remove locations, remove all, keep everything.
const STRIPS: [Option<Strip>; 3] = [Some(Strip::Location), Some(Strip::All), None];

fn policy() -> Policy {
    Policy {
        max_pixels: 1_000_000,
        max_frames: 100,
        max_metadata_bytes: 65_536,
        strip: None,
        ..Policy::default()
    }
}

/// The inspector's answer to the next bytes.
fn push(inspector: &mut Inspector, bytes: &[u8]) -> Result<(), MediaError> {
    inspector.push(Bytes::copy_from_slice(bytes), &mut Vec::new())
}

/// Gives a file to an inspector in these pieces. The facts that it finds are without their traits.
fn run<'a>(policy: &Policy, pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcome {
    let outcome = fuzz::run(policy, pieces);
    Outcome {
        answer: untraced(outcome.answer),
        ..outcome
    }
}

fn inspect(bytes: &[u8]) -> Answer {
    inspect_pieces([bytes])
}

fn inspect_pieces<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Answer {
    run(&policy(), pieces).answer
}

fn malformed(kind: Kind, reason: &'static str) -> Answer {
    Err(MediaError::Malformed { kind, reason })
}

fn facts(kind: Kind, width: u32, height: u32, frames: u32) -> Answer {
    Ok(Facts {
        kind,
        width,
        height,
        frames,
        traits: PLAIN,
        trailing: 0,
    })
}

/// The traits of a picture that is all that its file contains.
const PLAIN: Traits = Traits {
    orientation: 1,
    has_alpha: false,
    has_standard_colours: true,
    has_metadata: false,
};

/// The answer without the traits, which have tests of their own.
fn untraced(answer: Answer) -> Answer {
    answer.map(|facts| Facts {
        traits: PLAIN,
        ..facts
    })
}

fn samples() -> Vec<(Vec<u8>, Answer)> {
    vec![
        (testing::png(5, 3), facts(Kind::Png, 5, 3, 1)),
        (testing::png_of_size(3000), facts(Kind::Png, 1, 1, 1)),
        (testing::gif(7, 2, 1), facts(Kind::Gif, 7, 2, 1)),
        (testing::gif(20, 40, 3), facts(Kind::Gif, 20, 40, 3)),
        (testing::jpeg(17, 9), facts(Kind::Jpeg, 17, 9, 1)),
        (
            testing::jpeg_with_orientation(4, 8, 3),
            facts(Kind::Jpeg, 4, 8, 1),
        ),
        (
            testing::jpeg_with_orientation(4, 8, 6),
            facts(Kind::Jpeg, 8, 4, 1),
        ),
        (testing::webp(300, 2), facts(Kind::Webp, 300, 2, 1)),
        (testing::avif(), facts(Kind::Avif, 3, 2, 1)),
    ]
}

#[test]
fn every_kind_is_recognised_with_its_size_and_frames() {
    for (bytes, expect) in samples() {
        assert_eq!(inspect(&bytes), expect);
    }
}

/// Whether the answer fits a file that is cut to this length. A GIF may be cut between two
/// blocks, and a JPEG after its last scan.
fn is_cut(kind: Kind, file: &[u8], cut: usize, answer: &Answer) -> bool {
    match answer {
        Err(MediaError::Empty) => cut == 0,
        // Not even the first bytes, which determine the kind, are complete.
        Err(MediaError::NotAccepted { detected: None, .. }) => (1..64).contains(&cut),
        Err(error) => *error == MediaError::Truncated { kind },
        Ok(_) => kind == Kind::Gif || fuzz::is_whole(kind, file, cut),
    }
}

#[test]
fn every_truncation_is_refused() {
    for (bytes, expect) in samples() {
        let kind = expect.expect("samples are good").kind;
        for cut in 0..bytes.len() {
            let answer = inspect(&bytes[..cut]);
            assert!(
                is_cut(kind, &bytes, cut, &answer),
                "{kind:?} cut to {cut}: {answer:?}"
            );
        }
    }
}

#[test]
fn bytes_may_arrive_one_by_one() {
    for (bytes, expect) in samples() {
        assert_eq!(inspect_pieces(bytes.chunks(1)), expect);
    }
}

#[test]
fn trailing_data_is_cut_off_or_refused() {
    for (bytes, expect) in samples() {
        let expect = expect.expect("samples are good");
        let longer = [&bytes, &b"polyglot"[..]].concat();
        for size in [1, 3, longer.len()] {
            let found = inspect_pieces(longer.chunks(size));
            let trailing = 8;
            assert_eq!(found, Ok(Facts { trailing, ..expect }));
        }
        for strip in [None, Some(Strip::Location), Some(Strip::All)] {
            let policy = Policy { strip, ..policy() };
            let stored = fuzz::run(&policy, [&longer[..]]).stored;
            assert!(!stored.ends_with(b"polyglot"));
            let reject = Policy {
                trailing: Trailing::Reject,
                ..policy
            };
            let kind = expect.kind;
            let refused = Err(MediaError::TrailingData { kind });
            for size in [1, 1000] {
                // One byte is enough.
                let longer = &longer[..bytes.len() + 1];
                let answer = fuzz::run(&reject, longer.chunks(size)).answer;
                assert_eq!(answer, refused);
                assert!(fuzz::run(&reject, bytes.chunks(size)).answer.is_ok());
            }
        }
    }
}

#[test]
fn a_kind_that_is_not_accepted_is_refused_at_its_first_bytes() {
    for (bytes, expect) in samples() {
        let kind = expect.expect("samples are good").kind;
        let mut inspector = Inspector::new(Policy {
            accepted: Kind::ALL.into_iter().filter(|one| *one != kind).collect(),
            ..policy()
        });
        let refusal = Err(MediaError::NotAccepted {
            detected: Some(kind.media_type()),
            accepted: Kind::ALL.into_iter().filter(|one| *one != kind).collect(),
        });
        let (head, rest) = bytes.split_at(bytes.len().min(32));
        assert_eq!(push(&mut inspector, head), refusal);
        assert_eq!(inspector.kind(), Some(kind));
        assert_eq!(push(&mut inspector, rest), refusal);
        assert_eq!(inspector.finish(&mut Vec::new()).map(|_| ()), refusal);
    }
}

#[test]
fn a_canvas_that_is_too_large_is_refused_before_its_pixels_arrive() {
    let check = |bytes: &[u8], width, height| {
        let mut inspector = Inspector::new(policy());
        let expect = MediaError::TooManyPixels {
            width,
            height,
            max_pixels: 1_000_000,
        };
        assert_eq!(push(&mut inspector, bytes), Err(expect));
    };
    check(&testing::gif(1001, 1000, 1)[..13], 1001, 1000);
    check(&testing::webp(1001, 1000)[..25], 1001, 1000);
    check(&testing::png(1001, 1000)[..33], 1001, 1000);
    check(&testing::jpeg(1001, 1000)[..112], 1001, 1000);
}

#[test]
fn a_frame_larger_than_its_screen_is_checked_against_the_limit() {
    let mut bytes = testing::gif(2000, 2000, 1);
    bytes[6..10].copy_from_slice(&[1, 0, 1, 0]);
    let error = inspect(&bytes).expect_err("the frame is too large");
    assert!(matches!(
        error,
        MediaError::TooManyPixels { width: 2000, .. }
    ));
}

#[test]
fn an_animation_is_refused_at_the_first_frame_too_many() {
    assert_eq!(
        inspect(&testing::gif(1, 1, 100)),
        facts(Kind::Gif, 1, 1, 100)
    );
    let bytes = testing::gif(1, 1, 300);
    let error = MediaError::TooManyFrames {
        frames: 101,
        max: 100,
    };
    let mut inspector = Inspector::new(policy());
    assert_eq!(push(&mut inspector, &bytes[..bytes.len() / 2]), Err(error));
}

#[test]
fn other_files_are_refused_at_their_first_bytes() {
    let named = |detected| MediaError::NotAccepted {
        detected,
        accepted: Kind::ALL.to_vec(),
    };
    let check = |bytes: &[u8], expect: MediaError| {
        for size in [1, 3, 5000] {
            assert_eq!(inspect_pieces(bytes.chunks(size)), Err(expect.clone()));
        }
    };
    check(b"", MediaError::Empty);
    check(b"GIF8", named(None));
    check(b"MZ\x90\0", named(None));
    check(b"some text", named(Some("text/plain")));
    check(b"%PDF-1.7\n%\xe2\xe3", named(Some("application/pdf")));
    let mut inspector = Inspector::new(policy());
    let refused = push(&mut inspector, b"<html>");
    assert_eq!(refused, Err(named(Some("text/html"))));
    // What it is takes more bytes, but not whether it is an image.
    for (bytes, expect) in [
        (&b""[..], Ok(())),
        (b"GIF8", Ok(())),
        (b"\0\0\0\x18ftypavif", Ok(())),
        (b"some", Err(named(Some("text/plain")))),
        (b"\x1a\x45\xdf\xa3", Err(named(None))),
    ] {
        let mut inspector = Inspector::new(policy());
        assert_eq!(push(&mut inspector, bytes), Ok(()));
        assert_eq!(inspector.refuse_other(), expect, "{bytes:?}");
    }
    // Nothing is held for longer than it takes to tell that it is text.
    let mut inspector = Inspector::new(policy());
    assert_eq!(push(&mut inspector, &[b'a'; 4095]), Ok(()));
    let refused = push(&mut inspector, b"a");
    assert_eq!(refused, Err(named(Some("text/plain"))));
}

#[test]
fn a_png_of_any_size_has_that_size() {
    for total in MIN_PNG_SIZE..MIN_PNG_SIZE + 50 {
        let bytes = testing::png_of_size(total);
        assert_eq!(bytes.len(), total);
        assert_eq!(inspect(&bytes), facts(Kind::Png, 1, 1, 1));
    }
}

#[test]
fn no_more_than_a_header_is_buffered() {
    let length = u32::try_from(MAX_HEADER).expect("it is small") + 1;
    let ftyp = b"\0\0\0\x10ftypavif\0\0\0\0";
    let meta = [ftyp, &length.to_be_bytes()[..], b"meta"].concat();
    let malformed = inspect(&meta).expect_err("it is too long");
    assert!(matches!(malformed, MediaError::Malformed { .. }));

    let start = &testing::jpeg(8, 8)[..2];
    let comments = [0xFF, 0xFE, 0xFF, 0xFF].repeat(100_000);
    let mut inspector = Inspector::new(policy());
    for piece in [start, &comments].concat().chunks(7) {
        push(&mut inspector, piece).expect("good so far");
        assert!(inspector.held() <= MAX_HEADER);
    }
}

fn any_sample() -> impl Strategy<Value = (Vec<u8>, Answer)> {
    any::<Index>().prop_map(|index| index.get(&samples()).clone())
}

/// Cuts `bytes` at any number of positions.
fn pieces<'a>(bytes: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len())).collect();
    cuts.sort_unstable();
    let ends = cuts.iter().copied().chain([bytes.len()]);
    let starts = [0].into_iter().chain(cuts.iter().copied());
    starts
        .zip(ends)
        .map(|(start, end)| &bytes[start..end])
        .collect()
}

proptest! {
    #[test]
    fn any_split_gives_the_same_answer(
        (bytes, expect) in any_sample(),
        cuts in prop::collection::vec(any::<Index>(), 0..20),
    ) {
        prop_assert_eq!(inspect_pieces(pieces(&bytes, &cuts)), expect);
    }

    #[test]
    fn a_damaged_file_gives_one_answer_however_it_is_split(
        (mut bytes, _) in any_sample(),
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 1..6),
        end in any::<Index>(),
        cuts in prop::collection::vec(any::<Index>(), 0..20),
    ) {
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let cut = bytes.len() - end.index(bytes.len()).saturating_sub(bytes.len() / 2);
        bytes.truncate(cut);
        let mut inspector = Inspector::new(policy());
        let mut answer = Ok(());
        for piece in pieces(&bytes, &cuts) {
            answer = push(&mut inspector, piece);
            prop_assert!(inspector.held() <= MAX_HEADER);
        }
        let answer = answer.and_then(|()| inspector.finish(&mut Vec::new()));
        if answer != Ok(Verdict::Undecided) {
            let whole = fuzz::run(&policy(), [&bytes[..]]).answer;
            prop_assert_eq!(answer, whole.map(Verdict::Accepted));
        }
    }

    #[test]
    fn any_bytes_after_any_beginning_are_judged(
        (bytes, _) in any_sample(),
        cut in any::<Index>(),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let bytes = [&bytes[..cut.index(bytes.len())], &rest].concat();
        prop_assert_eq!(inspect_pieces(bytes.chunks(1)), inspect(&bytes));
    }
}
