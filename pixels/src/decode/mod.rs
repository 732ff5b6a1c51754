//! From the bytes of a file to its frames, at the size that the result needs.
//!
//! [`open`] tells the format from the first bytes, reads the header, and checks what the picture
//! costs. Nothing is decoded before that. Then [`Decoder::next_frame`] gives one frame after the
//! other, each composed to the whole canvas, in 8 bits a channel and the colours of the file.
//!
//! A frame has at least the size that is wanted of it, and mostly not much more: a JPEG is decoded at
//! a smaller scale; the rows of other formats are reduced to the means of squares as soon as they
//! are there, so that the whole picture is in memory only where the codec needs it (WebP, one
//! picture of AVIF, the canvas of an animation).
//!
//! Files are input from strangers. Damage is an error if nothing can be shown; otherwise a still is
//! shown as far as it goes, and an animation ends before its first damaged frame, as in browsers.
//!
//! | format | by | rows | pauses |
//! | --- | --- | --- | --- |
//! | JPEG | own code; `jpeg-decoder` for whole sequential files | of blocks, into planes | each row of blocks |
//! | PNG, APNG | `png` | reduced as they come | each row |
//! | GIF | own blocks, `weezl` | drawn on a canvas | each row |
//! | WebP | `image-webp` | whole frames | between frames |
//! | AVIF | own boxes, `re_rav1d` | whole planes, reduced as they are converted | between tiles, each row |

mod avif;
mod budget;
mod canvas;
mod exif;
#[cfg(any(test, feature = "fuzzing"))]
pub mod fuzz;
mod gif;
pub(crate) mod jpeg;
mod png;
mod reader;
mod shrink;
#[cfg(test)]
mod tests;
mod webp;

use darkroom_transform::{Format, Rect};

use crate::{Error, Frame, Limits, Pause};

/// The format that a file begins as.
#[must_use]
pub fn format_of(source: &[u8]) -> Option<Format> {
    match source {
        [0xFF, 0xD8, 0xFF, ..] => Some(Format::Jpeg),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some(Format::Gif),
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => Some(Format::Webp),
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Some(Format::Avif),
        _ if source.starts_with(png::SIGNATURE) => Some(Format::Png),
        _ => None,
    }
}

/// What the header of a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// The format, told from the bytes.
    pub format: Format,
    /// Columns as stored, before orientation.
    pub width: u32,
    /// Rows as stored, before orientation.
    pub height: u32,
    /// How the stored picture is turned to be shown: 1 to 8, as Exif has it.
    pub orientation: u8,
    /// The ICC profile of the stored colours. Without one (and without `coding`) they are sRGB.
    pub icc: Option<Vec<u8>>,
    /// The colour space, where there is no ICC profile and it is not sRGB.
    pub coding: Option<Coding>,
    /// Whether a pixel may be transparent.
    pub has_alpha: bool,
    /// Pictures of the animation; 1 in a still.
    pub frames: u32,
    /// How often the animation is played; 0 is for ever. 1 in a still.
    pub loop_count: u32,
}

impl Info {
    /// The number of frames to give.
    fn last_frame(&self, wanted: &Wanted) -> u32 {
        if wanted.first_frame_only {
            1
        } else {
            self.frames
        }
    }
}

/// A colour space of RGB with the full range, described without a profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Coding {
    /// By the code points of ITU-T H.273.
    Points {
        /// `ColourPrimaries`.
        primaries: u8,
        /// `TransferCharacteristics`.
        transfer: u8,
    },
    /// By numbers in 100,000ths (PNG 3 §11.3.2.1 and §11.3.2.2). What is absent is that of sRGB.
    Measured {
        /// The exponent of the stored samples: 45455 stands for 1/2.2.
        gamma: Option<u32>,
        /// The chromaticities x and y of white, red, green and blue.
        chromaticities: Option<[(u32, u32); 4]>,
    },
}

/// What the result needs of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The size of the whole stored picture, before orientation, that the result needs at least.
    /// A decoder may give any size from this one up to the full one, with the ratio kept.
    pub at_least: (u32, u32),
    /// Whether the first frame of an animation is enough.
    pub first_frame_only: bool,
}

/// Gives the frames of a file one after the other.
pub trait Decoder {
    /// What the header says.
    fn info(&self) -> &Info;

    /// Tells, before the first frame, that no more than this part of the stored picture is needed,
    /// with enough around it for whatever mixes pixels. The decoder may then give any part that
    /// contains it, from [`Decoder::origin`] on.
    fn confine(&mut self, _part: Rect) {}

    /// Where in the stored picture the last frame begins: columns left of it and rows above it,
    /// multiples of its `shrink`.
    fn origin(&self) -> (u32, u32) {
        (0, 0)
    }

    /// The next frame; `None` after the last. All frames of a file have the same size if they
    /// are asked for with the same `wanted`.
    ///
    /// # Errors
    /// [`Error::Undecodable`] if the file is damaged here, [`Error::TooCostly`] if it costs more
    /// than its header said.
    fn next_frame(&mut self, wanted: &Wanted, pause: &dyn Pause) -> Result<Option<Frame>, Error>;
}

/// Reads the header of a file, and checks what it costs before anything is decoded.
///
/// # Errors
/// [`Error::Undecodable`] if it is no image, [`Error::TooCostly`] beyond `limits`, and
/// [`Error::Unsupported`] if it uses something that this build cannot decode.
pub fn open<'a>(source: &'a [u8], limits: &Limits) -> Result<Box<dyn Decoder + 'a>, Error> {
    match format_of(source) {
        Some(Format::Jpeg) => Ok(Box::new(jpeg::open(source, limits)?)),
        Some(Format::Png) => Ok(Box::new(png::open(source, limits)?)),
        Some(Format::Gif) => Ok(Box::new(gif::open(source, limits)?)),
        Some(Format::Webp) => Ok(Box::new(webp::open(source, limits)?)),
        Some(Format::Avif) => avif::open(source, limits),
        None => Err(Error::undecodable("it is of no known format")),
    }
}
