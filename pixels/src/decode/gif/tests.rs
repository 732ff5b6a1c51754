//! GIF against what was encoded.

use gif::{DisposalMethod, Encoder, Frame, Repeat};

use crate::decode::{self, Format, Wanted};
use crate::testing::{FULL, read};
use crate::{Cost, Error, Limits};

/// Red, green, blue and white.
const PALETTE: &[u8] = &[255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255];
const RED: [u8; 4] = [255, 0, 0, 255];
const GREEN: [u8; 4] = [0, 255, 0, 255];
const BLUE: [u8; 4] = [0, 0, 255, 255];
const NONE: [u8; 4] = [0; 4];

fn encode(size: (u16, u16), repeat: Option<Repeat>, frames: &[Frame<'_>]) -> Vec<u8> {
    let mut file = Vec::new();
    let mut encoder = Encoder::new(&mut file, size.0, size.1, PALETTE).unwrap();
    if let Some(repeat) = repeat {
        encoder.set_repeat(repeat).unwrap();
    }
    for frame in frames {
        encoder.write_frame(frame).unwrap();
    }
    drop(encoder);
    file
}

fn frame(rect: [u16; 4], indices: &[u8]) -> Frame<'_> {
    let [left, top, width, height] = rect;
    Frame {
        left,
        top,
        width,
        height,
        buffer: indices.into(),
        delay: 7,
        ..Frame::default()
    }
}

#[test]
fn an_opaque_still_has_no_alpha() {
    let (info, frames) = read(
        &encode((2, 2), None, &[frame([0, 0, 2, 2], &[0, 1, 2, 3])]),
        &FULL,
    );
    assert_eq!((info.format, info.width, info.height), (Format::Gif, 2, 2));
    assert_eq!(
        (info.has_alpha, info.frames, info.loop_count),
        (false, 1, 1)
    );
    assert_eq!(frames[0].image.pixels(), PALETTE);
    assert_eq!(frames[0].delay, 0);
}

#[test]
fn frames_are_composed_as_their_disposal_says() {
    let first = frame([0, 0, 2, 2], &[0; 4]);
    let last = frame([0, 1, 1, 1], &[2]);
    for (dispose, right) in [
        (DisposalMethod::Any, GREEN),
        (DisposalMethod::Keep, GREEN),
        (DisposalMethod::Background, NONE),
        (DisposalMethod::Previous, RED),
    ] {
        let second = Frame {
            dispose,
            delay: 12,
            transparent: Some(3),
            ..frame([1, 0, 1, 2], &[1, 3])
        };
        let file = encode(
            (2, 2),
            Some(Repeat::Finite(4)),
            &[first.clone(), second, last.clone()],
        );
        let (info, frames) = read(&file, &FULL);
        // The first time, and four repetitions.
        assert_eq!((info.frames, info.loop_count, info.has_alpha), (3, 5, true));
        let delays: Vec<u32> = frames.iter().map(|frame| frame.delay).collect();
        assert_eq!(delays, [70, 120, 70]);
        // The second frame shows the first through its transparent pixel, and clears that too.
        let below = if dispose == DisposalMethod::Background {
            NONE
        } else {
            RED
        };
        let expect = [[RED; 4], [RED, GREEN, RED, RED], [RED, right, BLUE, below]];
        for (frame, expect) in frames.iter().zip(expect) {
            assert_eq!(frame.image.pixels(), expect.concat(), "{dispose:?}");
        }
    }
}

#[test]
fn animations_repeat_as_often_as_they_say() {
    let frames = [frame([0, 0, 1, 1], &[0]), frame([0, 0, 1, 1], &[1])];
    let loops = |repeat: Option<Repeat>| read(&encode((1, 1), repeat, &frames), &FULL).0.loop_count;
    assert_eq!(loops(None), 1);
    assert_eq!(loops(Some(Repeat::Infinite)), 0);
    assert_eq!(loops(Some(Repeat::Finite(1))), 2);
}

#[test]
fn interlaced_rows_are_put_in_order() {
    let rows: Vec<u8> = (0..20).flat_map(|row| [row % 4; 3]).collect();
    let plain = encode((3, 20), None, &[frame([0, 0, 3, 20], &rows)]);
    let order = super::order(20, true).flat_map(|row| [(row % 4) as u8; 3]);
    let stored: Vec<u8> = order.collect();
    let interlaced = Frame {
        interlaced: true,
        ..frame([0, 0, 3, 20], &stored)
    };
    let (_, frames) = read(&encode((3, 20), None, &[interlaced]), &FULL);
    assert_eq!(frames, read(&plain, &FULL).1);
}

#[test]
fn the_screen_grows_with_the_first_frame_and_cuts_the_others() {
    let file = encode(
        (1, 1),
        None,
        &[frame([1, 0, 2, 2], &[0; 4]), frame([2, 1, 2, 2], &[1; 4])],
    );
    let (info, frames) = read(&file, &FULL);
    assert_eq!((info.width, info.height, info.has_alpha), (3, 2, true));
    assert_eq!(
        frames[0].image.pixels(),
        [NONE, RED, RED, NONE, RED, RED].concat()
    );
    assert_eq!(
        frames[1].image.pixels(),
        [NONE, RED, RED, NONE, RED, GREEN].concat()
    );
}

#[test]
fn frames_are_reduced() {
    let indices: Vec<u8> = (0..64).map(|place| u8::from(place % 8 >= 4) * 2).collect();
    let file = encode((8, 8), None, &[frame([0, 0, 8, 8], &indices)]);
    let (_, frames) = read(
        &file,
        &Wanted {
            at_least: (2, 2),
            ..FULL
        },
    );
    assert_eq!((frames[0].shrink, frames[0].image.width()), (4.into(), 2));
    assert_eq!(
        frames[0].image.pixels(),
        [[255, 0, 0], [0, 0, 255]].repeat(2).concat()
    );
}

#[test]
fn a_file_cut_off_shows_what_there_is() {
    let indices: Vec<u8> = (0..40 * 40)
        .map(|place| (place * 7 % 13 % 4) as u8)
        .collect();
    let frames = [
        frame([0, 0, 40, 40], &indices),
        frame([0, 0, 40, 40], &indices),
    ];
    let file = encode((40, 40), None, &frames);
    let (_, whole) = read(&file, &FULL);
    let (info, cut) = read(&file[..file.len() / 4], &FULL);
    assert_eq!((info.frames, cut.len()), (1, 1));
    assert_eq!(
        cut[0].image.pixels()[..40 * 3 * 6],
        whole[0].image.pixels()[..40 * 3 * 6]
    );
    assert_ne!(cut[0].image, whole[0].image);
}

#[test]
fn frames_that_cost_too_much_are_refused() {
    let file = encode((100, 100), None, &vec![frame([0, 0, 1, 1], &[0]); 11]);
    let open = |limits: Limits| decode::open(&file, &limits).map(|_| ());
    let limits = Limits {
        max_pixels: 110_000,
        ..Limits::default()
    };
    assert_eq!(open(limits), Ok(()));
    let expect = Error::TooCostly {
        cost: Cost::Pixels,
        needed: 110_000,
        limit: 109_999,
    };
    assert_eq!(
        open(Limits {
            max_pixels: 109_999,
            ..limits
        }),
        Err(expect)
    );
    let expect = Error::TooCostly {
        cost: Cost::Frames,
        needed: 11,
        limit: 10,
    };
    assert_eq!(
        open(Limits {
            max_frames: 10,
            ..limits
        }),
        Err(expect)
    );
}
