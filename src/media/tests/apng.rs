//! Animated PNGs: the rules that connect their chunks.

use super::png::{IDAT, IEND, IHDR, of};
use super::{Answer, facts, malformed};
use crate::media::MediaError;
use crate::model::Kind;

/// A chunk whose bytes are yet to be made.
#[derive(Clone, Copy)]
enum Part {
    /// acTL, with this many frames.
    Declare(u32),
    /// fcTL, with this number.
    Frame(u32),
    /// fcTL, with this number, of a frame of one pixel.
    Small(u32),
    /// fdAT, with this number.
    Data(u32),
    /// IDAT.
    Still,
}

use Part::{Data, Declare, Frame, Small, Still};

/// Inspects a PNG of 2 by 3 pixels with these chunks.
fn judge(parts: &[Part]) -> Answer {
    let control = |number: u32, width: u32, height: u32| {
        let fields = [number, width, height, 0, 0].map(u32::to_be_bytes);
        [fields.concat(), vec![0, 1, 0, 10, 0, 0]].concat()
    };
    let chunks: Vec<(&[u8; 4], Vec<u8>)> = parts
        .iter()
        .map(|part| match *part {
            Declare(frames) => (b"acTL", [frames.to_be_bytes(), [0; 4]].concat()),
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
fn a_complete_animation_is_accepted() {
    good(&[Declare(1), Frame(0), Still], 1);
    good(&[Declare(2), Frame(0), Still, Still, Small(1), Data(2)], 2);
    good(&[Declare(1), Still, Small(0), Data(1), Data(2)], 1);
    // The specification allows acTL after the first fcTL.
    good(&[Frame(0), Declare(1), Still], 1);
    good(&[Declare(1), Declare(9), Frame(0), Still], 1);
}

#[test]
fn chunks_out_of_order_are_refused() {
    const REASON: &str = "the chunks of the animation are out of order";
    bad(&[Declare(1), Frame(1), Still], REASON);
    bad(&[Declare(1), Still, Frame(0), Data(0)], REASON);
    bad(&[Declare(1), Still, Frame(0), Data(2)], REASON);
    bad(&[Declare(1), Still, Frame(0), Data(2), Data(1)], REASON);
    bad(&[Declare(1), Still, Frame(0), Data(1), Data(1)], REASON);
    bad(&[Frame(7), Declare(1), Still], REASON);
}

#[test]
fn frames_without_data_and_data_without_frames_are_refused() {
    const EMPTY: &str = "a frame of the animation has no data";
    bad(&[Declare(2), Still, Frame(0), Frame(1), Data(2)], EMPTY);
    bad(&[Declare(2), Frame(0), Frame(1), Still], EMPTY);
    bad(&[Declare(1), Still, Frame(0)], EMPTY);
    const STRAY: &str = "data of the animation does not belong to a frame";
    bad(&[Declare(1), Still, Data(0)], STRAY);
    bad(&[Declare(1), Frame(0), Still, Data(1)], STRAY);
    bad(&[Declare(1), Frame(0), Data(1), Still], STRAY);
    const PART: &str = "the still image does not cover its frame";
    bad(&[Declare(1), Small(0), Still], PART);
}

#[test]
fn the_number_of_frames_must_be_the_declared_one() {
    const REASON: &str = "the animation does not have the declared number of frames";
    bad(&[Declare(2), Frame(0), Still], REASON);
    bad(&[Declare(1), Frame(0), Still, Frame(1), Data(2)], REASON);
    bad(&[Declare(1), Still], REASON);
    let (frames, max) = (101, 100);
    let refused = Err(MediaError::TooManyFrames { frames, max });
    assert_eq!(judge(&[Declare(101), Still]), refused);
}

#[test]
fn without_a_valid_count_before_the_data_it_is_a_still_image() {
    good(&[Declare(0), Still], 1);
    good(&[Declare(u32::MAX), Still, Frame(0), Data(1)], 1);
    good(&[Still, Declare(7)], 1);
    good(&[Still, Frame(0), Data(1)], 1);
    good(&[Still, Frame(7), Frame(7), Data(0)], 1);
}

#[test]
fn data_of_a_frame_needs_a_sequence_number() {
    let short = of(&[IHDR, IDAT, (b"fdAT", b"123"), IEND]);
    assert_eq!(
        short,
        malformed(Kind::Png, "a frame's data has no sequence number")
    );
}
