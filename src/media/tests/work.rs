//! The work that files cause, in units of the meter. Time is not measured: the meter counts
//! what is done, and counts it twice if it is done twice.

use super::{STRIPS, samples};
use crate::media::meter::{FREE, PER_BYTE};
use crate::media::testing::fuzz::{self, policy};
use crate::media::testing::{self, png_chunk, riff_chunk, segment};
use crate::media::tests::mutations::seeds;
use crate::media::{Inspector, MediaError, Strip};

/// The result of a walk: its answer, the units of work, the bytes that have passed, the
/// number of steps, and the number of pushes.
#[derive(Debug)]
struct Work {
    answer: Result<(), MediaError>,
    units: u64,
    passed: u64,
    looks: u64,
    pushes: u64,
}

fn work<'a>(mut inspector: Inspector, pieces: impl IntoIterator<Item = &'a [u8]>) -> Work {
    let (mut answer, mut pushes) = (Ok(()), 0);
    for piece in pieces {
        answer = super::push(&mut inspector, piece);
        pushes += 1;
        if answer.is_err() {
            break;
        }
    }
    let (units, passed, looks) = inspector.work();
    Work {
        answer,
        units,
        passed,
        looks,
        pushes,
    }
}

/// Checks that the work on a file is within its limit, however it is cut, and whether codes are
/// followed or not. Returns the work if they are not.
fn check(strip: Option<Strip>, pieces: &[&[u8]]) -> Work {
    check_limit(Inspector::following(policy(strip)), strip, pieces);
    check_limit(Inspector::new(policy(strip)), strip, pieces)
}

fn check_limit(inspector: Inspector, strip: Option<Strip>, pieces: &[&[u8]]) -> Work {
    let work = work(inspector, pieces.iter().copied());
    let most = FREE + PER_BYTE * work.passed;
    let refused = matches!(work.answer, Err(MediaError::TooMuchWork { .. }));
    assert!(work.units <= most || refused, "{work:?}");
    // Unless something is left out, there is no other reason for that refusal.
    assert!(work.units > most || !refused || strip.is_some(), "{work:?}");
    // A part takes a few steps, and so does a push.
    let looks = 8 + 4 * work.pushes + work.units / 8;
    assert!(work.looks <= looks, "{work:?}");
    work
}

#[test]
fn no_honest_file_is_half_the_work_that_it_may_be() {
    let generated = [
        testing::gif(1, 1, 300),
        testing::gif(64, 64, 30),
        testing::jpeg(1000, 700),
        testing::png(300, 200),
        testing::png_of_size(100_000),
        testing::webp(300, 200),
    ];
    let samples = samples().into_iter().map(|(file, _)| file);
    for file in seeds().into_iter().chain(generated).chain(samples) {
        for strip in STRIPS {
            let work = check(strip, &[&file]);
            assert_eq!(work.answer, Ok(()));
            let most = (FREE + PER_BYTE * work.passed) / 2;
            assert!(work.units <= most, "{work:?}");
        }
    }
}

/// A JPEG with bytes before its frame header and in its scan.
fn jpeg(before: &[u8], scan: &[u8]) -> Vec<u8> {
    let file = testing::jpeg(8, 8);
    let (start, rest) = file.split_at(2);
    let (middle, end) = rest.split_at(rest.len() - 2);
    [start, before, middle, scan, end].concat()
}

/// A PNG with these chunks between its header and its data.
fn png(chunks: &[u8]) -> Vec<u8> {
    let mut file = testing::png(2, 2);
    file.splice(33..33, chunks.iter().copied());
    file
}

/// A GIF with these blocks between its screen and its frame.
fn gif(blocks: &[u8]) -> Vec<u8> {
    let mut file = testing::gif(1, 1, 1);
    file.splice(25..25, blocks.iter().copied());
    file
}

/// A WebP with these chunks after its pixels.
fn webp(chunks: &[u8]) -> Vec<u8> {
    let canvas = riff_chunk(b"VP8X", &[8, 0, 0, 0, 5, 0, 0, 3, 0, 0]);
    let pixels = testing::webp(6, 4).split_off(12);
    riff_chunk(b"RIFF", &[b"WEBP", &canvas[..], &pixels, chunks].concat())
}

#[test]
fn files_of_nothing_but_beginnings_are_refused_midway() {
    let many = |part: &[u8]| part.repeat(200_000 / part.len());
    let thumbnail = b"JFIF\0\x01\x02\0\0\x01\0\x01\x01\x01rgb";
    let tags = [&b"<a>"[..], &many(b"<b/>"), b"</a>"].concat();
    let attributes = [&b"<a "[..], &many(b"b='' "), b"/>"].concat();
    for (name, file, strips) in [
        (
            "empty segments",
            jpeg(&many(&segment(0xDB, b"")), b""),
            &STRIPS[..],
        ),
        (
            "thumbnails",
            jpeg(&many(&segment(0xE0, thumbnail)), b""),
            &STRIPS[..2],
        ),
        ("empty extensions", gif(&many(b"!\xf9\0")), &STRIPS[..]),
        (
            "tiny packets",
            gif(&many(b"!\xff\x0bXMP DataXMP\x01<\0")),
            &STRIPS[..1],
        ),
        (
            "chunks of a byte",
            webp(&many(&riff_chunk(b"junk", b"x"))),
            &STRIPS[..2],
        ),
        ("tiny tags", webp(&riff_chunk(b"XMP ", &tags)), &STRIPS[..1]),
        (
            "tiny attributes",
            webp(&riff_chunk(b"XMP ", &attributes)),
            &STRIPS[..1],
        ),
    ] {
        for strip in strips {
            let answer = check(*strip, &[&file]).answer;
            let refused = matches!(answer, Err(MediaError::TooMuchWork { .. }));
            assert!(refused, "{name}, {strip:?}: {answer:?}");
            let pieces: Vec<&[u8]> = file.chunks(1000).collect();
            let early = check(*strip, &pieces);
            assert_eq!(early.answer, answer, "{name}");
        }
    }
}

