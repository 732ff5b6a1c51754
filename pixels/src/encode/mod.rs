//! From frames to the bytes of a file. The same frames always give the same bytes.
//!
//! - [`jpeg`], [`avif`]: stills.
//! - [`png`], [`gif`], [`webp`]: stills and animations. Of an animation, each frame stores the
//!   part that changed.
//! - [`palette`]: pictures of few colours.
//! - [`changes`]: what changed from one frame to the next.

pub mod avif;
pub mod changes;
pub mod gif;
pub mod jpeg;
pub mod palette;
pub mod png;
pub mod webp;

use darkroom_transform::Format;

use crate::{Error, Image, Limits, Pause};

/// How frames are encoded.
#[derive(Clone, Copy)]
pub struct Settings<'a> {
    /// The format of the file.
    pub format: Format,
    /// From 1 to 100; without it, that of the format.
    pub quality: Option<u8>,
    /// How often an animation is played; 0 is for ever.
    pub loop_count: u32,
    /// How much is given up for fewer bytes, where a format offers it: 0 is nothing.
    pub thrift: u8,
    /// What a result may cost.
    pub limits: &'a Limits,
    /// Lets others run.
    pub pause: &'a dyn Pause,
}

impl Settings<'_> {
    fn quality(&self) -> u8 {
        let default = self.format.default_quality();
        let quality = self.quality.or(default).unwrap_or(100).clamp(1, 100);
        (quality >> self.thrift).max(1)
    }

    /// How many colours a palette may have. [`Settings::quality`] is their share.
    fn colours(&self) -> usize {
        let quality = self
            .quality
            .map_or(100, |quality| usize::from(quality.clamp(1, 100)));
        (quality * 256 / 100).clamp(2, 256) >> self.thrift.min(6)
    }
}

/// The quality of one encoder that leads to the same likeness as this one of another, between pairs
/// that were measured. They begin at 0 and end at 100.
fn between(points: &[(u8, u8)], quality: u8) -> u8 {
    for pair in points.windows(2) {
        let ((from, low), (to, high)) = (pair[0], pair[1]);
        if quality <= to {
            let (part, whole) = (u16::from(quality - from), u16::from(to - from));
            return low + (part * u16::from(high - low) / whole) as u8;
        }
    }
    100
}

/// The largest `thrift` that makes a difference.
pub const MOST_THRIFT: u8 = 2;

/// Encodes a still. What is transparent has to be on a background before, if the format has no
/// transparency.
///
/// # Errors
/// [`Error::TooLarge`] for more pixels than the format has room for, and [`Error::TooCostly`]
/// for more than the limits allow.
pub fn still(image: Image, settings: &Settings<'_>) -> Result<Vec<u8>, Error> {
    check_side(&image, settings.format)?;
    match settings.format {
        Format::Jpeg => jpeg::encode(&image, settings),
        Format::Png => png::encode(image, settings),
        Format::Gif => {
            let mut encoder = gif::Encoder::still(settings);
            encoder.push(image, 0)?;
            encoder.finish()
        }
        Format::Webp => webp::encode(image, settings),
        Format::Avif => avif::encode(image, settings),
    }
}

/// Takes the frames of an animation, all of one size.
pub enum Animation<'a> {
    /// APNG.
    Png(png::Animation<'a>),
    /// GIF.
    Gif(Box<gif::Encoder<'a>>),
    /// WebP.
    Webp(webp::Animation<'a>),
}

impl<'a> Animation<'a> {
    /// An animation without frames yet.
    ///
    /// # Errors
    /// [`Error::Unsupported`] if the format has none.
    pub fn new(settings: Settings<'a>) -> Result<Animation<'a>, Error> {
        match settings.format {
            Format::Png => Ok(Animation::Png(png::Animation::new(settings))),
            Format::Gif => Ok(Animation::Gif(Box::new(gif::Encoder::animation(&settings)))),
            Format::Webp => Ok(Animation::Webp(webp::Animation::new(settings))),
            Format::Jpeg | Format::Avif => Err(Error::Unsupported {
                feature: "an animation in this format",
            }),
        }
    }

    /// Adds a frame that is shown for `delay` milliseconds.
    ///
    /// # Errors
    /// As [`still`].
    pub fn push(&mut self, image: Image, delay: u32) -> Result<(), Error> {
        match self {
            Animation::Png(animation) => animation.push(image, delay),
            Animation::Gif(encoder) => {
                check_side(&image, Format::Gif)?;
                encoder.push(image, delay)
            }
            Animation::Webp(animation) => {
                check_side(&image, Format::Webp)?;
                animation.push(image, delay)
            }
        }
    }

    /// The bytes of the file.
    ///
    /// # Errors
    /// [`Error::Undecodable`] if there was no frame.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        match self {
            Animation::Png(animation) => animation.finish(),
            Animation::Gif(encoder) => encoder.finish(),
            Animation::Webp(animation) => animation.finish(),
        }
    }
}

/// The sides that the header of a format has room for.
fn check_side(image: &Image, format: Format) -> Result<(), Error> {
    let limit = match format {
        Format::Jpeg | Format::Gif => 65_535,
        Format::Webp => 16_383,
        Format::Png => i32::MAX as u64,
        Format::Avif => 65_536,
    };
    let side = u64::from(image.width().max(image.height()));
    if side > limit {
        return Err(Error::TooLarge { side, limit });
    }
    Ok(())
}

/// No frame came.
fn empty() -> Error {
    Error::undecodable("it has no frames")
}
