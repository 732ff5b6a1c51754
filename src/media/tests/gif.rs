//! GIFs.

use super::{STRIPS, facts, inspect, malformed, run};
use crate::media::MediaError;
use crate::media::testing::fuzz::policy;
use crate::media::testing::gif;
use crate::model::Kind;

#[test]
fn both_versions_are_accepted() {
    let mut bytes = gif(3, 4, 2);
    bytes[4] = b'7';
    assert_eq!(inspect(&bytes), facts(Kind::Gif, 3, 4, 2));
}

/// A GIF with a screen of this size, and frames of these areas: from the left, from the top, width
/// and height.
fn placed(version: &[u8; 6], screen: [u16; 2], frames: &[[u16; 4]]) -> Vec<u8> {
    let numbers = |numbers: &[u16]| -> Vec<u8> {
        numbers.iter().copied().flat_map(u16::to_le_bytes).collect()
    };
    let frames = frames.iter().map(|area| {
        let descriptor = [b",", &numbers(area)[..], b"\0"].concat();
        [&descriptor[..], b"\x02\x01\x44\0"].concat()
    });
    let frames: Vec<u8> = frames.flatten().collect();
    [version, &numbers(&screen)[..], b"\0\0\0", &frames, b";"].concat()
}

#[test]
fn a_screen_grows_to_hold_its_first_frame() {
    let check = |screen: [u16; 2], frames: &[[u16; 4]], (width, height)| {
        let count = u32::try_from(frames.len()).expect("few");
        for version in [b"GIF87a", b"GIF89a"] {
            let bytes = placed(version, screen, frames);
            let expect = facts(Kind::Gif, width, height, count);
            assert_eq!(inspect(&bytes), expect, "{screen:?}, {frames:?}");
        }
    };
    // As Chromium 156 shows them.
    check([10, 10], &[[0, 0, 10, 10]], (10, 10));
    check([10, 10], &[[2, 2, 5, 5]], (10, 10));
    check([10, 10], &[[0, 0, 20, 5]], (20, 10));
    check([10, 10], &[[0, 0, 20, 30]], (20, 30));
    check([10, 10], &[[5, 5, 10, 10]], (15, 15));
    check([0, 0], &[[0, 0, 12, 7]], (12, 7));
    check([0, 0], &[[3, 4, 12, 7]], (15, 11));
    check([0, 20], &[[0, 0, 12, 7]], (12, 20));
    // Further frames are cut off.
    check([10, 10], &[[0, 0, 10, 10], [0, 0, 20, 20]], (10, 10));
    check([10, 10], &[[0, 0, 0, 0], [0, 0, 20, 20]], (10, 10));
    check([0, 0], &[[0, 0, 3, 3], [0, 0, 20, 20]], (3, 3));
}

#[test]
fn a_screen_does_not_grow_beyond_the_limits() {
    let long = placed(b"GIF89a", [1001, 1], &[[0, 0, 1, 1000]]);
    let error = MediaError::TooManyPixels {
        width: 1001,
        height: 1000,
        max_pixels: 1_000_000,
    };
    assert_eq!(inspect(&long), Err(error));
    let fits = placed(b"GIF89a", [1000, 1], &[[0, 0, 1, 1000]]);
    assert_eq!(inspect(&fits), facts(Kind::Gif, 1000, 1000, 1));
    let none = placed(b"GIF89a", [0, 0], &[[0, 0, 0, 9]]);
    let reason = "the image has no pixels";
    assert_eq!(inspect(&none), malformed(Kind::Gif, reason));
}

#[test]
fn a_gif_that_ends_between_two_blocks_gets_its_trailer() {
    let whole = gif(3, 4, 3);
    let start = whole.iter().position(|byte| *byte == b',');
    let start = start.expect("a frame") - 8;
    let frame = (whole.len() - 1 - start) / 3;
    let comment = b"!\xfe\x03abc\0";
    let ends = [
        (1, start + frame),
        (2, start + 2 * frame),
        (3, whole.len() - 1),
    ];
    for (frames, end) in ends {
        for more in [&b""[..], b"\0\0", comment, b"!\xf9\x04\0\x0a\0\0\0"] {
            let cut = [&whole[..end], more].concat();
            let mended = [&cut[..], b";"].concat();
            let expect = facts(Kind::Gif, 3, 4, frames);
            for strip in STRIPS {
                let policy = policy(strip);
                let outcome = run(&policy, [&mended[..]]);
                assert_eq!(outcome.answer, expect);
                for size in [1, 7, 1000] {
                    assert_eq!(run(&policy, cut.chunks(size)), outcome);
                }
            }
        }
        // Within a block, it may lack any number of pixels.
        let truncated = Err(MediaError::Truncated { kind: Kind::Gif });
        for more in [&b","[..], b"!", b"!\xf9", &comment[..5], &comment[..6]] {
            assert_eq!(inspect(&[&whole[..end], more].concat()), truncated);
        }
        assert_eq!(inspect(&whole[..end - 1]), truncated);
    }
    let empty = inspect(&whole[..start]);
    assert_eq!(empty, Err(MediaError::Truncated { kind: Kind::Gif }));
}

#[test]
fn only_the_blocks_of_a_gif_are_accepted() {
    let header = &gif(1, 1, 1)[..25];
    let of = |blocks: &[u8]| inspect(&[header, blocks].concat());
    let frame = b",\0\0\0\0\x01\0\x01\0\0\x02\x01\x44\0";
    let with_colours = [
        &b",\0\0\0\0\x01\0\x01\0\x80"[..],
        &[0xFF; 6],
        b"\x02\x01\x44\0",
    ]
    .concat();
    let good = |frames| facts(Kind::Gif, 1, 1, frames);
    let check = |blocks: &[&[u8]], expect| assert_eq!(of(&blocks.concat()), expect);
    check(&[frame, b";"], good(1));
    check(&[frame, &with_colours, b";"], good(2));
    check(&[frame, b"!\xfe\x03abc\0", frame, b";"], good(2));
    check(&[frame, b"\0\0", frame, b";"], good(2));
    check(&[b";"], malformed(Kind::Gif, "it has no frame"));
    check(&[frame, b"?"], malformed(Kind::Gif, "an unknown block"));
    let truncated = Err(MediaError::Truncated { kind: Kind::Gif });
    check(&[frame, b"!"], truncated);
}
