//! Limits are enforced before there is work: on the claims of headers, and on the bytes that
//! are buffered. Time is not measured: it is limited by the bytes that are held and read.

use super::{Answer, inspect, policy, push};
use crate::media::testing::{self, png_chunk, riff_chunk, segment};
use crate::media::{Inspector, MediaError, Policy, Strip};
use crate::model::Kind;

/// The maximum that an inspector holds: a header, or a piece of metadata.
const MOST_HELD: usize = 256 << 10;

/// Gives a file to an inspector in pieces of a usual size, and checks that it holds at most
/// [`MOST_HELD`]. Returns the verdict, and the number of bytes that it took.
fn judge(policy: Policy, bytes: &[u8]) -> (Result<(), MediaError>, usize) {
    let mut inspector = Inspector::new(policy);
    let mut given = 0;
    for piece in bytes.chunks(1000) {
        given += piece.len();
        let answer = push(&mut inspector, piece);
        assert!(inspector.held() <= MOST_HELD, "{}", inspector.held());
        if answer.is_err() {
            return (answer, given);
        }
    }
    (inspector.finish(&mut Vec::new()).map(|_| ()), given)
}

#[test]
fn claims_of_65535_by_65535_are_refused_by_the_header() {
    let huge = [0xFF; 2];
    let mut gif = testing::gif(1, 1, 1);
    gif[6..10].copy_from_slice(&[huge, huge].concat());
    let mut frame = testing::gif(1, 1, 1);
    let at = frame.windows(5).rposition(|bytes| bytes == b",\0\0\0\0");
    let at = at.expect("a frame") + 5;
    frame[at..at + 4].copy_from_slice(&[huge, huge].concat());
    let jpeg = {
        let mut jpeg = testing::jpeg(1, 1);
        let at = jpeg.windows(2).position(|bytes| bytes == [0xFF, 0xC0]);
        let at = at.expect("a frame header") + 5;
        jpeg[at..at + 4].copy_from_slice(&[huge, huge].concat());
        jpeg
    };
    let ihdr = [&[0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF][..], &[8, 0, 0, 0, 0]].concat();
    let png = [b"\x89PNG\r\n\x1a\n", &png_chunk(b"IHDR", &ihdr)[..]].concat();
    let canvas = riff_chunk(b"VP8X", &[0, 0, 0, 0, 0xFE, 0xFF, 0, 0xFE, 0xFF, 0]);
    let webp = riff_chunk(b"RIFF", &[b"WEBP", &canvas[..]].concat());
    let mut avif = testing::avif();
    let at = avif
        .windows(4)
        .position(|bytes| bytes == b"ispe")
        .expect("a size")
        + 8;
    avif[at..at + 8].copy_from_slice(&[0, 0, 0xFF, 0xFF, 0, 0, 0xFF, 0xFF]);
    for bytes in [gif, frame, jpeg, png, webp, avif] {
        let (width, height, max_pixels) = (65_535, 65_535, 1_000_000);
        let refusal = MediaError::TooManyPixels {
            width,
            height,
            max_pixels,
        };
        assert_eq!(judge(policy(), &bytes).0, Err(refusal));
    }
}

#[test]
fn the_limits_of_a_gif_frame_include_its_position() {
    let of = |left: u16, top: u16| {
        let mut file = testing::gif(10, 10, 2);
        let at = file.windows(5).rposition(|bytes| bytes == b",\0\0\0\0");
        let at = at.expect("a frame") + 1;
        let position = [left.to_le_bytes(), top.to_le_bytes()].concat();
        file[at..at + 4].copy_from_slice(&position);
        judge(policy(), &file).0
    };
    assert_eq!(of(990, 990), Ok(()));
    let (width, height, max_pixels) = (1000, 1001, 1_000_000);
    let refusal = MediaError::TooManyPixels {
        width,
        height,
        max_pixels,
    };
    assert_eq!(of(990, 991), Err(refusal));
    assert!(of(u16::MAX, u16::MAX).is_err());
}

