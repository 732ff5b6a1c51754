//! AVIFs: stills and sequences.

use super::{Answer, STRIPS, facts, inspect, malformed, run};
use crate::media::testing::fuzz::policy;
use crate::media::testing::isobmff::{Item, Meta, Movie, bx, description, file, ftyp, full, words};
use crate::media::{Facts, MediaError, testing};
use crate::model::Kind;

/// A primary item of 6 by 4, rotated by `angle` quarter turns. It is at the offset 400, and
/// 10 bytes long.
fn meta(item: &[u8; 4], angle: u8) -> Vec<u8> {
    let properties = [full(b"ispe", &words(&[6, 4])), bx(b"irot", &[angle])].concat();
    Meta {
        properties,
        ..Meta::new(&[Item::new(item, &[(400, 10)])])
    }
    .build()
}

/// A still image after the `moov` box of a file.
fn still() -> Vec<u8> {
    Meta::new(&[Item::new(b"av01", &[(820, 10)])]).build()
}

/// Three frames of 10 bytes in two chunks, the last of which ends at 900.
fn moov() -> Vec<u8> {
    Movie::new([800, 880]).build()
}

fn good(width: u32, height: u32, frames: u32) -> Answer {
    facts(Kind::Avif, width, height, frames)
}

fn truncated() -> Answer {
    Err(MediaError::Truncated { kind: Kind::Avif })
}

#[test]
fn a_still_has_the_size_of_its_primary_item_after_rotation() {
    let check = |angle, expect| {
        let bytes = file(&[ftyp(&[b"avif"]), meta(b"av01", angle)], 410);
        assert_eq!(inspect(&bytes), expect);
    };
    check(0, good(6, 4, 1));
    check(1, good(4, 6, 1));
    check(2, good(6, 4, 1));
    check(3, good(4, 6, 1));
    let grid = Item::new(b"grid", &[(400, 8)]).of(&[2]);
    let grid = Meta::new(&[grid, Item::new(b"av01", &[(408, 2)])]).build();
    let grid = file(&[ftyp(&[b"mif1", b"avif"]), grid], 410);
    assert_eq!(inspect(&grid), good(6, 4, 1));
    let hevc = file(&[ftyp(&[b"avif"]), meta(b"hvc1", 0)], 410);
    let reason = "the primary item is not an AV1 image";
    assert_eq!(inspect(&hevc), malformed(Kind::Avif, reason));
}

#[test]
fn a_file_must_include_all_of_its_items() {
    let boxes = [ftyp(&[b"avif"]), meta(b"av01", 0)];
    assert_eq!(inspect(&file(&boxes, 409)), truncated());
    assert_eq!(inspect(&boxes.concat()), truncated());
    assert_eq!(inspect(&boxes[0]), truncated());
}

#[test]
fn boxes_may_state_their_length_in_64_bits_or_not_at_all() {
    let boxes = [ftyp(&[b"avif"]), meta(b"av01", 0)];
    let plain = file(&boxes, 500);
    let at = boxes.concat().len();
    let mut to_end = plain.clone();
    to_end[at..at + 4].fill(0);
    // The file then ends where the last item ends.
    let cut = good(6, 4, 1).map(|facts| Facts {
        trailing: 90,
        ..facts
    });
    assert_eq!(inspect(&to_end), cut);
    assert_eq!(inspect(&to_end[..410]), good(6, 4, 1));
    assert_eq!(inspect(&to_end[..409]), truncated());

    let long = u64::try_from(plain.len() - at).expect("small");
    let mut wide = plain.clone();
    wide[at..at + 4].copy_from_slice(&[0, 0, 0, 1]);
    wide[at + 8..at + 16].copy_from_slice(&long.to_be_bytes());
    assert_eq!(inspect(&wide), good(6, 4, 1));
    wide[at + 8..at + 16].copy_from_slice(&u64::MAX.to_be_bytes());
    assert_eq!(inspect(&wide), truncated());
    wide[at + 8..at + 16].copy_from_slice(&15u64.to_be_bytes());
    let reason = "a box is shorter than its header";
    assert_eq!(inspect(&wide), malformed(Kind::Avif, reason));
}

#[test]
fn a_sequence_has_the_frames_of_its_track() {
    let boxes = [ftyp(&[b"avis", b"avif"]), still(), moov()];
    assert_eq!(inspect(&file(&boxes, 910)), good(6, 4, 3));
    assert_eq!(inspect(&file(&boxes, 900)), good(6, 4, 3));
    assert_eq!(inspect(&file(&boxes, 899)), truncated());
    assert_eq!(inspect(&file(&boxes[..2], 910)), truncated());
    let alone = [ftyp(&[b"avis"]), moov()];
    assert_eq!(inspect(&file(&alone, 910)), good(6, 4, 3));
    // If the major brand is that of images, the still is displayed.
    let still = [ftyp(&[b"avif", b"avis"]), still(), moov()];
    assert_eq!(inspect(&file(&still, 910)), good(6, 4, 1));
    // Everything that the brands declare must be there.
    assert_eq!(inspect(&file(&still[..2], 910)), truncated());
    let sequence = [ftyp(&[b"avis", b"avif"]), moov()];
    assert_eq!(inspect(&file(&sequence, 910)), truncated());
}

