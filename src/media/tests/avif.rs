use super::{Answer, facts, inspect, malformed};
pub(super) use crate::media::testing::parts::iso_box as bx;
use crate::media::{Facts, Kind, MediaError, testing};

/// A full box of version 0 without flags.
pub(super) fn full(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    bx(name, &[&[0; 4], content].concat())
}

pub(super) fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_be_bytes()).collect()
}

pub(super) fn ftyp(major: &[u8; 4]) -> Vec<u8> {
    bx(b"ftyp", &[&major[..], &[0; 4], b"avifavis"].concat())
}

/// A primary item of 6 by 4, turned by `angle` quarters, which lies at the
/// offset 400 and is 10 bytes long.
fn meta(item: &[u8; 4], angle: u8) -> Vec<u8> {
    let infe = bx(
        b"infe",
        &[&[2, 0, 0, 0, 0, 1, 0, 0], &item[..], b"\0"].concat(),
    );
    let ipco = [full(b"ispe", &words(&[6, 4])), bx(b"irot", &[angle])].concat();
    let iprp = [
        bx(b"ipco", &ipco),
        full(b"ipma", &[0, 0, 0, 1, 0, 1, 2, 1, 0x82]),
    ]
    .concat();
    let place = words(&[400, 10]);
    let iloc = [&[0x44, 0, 0, 1, 0, 1, 0, 0, 0, 1], &place[..]].concat();
    let inner = [
        full(b"pitm", &[0, 1]),
        full(b"iinf", &[&[0, 1], &infe[..]].concat()),
        bx(b"iprp", &iprp),
        full(b"iloc", &iloc),
    ];
    full(b"meta", &inner.concat())
}

/// Three frames of 10 bytes in two chunks, of which the last ends at 900.
fn moov() -> Vec<u8> {
    let stbl = [
        full(b"stsz", &words(&[0, 3, 10, 10, 10])),
        full(b"stsc", &words(&[2, 1, 2, 1, 2, 1, 1])),
        full(b"stco", &words(&[2, 800, 890])),
    ];
    let mdia = [
        full(b"hdlr", b"\0\0\0\0pict\0"),
        bx(b"minf", &bx(b"stbl", &stbl.concat())),
    ];
    let tkhd = full(
        b"tkhd",
        &[&[0; 72], &words(&[6 << 16, 4 << 16])[..]].concat(),
    );
    let trak = [tkhd, bx(b"mdia", &mdia.concat())];
    bx(b"moov", &bx(b"trak", &trak.concat()))
}

/// The boxes, and an `mdat` up to the file's length of `total`.
pub(super) fn file(boxes: &[Vec<u8>], total: usize) -> Vec<u8> {
    let start = boxes.concat();
    let data = bx(b"mdat", &vec![7; total - start.len() - 8]);
    [start, data].concat()
}

pub(super) fn good(width: u32, height: u32, frames: u32) -> Answer {
    facts(Kind::Avif, width, height, frames)
}

fn truncated() -> Answer {
    Err(MediaError::Truncated { kind: Kind::Avif })
}

#[test]
fn a_still_has_the_size_of_its_primary_item_as_it_is_turned() {
    let check = |angle, expect| {
        let bytes = file(&[ftyp(b"avif"), meta(b"av01", angle)], 410);
        assert_eq!(inspect(&bytes), expect);
    };
    check(0, good(6, 4, 1));
    check(1, good(4, 6, 1));
    check(2, good(6, 4, 1));
    check(3, good(4, 6, 1));
    let grid = file(&[ftyp(b"mif1"), meta(b"grid", 0)], 410);
    assert_eq!(inspect(&grid), good(6, 4, 1));
    let hevc = file(&[ftyp(b"avif"), meta(b"hvc1", 0)], 410);
    let reason = "the primary item is no AV1 image";
    assert_eq!(inspect(&hevc), malformed(Kind::Avif, reason));
}

#[test]
fn a_file_must_reach_as_far_as_its_items() {
    let boxes = [ftyp(b"avif"), meta(b"av01", 0)];
    assert_eq!(inspect(&file(&boxes, 409)), truncated());
    assert_eq!(inspect(&boxes.concat()), truncated());
    assert_eq!(inspect(&boxes[0]), truncated());
}

#[test]
fn boxes_may_state_their_length_in_64_bits_or_not_at_all() {
    let boxes = [ftyp(b"avif"), meta(b"av01", 0)];
    let plain = file(&boxes, 500);
    let at = boxes.concat().len();
    let mut to_end = plain.clone();
    to_end[at..at + 4].fill(0);
    // The file's end is then where what is named in it ends.
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
    let boxes = [ftyp(b"avis"), meta(b"av01", 0), moov()];
    assert_eq!(inspect(&file(&boxes, 910)), good(6, 4, 3));
    assert_eq!(inspect(&file(&boxes, 900)), good(6, 4, 3));
    assert_eq!(inspect(&file(&boxes, 899)), truncated());
    assert_eq!(inspect(&file(&boxes[..2], 910)), truncated());
    let alone = [ftyp(b"avis"), moov()];
    assert_eq!(inspect(&file(&alone, 910)), good(6, 4, 3));
    // With the brand of images first, the still is what is shown.
    let still = [ftyp(b"avif"), meta(b"av01", 0), moov()];
    assert_eq!(inspect(&file(&still, 910)), good(6, 4, 1));
}

#[test]
fn every_damaged_byte_of_a_header_is_judged_without_a_panic() {
    let sequence = file(&[ftyp(b"avis"), meta(b"av01", 0), moov()], 910);
    for bytes in [testing::avif(), sequence] {
        for place in 0..bytes.len() {
            for value in [0, 1, 0x7F, 0xFF] {
                let mut damaged = bytes.clone();
                damaged[place] = value;
                let _ = inspect(&damaged);
            }
        }
    }
}
