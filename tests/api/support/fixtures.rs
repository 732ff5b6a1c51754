//! Real images of every kind, and their properties.

/// A file of `tests/fixtures`, which `make.py` there generates.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Fixture {
    /// Its name.
    pub(crate) name: &'static str,
    /// Its bytes.
    pub(crate) bytes: &'static [u8],
    /// Its media type.
    pub(crate) content_type: &'static str,
    /// Width and height in pixels, after orientation.
    pub(crate) size: (u32, u32),
    /// The number of frames.
    pub(crate) frames: u32,
}

/// A file's name, media type, width, height and frames.
macro_rules! known {
    ($name:literal, $content_type:literal, $width:literal, $height:literal, $frames:literal) => {
        Fixture {
            name: $name,
            bytes: include_bytes!(concat!("../../fixtures/", $name)),
            content_type: $content_type,
            size: ($width, $height),
            frames: $frames,
        }
    };
}

/// All fixtures.
pub(crate) const FIXTURES: &[Fixture] = &[
    known!("baseline-rotated.jpg", "image/jpeg", 64, 96, 1),
    known!("progressive.jpg", "image/jpeg", 160, 120, 1),
    known!("grey.jpg", "image/jpeg", 33, 17, 1),
    known!("alpha.png", "image/png", 61, 43, 1),
    known!("palette.png", "image/png", 48, 48, 1),
    known!("animated.png", "image/png", 32, 24, 3),
    known!("still.gif", "image/gif", 40, 30, 1),
    known!("animated.gif", "image/gif", 40, 30, 4),
    known!("lossy.webp", "image/webp", 120, 90, 1),
    known!("lossless.webp", "image/webp", 50, 70, 1),
    known!("animated.webp", "image/webp", 36, 28, 5),
    known!("still.avif", "image/avif", 100, 80, 1),
    known!("rotated.avif", "image/avif", 80, 100, 1),
    known!("animated.avif", "image/avif", 64, 48, 3),
];

/// The file of that name.
pub(crate) fn fixture(name: &str) -> Fixture {
    let found = FIXTURES.iter().find(|fixture| fixture.name == name);
    *found.unwrap_or_else(|| panic!("there is no fixture {name}"))
}
