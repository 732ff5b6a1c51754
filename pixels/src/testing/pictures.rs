//! Pictures of some kinds.

use crate::{Image, Layout};

/// A picture as a camera takes it: soft areas, edges, texture and many colours.
pub(crate) fn photo(width: u32, height: u32, layout: Layout) -> Image {
    drawn(width, height, layout, |x, y, channel| {
        let (x, y, phase) = (f64::from(x), f64::from(y), f64::from(channel) * 0.9);
        let wave = (x / 31.0 + phase).sin() * 45.0 + (y / 23.0 - phase).cos() * 45.0;
        let texture = ((x * 0.9).sin() * (y * 1.1 + phase).cos()) * 8.0;
        let disc = (x - 60.0).hypot(y - 50.0) < 30.0;
        let edge = if disc { 60.0 - 50.0 * phase } else { 0.0 };
        (128.0 + wave + texture + edge).clamp(0.0, 255.0) as u8
    })
}

/// A picture as a program draws it: few colours and straight edges.
pub(crate) fn graphic(width: u32, height: u32, layout: Layout) -> Image {
    drawn(width, height, layout, |x, y, channel| {
        let number = (x / 16 + y / 12 * 3 + channel as u32 * 5) % 7;
        (number * 40) as u8
    })
}

/// All of one colour.
pub(crate) fn flat(width: u32, height: u32, layout: Layout, pixel: &[u8]) -> Image {
    drawn(width, height, layout, |_, _, channel| {
        pixel[channel as usize]
    })
}

fn drawn(width: u32, height: u32, layout: Layout, value: impl Fn(u32, u32, u8) -> u8) -> Image {
    let channels = layout.channels() as u8;
    let columns = |y: u32| (0..width).map(move |x| (x, y));
    let pixels = (0..height)
        .flat_map(columns)
        .flat_map(|(x, y)| (0..channels).map(move |channel| (x, y, channel)))
        .map(|(x, y, channel)| value(x, y, channel))
        .collect();
    Image::of(width, height, layout, pixels)
}
