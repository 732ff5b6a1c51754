//! What holds for any file: each check is a function of bytes that panics if a promise is broken.

use super::jpeg::fuzz;
use super::{Wanted, open};
use crate::{Error, Frame, Limits, NoPause};

/// Decodes all frames at a size, and checks what is promised of them. Returns their number.
///
/// # Errors
/// Those of [`open`] and of the decoder.
///
/// # Panics
/// If a promise is broken.
pub fn decode(file: &[u8], limits: &Limits, wanted: &Wanted) -> Result<u32, Error> {
    let mut decoder = open(file, limits)?;
    let info = decoder.info().clone();
    assert!((1..=8).contains(&info.orientation));
    let pixels = u64::from(info.width) * u64::from(info.height) * u64::from(info.frames);
    assert!(pixels > 0 && pixels <= limits.max_pixels && info.frames <= limits.max_frames);
    let mut count = 0;
    while let Some(Frame { image, shrink, .. }) = decoder.next_frame(wanted, &NoPause)? {
        let size = (shrink.side(info.width), shrink.side(info.height));
        assert_eq!((image.width(), image.height()), size);
        let enough = |side: u32, wanted: u32, whole: u32| side >= wanted.min(whole);
        assert!(enough(size.0, wanted.at_least.0, info.width));
        assert!(enough(size.1, wanted.at_least.1, info.height));
        assert!(!image.layout().has_alpha() || info.has_alpha);
        count += 1;
    }
    assert!(count <= info.frames);
    Ok(count)
}

/// The check of the target `pixels_decode`: the size is that of the last two bytes.
///
/// # Panics
/// If a promise is broken.
pub fn any(bytes: &[u8]) {
    let Some((file, [across, down])) = bytes.split_last_chunk() else {
        return;
    };
    let limits = Limits {
        max_pixels: 1_000_000,
        max_memory: 64 << 20,
        ..Limits::default()
    };
    let at_least = (u32::from(*across), u32::from(*down));
    let _ = decode(
        file,
        &limits,
        &Wanted {
            at_least,
            first_frame_only: false,
        },
    );
}

/// The check of the target `pixels_jpeg`: a JPEG of these bytes is at 1/8 of its size what
/// `jpeg-decoder` shows. Returns whether the bytes suffice for a JPEG.
///
/// # Panics
/// If they differ.
pub fn jpeg(bytes: &[u8]) -> bool {
    fuzz::compare(bytes)
}
