//! Animated PNGs: what their chunks say of each other.

use super::png::{IDAT, IEND, IHDR, of};
use super::{Answer, facts, malformed};
use crate::media::MediaError;
use crate::model::Kind;

/// A chunk that is yet to be given its bytes.
#[derive(Clone, Copy)]
enum Part {
    /// acTL, with this many frames.
    Announce(u32),
    /// fcTL, with this number.
    Frame(u32),
    /// fcTL, with this number, of a frame of one pixel.
    Small(u32),
    /// fdAT, with this number.
    Data(u32),
    /// IDAT.
    Still,
}

use Part::{Announce, Data, Frame, Small, Still};

/// A PNG of 2 by 3 pixels of these chunks.
fn judge(parts: &[Part]) -> Answer {
    let control = |number: u32, width: u32, height: u32| {
        let fields = [number, width, height, 0, 0].map(u32::to_be_bytes);
        [fields.concat(), vec![0, 1, 0, 10, 0, 0]].concat()
    };
    let chunks: Vec<(&[u8; 4], Vec<u8>)> = parts
        .iter()
        .map(|part| match *part {
            Announce(frames) => (b"acTL", [frames.to_be_bytes(), [0; 4]].concat()),
            Frame(number) => (b"fcTL", control(number, 2, 3)),
            Small(number) => (b"fcTL", control(number, 1, 1)),
            Data(number) => (b"fdAT", [&number.to_be_bytes()[..], b"data"].concat()),
            Still => (IDAT.0, IDAT.1.to_vec()),
        })
        .collect();
    let mut all = vec![IHDR];
    all.extend(chunks.iter().map(|(name, content)| (*name, &content[..])));
    all.push(IEND);
    of(&all)
}

fn good(parts: &[Part], frames: u32) {
    assert_eq!(judge(parts), facts(Kind::Png, 2, 3, frames));
}

fn bad(parts: &[Part], reason: &'static str) {
    assert_eq!(judge(parts), malformed(Kind::Png, reason));
}

#[test]
fn a_whole_animation_is_taken() {
    good(&[Announce(1), Frame(0), Still], 1);
    good(&[Announce(2), Frame(0), Still, Still, Small(1), Data(2)], 2);
    good(&[Announce(1), Still, Small(0), Data(1), Data(2)], 1);
    // Nothing says that acTL comes before the first fcTL.
    good(&[Frame(0), Announce(1), Still], 1);
    good(&[Announce(1), Announce(9), Frame(0), Still], 1);
}

#[test]
fn chunks_out_of_order_are_refused() {
    const REASON: &str = "the chunks of the animation are out of order";
    bad(&[Announce(1), Frame(1), Still], REASON);
    bad(&[Announce(1), Still, Frame(0), Data(0)], REASON);
    bad(&[Announce(1), Still, Frame(0), Data(2)], REASON);
    bad(&[Announce(1), Still, Frame(0), Data(2), Data(1)], REASON);
    bad(&[Announce(1), Still, Frame(0), Data(1), Data(1)], REASON);
    bad(&[Frame(7), Announce(1), Still], REASON);
}

#[test]
fn frames_without_data_and_data_without_frames_are_refused() {
    const EMPTY: &str = "a frame of the animation has no data";
    bad(&[Announce(2), Still, Frame(0), Frame(1), Data(2)], EMPTY);
    bad(&[Announce(2), Frame(0), Frame(1), Still], EMPTY);
    bad(&[Announce(1), Still, Frame(0)], EMPTY);
    const STRAY: &str = "data of the animation belongs to no frame";
    bad(&[Announce(1), Still, Data(0)], STRAY);
    bad(&[Announce(1), Frame(0), Still, Data(1)], STRAY);
    bad(&[Announce(1), Frame(0), Data(1), Still], STRAY);
    const PART: &str = "the still image is not the whole of its frame";
    bad(&[Announce(1), Small(0), Still], PART);
}

#[test]
fn the_number_of_frames_is_the_one_that_is_announced() {
    const REASON: &str = "the animation has not the number of frames that it announces";
    bad(&[Announce(2), Frame(0), Still], REASON);
    bad(&[Announce(1), Frame(0), Still, Frame(1), Data(2)], REASON);
    bad(&[Announce(1), Still], REASON);
    let (frames, max) = (101, 100);
    let refused = Err(MediaError::TooManyFrames { frames, max });
    assert_eq!(judge(&[Announce(101), Still]), refused);
}

#[test]
fn without_a_count_before_the_data_it_is_a_still_image() {
    good(&[Announce(0), Still], 1);
    good(&[Announce(u32::MAX), Still, Frame(0), Data(1)], 1);
    good(&[Still, Announce(7)], 1);
    good(&[Still, Frame(0), Data(1)], 1);
    good(&[Still, Frame(7), Frame(7), Data(0)], 1);
}

#[test]
fn data_of_a_frame_has_a_number() {
    let short = of(&[IHDR, IDAT, (b"fdAT", b"123"), IEND]);
    assert_eq!(short, malformed(Kind::Png, "a frame's data has no number"));
}
