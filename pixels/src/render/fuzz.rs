//! What holds for any file and any transform: a function of bytes that panics if it does not.

use darkroom_transform::Transform;

use crate::{Limits, NoPause, decode, render};

const FITS: [&str; 8] = [
    "",
    "&fit=contain",
    "&fit=cover",
    "&fit=crop",
    "&fit=pad",
    "&fit=squeeze",
    "&fit=cover&gravity=auto",
    "&fit=pad&gravity=northeast",
];

const FORMATS: [&str; 8] = [
    "",
    "&format=jpeg",
    "&format=png",
    "&format=png&q=30",
    "&format=gif",
    "&format=webp",
    "&format=auto",
    "&anim=0",
];

const EXTRAS: [&str; 8] = [
    "",
    "&crop=5,10%25,50%25,9",
    "&rotate=90",
    "&flip=v",
    "&blur=1.5",
    "&blur=30",
    "&sharpen=2",
    "&background=10203080",
];

/// Derives an image by the transform that the last three bytes stand for, and checks that it has
/// the size that is promised. Returns whether there was one.
///
/// # Panics
/// If a promise is broken.
pub fn any(bytes: &[u8]) -> bool {
    let Some((file, [width, height, number])) = bytes.split_last_chunk() else {
        return false;
    };
    let choose = |table: &[&'static str; 8], number: u8| table[usize::from(number % 8)];
    let text = format!(
        "w={}&h={}{}{}{}",
        u32::from(*width) + 1,
        u32::from(*height) + 1,
        choose(&FITS, *number),
        choose(&FORMATS, *number / 8),
        choose(&EXTRAS, *width),
    );
    let transform: Transform = text.parse().expect("a transform");
    let limits = Limits {
        max_pixels: 1_000_000,
        max_frames: 20,
        max_memory: 64 << 20,
        ..Limits::default()
    };
    let Ok(rendered) = render(file, &transform, &limits, &NoPause) else {
        return false;
    };
    let decoder = decode::open(&rendered.bytes, &Limits::default()).expect("a file");
    let info = decoder.info();
    assert_eq!(info.format, rendered.format);
    assert_eq!((info.width, info.height), (rendered.width, rendered.height));
    assert_eq!((info.frames, info.orientation), (rendered.frames, 1));
    assert!(info.icc.is_none(), "colours are in sRGB");
    true
}
