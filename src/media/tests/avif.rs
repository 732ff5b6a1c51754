//! AVIFs: stills and sequences.

use super::{Answer, facts, inspect, malformed};
use crate::media::testing::isobmff::{Item, Meta, Movie, bx, file, ftyp, full, words};
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