/// The same track with these properties of its samples.
fn described(codec: &[u8; 4], properties: &[u8]) -> Movie {
    Movie {
        tables: description(codec, properties),
        ..Movie::new([1000, 1080])
    }
}

#[test]
fn a_sequence_has_the_rotation_of_its_samples() {
    let (irot, imir) = (|angle: u8| bx(b"irot", &[angle]), bx(b"imir", &[1]));
    let check = |brands: &[&[u8; 4]], item: u8, moov: Movie, expect| {
        let properties = [full(b"ispe", &words(&[6, 4])), irot(item)].concat();
        let still = Meta {
            properties,
            ..Meta::new(&[Item::new(b"av01", &[(1020, 10)])])
        };
        let bytes = file(&[ftyp(brands), still.build(), moov.build()], 1110);
        for strip in STRIPS {
            assert_eq!(run(&policy(strip), [&bytes[..]]).answer, expect);
        }
    };
    let sequence: &[&[u8; 4]] = &[b"avis", b"avif"];
    for item in [0, 1] {
        for (angle, expect) in [
            (0, good(6, 4, 3)),
            (1, good(4, 6, 3)),
            (2, good(6, 4, 3)),
            (3, good(4, 6, 3)),
        ] {
            let properties = [irot(angle), imir.clone()].concat();
            check(sequence, item, described(b"av01", &properties), expect);
        }
        // That of an item, or of another codec, is not that of the track.
        check(sequence, item, described(b"av01", &imir), good(6, 4, 3));
        check(sequence, item, described(b"hvc1", &irot(1)), good(6, 4, 3));
        check(sequence, item, Movie::new([1000, 1080]), good(6, 4, 3));
    }
    // If the major brand is that of images, the still is displayed.
    let still: &[&[u8; 4]] = &[b"avif", b"avis"];
    check(still, 0, described(b"av01", &irot(1)), good(6, 4, 1));
    check(still, 1, described(b"av01", &irot(0)), good(4, 6, 1));
    let twice = described(b"av01", &[irot(1), irot(0)].concat());
    let reason = "a box that must be unique occurs twice";
    check(sequence, 0, twice, malformed(Kind::Avif, reason));
    let empty = described(b"av01", &bx(b"irot", b""));
    let reason = "a box ends before its fields do";
    check(sequence, 0, empty, malformed(Kind::Avif, reason));
}

#[test]
fn exif_does_not_rotate_an_avif() {
    let turned = b"\0\0\0\0MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let exif = Item::new(b"Exif", &[(1000, 30)]);
    let still = Meta::new(&[Item::new(b"av01", &[(1040, 10)]), exif.clone()]).build();
    let track = Movie {
        track: Meta::new(&[exif]).build(),
        ..Movie::new([1060, 1080])
    };
    for (boxes, expect) in [
        (vec![ftyp(&[b"avif"]), still], good(6, 4, 1)),
        (vec![ftyp(&[b"avis"]), track.build()], good(6, 4, 3)),
    ] {
        let mut bytes = file(&boxes, 1110);
        bytes[1000..1000 + turned.len()].copy_from_slice(turned);
        for strip in STRIPS {
            assert_eq!(run(&policy(strip), [&bytes[..]]).answer, expect);
        }
    }
}

#[test]
fn a_sequence_of_an_encoder_has_the_size_that_browsers_show() {
    let bytes = include_bytes!("../../../tests/fixtures/rotated-animated.avif");
    for strip in STRIPS {
        let outcome = run(&policy(strip), [&bytes[..]]);
        assert_eq!(outcome.answer, good(40, 64, 3));
        // And it still has it when it was stored.
        let turns = |bytes: &[u8]| bytes.windows(4).filter(|name| name == b"irot").count();
        assert_eq!(turns(&outcome.stored), turns(bytes));
    }
}

#[test]
fn no_damaged_byte_of_a_header_causes_a_panic() {
    let sequence = file(&[ftyp(&[b"avis"]), still(), moov()], 910);
    for bytes in [testing::avif(), sequence] {
        for at in 0..bytes.len() {
            for value in [0, 1, 0x7F, 0xFF] {
                let mut damaged = bytes.clone();
                damaged[at] = value;
                let _ = inspect(&damaged);
            }
        }
    }
}
