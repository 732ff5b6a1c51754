use super::*;
use crate::testing::pictures::{flat, photo};
use crate::{Layout, Limits, NoPause};
use darkroom_transform::Format;

fn encoded(frames: &[(Image, u32)]) -> Vec<u8> {
    let limits = Limits::default();
    let settings = Settings {
        format: Format::Gif,
        quality: None,
        loop_count: 0,
        thrift: 0,
        limits: &limits,
        pause: &NoPause,
    };
    let mut encoder = Encoder::animation(&settings);
    for (image, delay) in frames {
        encoder.push(image.clone(), *delay).expect("a frame");
    }
    encoder.finish().expect("a file")
}

fn stored(file: &[u8]) -> Vec<gif::Frame<'static>> {
    let mut decoder = gif::DecodeOptions::new().read_info(file).expect("a file");
    let mut frames = Vec::new();
    while let Some(frame) = decoder.read_next_frame().expect("a frame") {
        frames.push(frame.clone());
    }
    frames
}

#[test]
fn only_what_changed_is_stored() {
    let first = photo(60, 40, Layout::Rgb);
    let mut second = first.clone();
    second.pixels_mut()[(10 * 60 + 20) * 3] ^= 0x80;
    second.pixels_mut()[(12 * 60 + 25) * 3] ^= 0x80;
    // A difference that nobody sees.
    second.pixels_mut()[(30 * 60 + 50) * 3] ^= 1;
    let frames = stored(&encoded(&[(first, 50), (second, 50)]));
    let area = |frame: &gif::Frame<'_>| (frame.left, frame.top, frame.width, frame.height);
    assert_eq!(area(&frames[0]), (0, 0, 60, 40));
    assert_eq!(area(&frames[1]), (20, 10, 6, 3));
}

#[test]
fn small_differences_do_not_add_up() {
    let frame = |number: u8| (flat(8, 8, Layout::Rgb, &[100 + number, 50, 50]), 50);
    let frames: Vec<_> = (0..40).map(frame).collect();
    let file = encoded(&frames);
    let mut decoder = crate::decode::open(&file, &Limits::default()).expect("a file");
    let wanted = crate::decode::Wanted {
        at_least: (8, 8),
        first_frame_only: false,
    };
    for (number, (original, _)) in frames.iter().enumerate() {
        let shown = decoder
            .next_frame(&wanted, &NoPause)
            .expect("a frame")
            .expect("a frame");
        let (shown, original) = (shown.image.pixels()[0], original.pixels()[0]);
        assert!(
            shown.abs_diff(original) <= 8,
            "frame {number}: {shown}, not {original}"
        );
    }
}

#[test]
fn colours_of_the_file_serve_all_frames_that_they_fit() {
    let image = photo(60, 40, Layout::Rgb);
    let mirrored = |image: &Image| {
        let turn = darkroom_transform::Turn::new(true, 0);
        crate::ops::turn::turn(image.clone(), turn, &NoPause)
    };
    let other = flat(60, 40, Layout::Rgb, &[1, 255, 2]);
    let file = encoded(&[(image.clone(), 50), (mirrored(&image), 50), (other, 50)]);
    let own: Vec<bool> = stored(&file)
        .iter()
        .map(|frame| frame.palette.is_some())
        .collect();
    assert_eq!(own, [false, false, true]);
}

#[test]
fn what_is_rounded_off_a_delay_is_made_up_for() {
    let frame = |number: u8| (flat(2, 2, Layout::Rgb, &[number * 50, 0, 0]), 33);
    let file = encoded(&(0..4).map(frame).collect::<Vec<_>>());
    let delays: Vec<u16> = stored(&file).iter().map(|frame| frame.delay).collect();
    assert_eq!(delays, [3, 3, 3, 4]);
}

#[test]
fn a_file_without_frames_is_an_error() {
    let limits = Limits::default();
    let settings = Settings {
        format: Format::Gif,
        quality: None,
        loop_count: 0,
        thrift: 0,
        limits: &limits,
        pause: &NoPause,
    };
    assert!(Encoder::animation(&settings).finish().is_err());
}
