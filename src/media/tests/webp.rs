//! WebPs.

use super::{Answer, facts, inspect, malformed};
use crate::media::MediaError;
use crate::media::testing::{riff_chunk, webp};
use crate::model::Kind;

fn of(chunks: &[&[u8]]) -> Answer {
    inspect(&riff_chunk(
        b"RIFF",
        &[b"WEBP", chunks.concat().as_slice()].concat(),
    ))
}

/// A lossless bitstream.
fn vp8l(width: u16, height: u16) -> Vec<u8> {
    webp(width, height).split_off(12)
}

/// The start of a lossy bitstream.
fn vp8(width: u8, height: u8) -> Vec<u8> {
    riff_chunk(b"VP8 ", &[0x10, 0, 0, 0x9D, 1, 0x2A, width, 0, height, 0])
}

fn vp8x(flags: u8, width: u8, height: u8) -> Vec<u8> {
    riff_chunk(
        b"VP8X",
        &[flags, 0, 0, 0, width - 1, 0, 0, height - 1, 0, 0],
    )
}

/// A frame at (4, 0).
fn anmf(width: u8, height: u8, inner: &[u8]) -> Vec<u8> {
    let fields = [
        2,
        0,
        0,
        0,
        0,
        0,
        width - 1,
        0,
        0,
        height - 1,
        0,
        0,
        0,
        0,
        0,
        0,
    ];
    riff_chunk(b"ANMF", &[&fields, inner].concat())
}

#[test]
fn simple_and_extended_stills_are_accepted() {
    let good = facts(Kind::Webp, 6, 4, 1);
    let alpha = riff_chunk(b"ALPH", b"odd");
    assert_eq!(of(&[&vp8(6, 4)]), good);
    assert_eq!(of(&[&vp8l(6, 4), &riff_chunk(b"junk", b"x")]), good);
    assert_eq!(of(&[&vp8x(0x10, 6, 4), &alpha, &vp8(6, 4)]), good);
}

#[test]
fn an_animation_has_its_canvas_and_its_frames() {
    let frames = [anmf(2, 4, &vp8(2, 4)), anmf(1, 1, &vp8l(1, 1))].concat();
    let canvas = vp8x(0x02, 6, 4);
    let global = riff_chunk(b"ANIM", &[0; 6]);
    assert_eq!(of(&[&canvas, &global, &frames]), facts(Kind::Webp, 6, 4, 2));
    let check = |chunks: &[&[u8]], reason| {
        assert_eq!(of(chunks), malformed(Kind::Webp, reason));
    };
    let outside = anmf(3, 4, &vp8(3, 4));
    let other = "the size of a bitstream is not that of its canvas";
    check(&[&canvas, &global], "it has no image data");
    check(&[&canvas, &anmf(2, 4, b"")], "a frame is empty");
    check(&[&canvas, &outside], "a frame extends beyond the canvas");
    check(&[&canvas, &anmf(1, 1, &vp8(200, 200))], other);
    check(&[&vp8x(0, 6, 4), &vp8(200, 200)], other);
}

#[test]
fn exif_rotates_an_extended_webp() {
    let tiff = b"II\x2a\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x05\0\0\0";
    let exif = riff_chunk(b"EXIF", tiff);
    let file = [vp8x(0x08, 6, 4), vp8l(6, 4), exif].concat();
    assert_eq!(of(&[&file]), facts(Kind::Webp, 4, 6, 1));
}

#[test]
fn only_the_chunks_of_a_webp_are_accepted() {
    let check = |chunks: &[&[u8]], reason| {
        assert_eq!(of(chunks), malformed(Kind::Webp, reason));
    };
    check(&[], "it has no image data");
    check(
        &[&riff_chunk(b"ANIM", &[0; 6])],
        "it begins with neither a bitstream nor a canvas",
    );
    check(
        &[b"VP8 \xff\0\0\0..........."],
        "a chunk extends beyond the chunk that contains it",
    );
    check(
        &[&riff_chunk(b"VP8L", b"\x2f")],
        "a chunk is too short for its header",
    );
    check(
        &[&riff_chunk(b"VP8L", &[0; 5])],
        "a bitstream has no valid header",
    );
    let short = inspect(b"RIFF\x03\0\0\0WEBP");
    assert_eq!(short, malformed(Kind::Webp, "the RIFF is too short"));
}

#[test]
fn the_last_padding_may_be_missing() {
    let odd = riff_chunk(
        b"RIFF",
        &[b"WEBP", &vp8l(6, 4)[..], b"junk\x01\0\0\0x"].concat(),
    );
    let without = &odd[..odd.len() - 1];
    assert_eq!(inspect(without), facts(Kind::Webp, 6, 4, 1));
    let cut = inspect(&without[..without.len() - 1]);
    assert_eq!(cut, Err(MediaError::Truncated { kind: Kind::Webp }));
}

#[test]
fn bytes_that_are_too_few_for_a_chunk_may_be_left_over() {
    for left in 1..8 {
        let content = [b"WEBP", &vp8l(6, 4)[..], &vec![0xff; left]].concat();
        // Without the padding of the RIFF itself.
        let file = riff_chunk(b"RIFF", &content);
        let file = &file[..8 + content.len()];
        assert_eq!(inspect(file), facts(Kind::Webp, 6, 4, 1), "{left}");
    }
    let content = [b"WEBP", &vp8l(6, 4)[..], &[0xff; 8]].concat();
    assert!(inspect(&riff_chunk(b"RIFF", &content)).is_err());
}
