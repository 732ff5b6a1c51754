//! PNGs.

use super::{Answer, facts, inspect, malformed};
use crate::media::testing::{png, png_chunk};
use crate::model::Kind;

/// Inspects a PNG of these chunks.
pub(super) fn of(chunks: &[(&[u8; 4], &[u8])]) -> Answer {
    let chunks = chunks
        .iter()
        .flat_map(|(name, content)| png_chunk(name, content));
    inspect(
        &b"\x89PNG\r\n\x1a\n"
            .iter()
            .copied()
            .chain(chunks)
            .collect::<Vec<u8>>(),
    )
}

pub(super) const IHDR: (&[u8; 4], &[u8]) = (b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 3, 8, 2, 0, 0, 0]);
pub(super) const INDEXED: (&[u8; 4], &[u8]) = (b"IHDR", &[0, 0, 0, 2, 0, 0, 0, 3, 8, 3, 0, 0, 0]);
pub(super) const IDAT: (&[u8; 4], &[u8]) = (b"IDAT", b"never looked at");
pub(super) const IEND: (&[u8; 4], &[u8]) = (b"IEND", &[]);

fn good(width: u32, height: u32, frames: u32) -> Answer {
    facts(Kind::Png, width, height, frames)
}

#[test]
fn only_the_chunks_of_a_png_are_accepted() {
    let bad = |reason| malformed(Kind::Png, reason);
    assert_eq!(of(&[IHDR, IDAT, IDAT, IEND]), good(2, 3, 1));
    assert_eq!(of(&[IHDR, (b"teXt", b"x"), IDAT, IEND]), good(2, 3, 1));
    assert_eq!(of(&[IDAT, IEND]), bad("the first chunk is not IHDR"));
    assert_eq!(of(&[IHDR, IHDR]), bad("a second IHDR"));
    assert_eq!(of(&[IHDR, IEND]), bad("it has no image data"));
    assert_eq!(
        of(&[IHDR, (b"CrIt", b"")]),
        bad("an unknown critical chunk")
    );
    assert_eq!(
        of(&[IHDR, (b"b d!", b"")]),
        bad("a chunk has no valid header")
    );
    assert_eq!(of(&[INDEXED, IDAT]), bad("it has no palette"));
    assert_eq!(
        of(&[INDEXED, (b"PLTE", &[0; 3]), IDAT, IEND]),
        good(2, 3, 1)
    );
    assert_eq!(
        of(&[INDEXED, (b"PLTE", &[0; 4])]),
        bad("the palette does not have a whole number of colours")
    );
    assert_eq!(
        of(&[IHDR, IDAT, (b"teXt", b"x"), IDAT, IEND]),
        bad("the chunks of image data are not consecutive")
    );
    assert_eq!(
        of(&[IHDR, IDAT, (b"IEND", b"x")]),
        bad("a chunk of fixed length has a different length")
    );
}

#[test]
fn an_ihdr_with_contradicting_fields_is_refused() {
    let check = |depth, colour, methods: [u8; 3], fits: bool| {
        let sides = [0, 0, 0, 1, 0, 0, 0, 1];
        let fields = [&sides[..], &[depth, colour], &methods].concat();
        let palette: (&[u8; 4], &[u8]) = (b"PLTE", &[0; 3]);
        let answer = of(&[(b"IHDR", &fields), palette, IDAT, IEND]);
        assert_eq!(answer.is_ok(), fits, "{fields:?}");
    };
    check(16, 6, [0, 0, 1], true);
    check(1, 3, [0, 0, 0], true);
    check(16, 3, [0, 0, 0], false);
    check(4, 2, [0, 0, 0], false);
    check(8, 1, [0, 0, 0], false);
    check(8, 7, [0, 0, 0], false);
    check(8, 0, [1, 0, 0], false);
    check(8, 0, [0, 1, 0], false);
    check(8, 0, [0, 64, 0], false);
    check(8, 0, [0, 0, 2], false);
}

#[test]
fn a_side_without_pixels_or_beyond_the_format_is_refused() {
    let ihdr = |sides: [u8; 8]| {
        let fields = [&sides[..], &[8, 0, 0, 0, 0]].concat();
        of(&[(b"IHDR", &fields), IDAT, IEND])
    };
    let none = malformed(Kind::Png, "the image has no pixels");
    assert_eq!(ihdr([0, 0, 0, 0, 0, 0, 0, 1]), none);
    assert_eq!(ihdr([0, 0, 0, 1, 0, 0, 0, 0]), none);
    let long = malformed(Kind::Png, "a side is longer than the format allows");
    assert_eq!(ihdr([0x80, 0, 0, 0, 0, 0, 0, 1]), long);
}

#[test]
fn a_damaged_ihdr_is_refused_by_its_crc() {
    let mut bytes = png(2, 2);
    bytes[19] ^= 1;
    assert_eq!(
        inspect(&bytes),
        malformed(Kind::Png, "a chunk does not match its CRC")
    );
}

#[test]
fn exif_rotates_a_png() {
    let exif = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0";
    assert_eq!(of(&[IHDR, (b"eXIf", exif), IDAT, IEND]), good(3, 2, 1));
    assert_eq!(of(&[IHDR, IDAT, (b"eXIf", exif), IEND]), good(3, 2, 1));
    assert_eq!(of(&[IHDR, (b"eXIf", b"?"), IDAT, IEND]), good(2, 3, 1));
}
