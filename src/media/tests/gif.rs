//! GIFs.

use super::{facts, inspect, malformed};
use crate::media::MediaError;
use crate::media::testing::gif;
use crate::model::Kind;

#[test]
fn both_versions_are_accepted() {
    let mut bytes = gif(3, 4, 2);
    bytes[4] = b'7';
    assert_eq!(inspect(&bytes), facts(Kind::Gif, 3, 4, 2));
}

#[test]
fn a_screen_without_a_size_takes_the_size_of_its_first_frame() {
    let mut bytes = gif(9, 4, 2);
    bytes[6..8].fill(0);
    assert_eq!(inspect(&bytes), facts(Kind::Gif, 9, 4, 2));
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
    check(&[frame], truncated.clone());
    check(&[frame, b"!"], truncated);
}