#[test]
fn sides_have_limits_of_their_own() {
    let policy = Policy {
        max_width: 20,
        max_height: 10,
        ..policy()
    };
    let check = |bytes: &[u8], expect| assert_eq!(judge(policy.clone(), bytes).0, expect);
    let refused = |side, pixels, max| Err(MediaError::TooLong { side, pixels, max });
    check(&testing::png(20, 10), Ok(()));
    check(&testing::png(21, 10), refused("width", 21, 20));
    check(&testing::webp(20, 11), refused("height", 11, 10));
    // As stored, before rotation.
    check(&testing::jpeg_with_orientation(20, 10, 6), Ok(()));
    check(
        &testing::jpeg_with_orientation(10, 20, 6),
        refused("height", 20, 10),
    );
}

/// A PNG with this chunk between its header and its data.
fn png_with(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
    let mut file = testing::png(2, 2);
    file.splice(33..33, png_chunk(name, content));
    file
}

#[test]
fn compressed_data_is_never_decompressed() {
    // A zlib stream of a few bytes that claims to be gigabytes long, and garbage: both
    // are accepted like any other content.
    let stream = [&[0x78, 0xDA][..], &[0xFF; 40]].concat();
    for (name, head) in [
        (b"iCCP", &b"profile\0\0"[..]),
        (b"zTXt", b"Comment\0\0"),
        (b"iTXt", b"Comment\0\x01\0\0\0"),
        (b"iTXt", b"XML:com.adobe.xmp\0\x01\0\0\0"),
    ] {
        let bytes = png_with(name, &[head, &stream].concat());
        for strip in [None, Some(Strip::Location), Some(Strip::All)] {
            let policy = Policy { strip, ..policy() };
            assert_eq!(judge(policy, &bytes).0, Ok(()));
        }
    }
}

#[test]
fn metadata_that_is_too_long_is_refused_before_it_arrives() {
    let (size, max) = (65_537, 65_536);
    let refused = MediaError::MetadataTooLarge { size, max };
    let long = vec![b' '; 65_537];
    for name in [b"eXIf", b"iTXt", b"tEXt", b"zTXt", b"iCCP"] {
        let (answer, given) = judge(policy(), &png_with(name, &long));
        assert_eq!((answer, given), (Err(refused.clone()), 1000));
    }
    for name in [b"EXIF", b"XMP ", b"ICCP"] {
        let canvas = riff_chunk(b"VP8X", &[0, 0, 0, 0, 5, 0, 0, 5, 0, 0]);
        let chunks = [b"WEBP", &canvas[..], &riff_chunk(name, &long)].concat();
        let (answer, given) = judge(policy(), &riff_chunk(b"RIFF", &chunks));
        assert_eq!((answer, given), (Err(refused.clone()), 1000));
    }
    // An XMP packet in a GIF does not state its length.
    let policy = Policy {
        strip: Some(Strip::Location),
        ..policy()
    };
    let mut gif = testing::gif(1, 1, 1);
    gif.truncate(gif.len() - 1);
    gif.extend(b"!\xff\x0bXMP DataXMP");
    gif.extend(b"                                 ".repeat(3000));
    let (answer, given) = judge(policy, &gif);
    assert!(matches!(answer, Err(MediaError::MetadataTooLarge { .. })));
    assert!(given <= 67_000, "{given}");
}

