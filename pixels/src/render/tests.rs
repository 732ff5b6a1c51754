//! Derived images as they come out, decoded again.

mod animations;
mod colours;
mod geometry;
mod operations;
mod robustness;

use super::*;
use crate::ops::alpha::to_rgba;
use crate::testing::pictures::Source;
use crate::{Image, NoPause};

fn transform(text: &str) -> Transform {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Derives an image, and checks that its header says what it is.
fn derive(source: &[u8], text: &str) -> Rendered {
    let rendered = render(source, &transform(text), &Limits::default(), &NoPause);
    let rendered = rendered.unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(
        decode::format_of(&rendered.bytes),
        Some(rendered.format),
        "{text}"
    );
    rendered
}

/// The frames of a file in four channels, with their delays, and what its header says.
fn frames(file: &[u8]) -> (Info, Vec<(Image, u32)>) {
    let mut decoder = decode::open(file, &Limits::default()).expect("a file that can be decoded");
    let info = decoder.info().clone();
    let wanted = Wanted {
        at_least: (u32::MAX, u32::MAX),
        first_frame_only: false,
    };
    let mut frames = Vec::new();
    while let Some(frame) = decoder.next_frame(&wanted, &NoPause).expect("a frame") {
        frames.push((to_rgba(frame.image), frame.delay));
    }
    (info, frames)
}

/// The picture of a still in four channels.
fn picture(file: &[u8]) -> Image {
    let (info, mut frames) = frames(file);
    assert_eq!((info.frames, frames.len()), (1, 1));
    frames.remove(0).0
}

fn pixel(image: &Image, x: u32, y: u32) -> [u8; 4] {
    let at = (y * image.width() + x) as usize * 4;
    image.pixels()[at..at + 4]
        .try_into()
        .expect("four channels")
}

/// Whether colours are as near as a lossy format keeps them.
fn near(one: [u8; 4], other: [u8; 4]) -> bool {
    one.iter()
        .zip(other)
        .all(|(one, other)| one.abs_diff(other) <= 12)
}

fn png(image: Image) -> Vec<u8> {
    Source::new(image).png()
}