#[test]
fn removed_bytes_do_not_pay_for_stored_ones() {
    let comments = segment(0xFE, &[b'c'; 1000]).repeat(200);
    let tables = segment(0xDB, b"").repeat(5000);
    let file = jpeg(&[comments, tables].concat(), b"");
    for (strip, accepted) in STRIPS.into_iter().zip([true, false, true]) {
        let answer = check(strip, &[&file]).answer;
        assert_eq!(answer.is_ok(), accepted, "{strip:?}: {answer:?}");
    }
    // A file that is accepted is accepted again once it is stored.
    fuzz::check(&file, 1000);
}

#[test]
fn much_removed_metadata_is_not_a_reason_to_refuse_a_small_picture() {
    let mut tiff = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
    tiff.resize(1 << 20, b'x');
    let text = b"<rdf:li crs:Name='some value here'>more text</rdf:li>\n  ".repeat(10_000);
    let packet = [b"XML:com.adobe.xmp\0\0\0\0\0<a>", &text[..], b"</a>"].concat();
    for chunk in [png_chunk(b"eXIf", &tiff), png_chunk(b"iTXt", &packet)] {
        for strip in STRIPS {
            assert_eq!(check(strip, &[&png(&chunk)]).answer, Ok(()), "{strip:?}");
        }
    }
}

#[test]
fn a_run_is_skipped_at_once_wherever_a_push_ends() {
    const RUN: usize = 1 << 20;
    let one_byte_blocks = [b"!\xfe".as_slice(), &b"\x01x".repeat(RUN / 2), b"\0"].concat();
    let packet = [
        b"!\xff\x0bXMP DataXMP".as_slice(),
        &b"\x01<".repeat(400_000),
        b"\0",
    ]
    .concat();
    for (name, file) in [
        ("fill in a scan", jpeg(b"", &[0xFF].repeat(RUN))),
        ("fill before a segment", jpeg(&[0xFF].repeat(RUN), b"")),
        ("stuffed bytes", jpeg(b"", &[0xFF, 0].repeat(RUN / 2))),
        ("restarts", jpeg(b"", &[0xFF, 0xD3].repeat(RUN / 2))),
        ("terminators", gif(&[0].repeat(RUN))),
        ("sub-blocks of one byte", gif(&one_byte_blocks)),
        ("a packet in sub-blocks of one byte", gif(&packet)),
        ("data", png(&png_chunk(b"prIv", &[7].repeat(RUN)))),
    ] {
        for strip in STRIPS {
            for size in [file.len(), 65_536, 65_535, 1000] {
                let pieces: Vec<&[u8]> = file.chunks(size).collect();
                let work = check(strip, &pieces);
                assert_eq!(work.answer, Ok(()), "{name}");
                let most = 40 + 4 * work.pushes;
                assert!(work.looks <= most, "{name}, {strip:?}, {size}: {work:?}");
            }
        }
    }
}

#[cfg(not(target_family = "wasm"))]
mod properties {
    use proptest::prelude::*;
    use proptest::sample::Index;

    use super::*;
    use crate::media::testing::fuzz::{mend_png, run};
    use crate::media::tests::pieces;

    proptest! {
        #[test]
        fn a_file_is_the_same_work_however_it_is_cut(
            seed in any::<Index>(),
            damage in prop::collection::vec((any::<Index>(), any::<u8>()), 0..6),
            mend: bool,
            repeat in prop::option::of((any::<Index>(), 1usize..40, 1usize..4000)),
            cuts in prop::collection::vec(any::<Index>(), 0..20),
        ) {
            let mut file = seed.get(&seeds()).clone();
            for (at, byte) in damage {
                let at = at.index(file.len());
                file[at] = byte;
            }
            // A few bytes of it, many times.
            if let Some((at, length, times)) = repeat {
                let at = at.index(file.len());
                let part = &file[at..(at + length).min(file.len())];
                let many = part.repeat(times);
                file.splice(at..at, many);
            }
            if mend {
                mend_png(&mut file);
            }
            for strip in STRIPS {
                let whole = check(strip, &[&file]);
                let cut = check(strip, &pieces(&file, &cuts));
                // Some faults only show with the last byte, or at the end.
                let judged = run(&policy(strip), [&file[..]]).answer;
                prop_assert_eq!(judged, run(&policy(strip), pieces(&file, &cuts)).answer);
                prop_assert_eq!((whole.units, whole.passed), (cut.units, cut.passed));
                let bytes: Vec<&[u8]> = file.chunks(1).take(5000).collect();
                check(strip, &bytes);
            }
        }
    }
}