#[test]
fn parts_scans_and_frames_are_counted() {
    let parts = |answer: Answer| match answer {
        Err(MediaError::TooManyParts { parts, max, .. }) => (parts, max),
        other => panic!("{other:?}"),
    };
    let jpeg = testing::jpeg(8, 8);
    let (soi, rest) = jpeg.split_at(2);
    let comments = segment(0xFE, b"some text").repeat(65_536);
    let many = [soi, &comments, rest].concat();
    assert_eq!(parts(inspect(&many)), ("segments", 65_536));
    let (start, end) = jpeg.split_at(jpeg.len() - 2);
    let scan = segment(0xDA, &[1, 1, 0, 0, 63, 0]);
    assert_eq!(
        parts(inspect(&[start, &scan.repeat(500), end].concat())),
        ("scans", 500)
    );
    assert!(inspect(&[start, &scan.repeat(499), end].concat()).is_ok());

    let png = testing::png(2, 2);
    let (start, end) = png.split_at(33);
    let many = [start, &png_chunk(b"prIv", b"").repeat(65_537), end].concat();
    assert_eq!(parts(inspect(&many)), ("chunks", 65_536));
    // Chunks of data are not counted.
    let data = [start, &png_chunk(b"IDAT", b"").repeat(70_000), end].concat();
    assert!(inspect(&data).is_ok());

    let gif = testing::gif(1, 1, 1);
    let (start, end) = gif.split_at(25);
    let many = [start, &b"!\xfe\x04text\0".repeat(65_537), end].concat();
    assert_eq!(parts(inspect(&many)), ("extensions", 65_536));

    let webp = testing::webp(2, 2).split_off(12);
    let many = [b"WEBP", &webp[..], &riff_chunk(b"junk", b"").repeat(65_537)].concat();
    assert_eq!(
        parts(inspect(&riff_chunk(b"RIFF", &many))),
        ("chunks", 65_536)
    );
    let avif = testing::avif();
    let (start, end) = avif.split_at(0x20);
    let many = [start, &b"\0\0\0\x08free".repeat(65_537), end].concat();
    assert_eq!(parts(inspect(&many)), ("boxes", 65_536));
}

#[test]
fn the_frames_of_an_animation_are_limited_whatever_it_declares() {
    let control = [
        0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 10, 0, 0,
    ];
    let frames = png_chunk(b"fcTL", &control).repeat(101);
    let mut file = testing::png(2, 2);
    file.splice(33..33, frames);
    let (frames, max) = (101, 100);
    assert_eq!(
        inspect(&file),
        Err(MediaError::TooManyFrames { frames, max })
    );
    let mut outside = control;
    outside[15] = 1;
    let answer = inspect(&png_with(b"fcTL", &outside));
    let reason = "a frame extends beyond the canvas";
    let kind = Kind::Png;
    assert_eq!(answer, Err(MediaError::Malformed { kind, reason }));
}

#[test]
fn extents_of_no_width_cause_no_work() {
    // An `iloc` whose items have 65,535 extents each, none of which takes a byte.
    let file = testing::avif();
    let at = file
        .windows(4)
        .position(|bytes| bytes == b"iloc")
        .expect("it");
    let item = [0, 1, 0, 0, 0xFF, 0xFF];
    let count = u16::try_from(30_000).expect("it fits").to_be_bytes();
    let iloc = [&[0, 0, 0, 0, 0, 0][..], &count, &item.repeat(30_000)].concat();
    let size = |content: usize| u32::try_from(content + 8).expect("small").to_be_bytes();
    let iloc = [&size(iloc.len())[..], b"iloc", &iloc].concat();
    let old = usize::try_from(u32::from_be_bytes([0, 0, 0, file[at - 1]])).expect("small");
    let mut bomb = testing::avif();
    bomb.splice(at - 4..at - 4 + old, iloc.clone());
    let meta = 0x20;
    let grown = u32::from_be_bytes([0, 0, 0, bomb[meta + 3]]);
    let grown = usize::try_from(grown).expect("small") - old + iloc.len();
    bomb[meta..meta + 4].copy_from_slice(&size(grown - 8));
    let reason = "a box ends before its fields do";
    let kind = Kind::Avif;
    assert_eq!(inspect(&bomb), Err(MediaError::Malformed { kind, reason }));
}
