//! One walk per container, from its first byte to its last.
//!
//! A walk is a state machine over windows of the file. What it decides must
//! follow from the bytes it asked for alone, never from how many more happened
//! to be in the window; that makes its answer independent of how a file is cut
//! into pushes. What it does not need it skips by count.

mod avif;
mod gif;
mod jpeg;
mod png;
mod webp;

use std::fmt::Debug;

use super::{Facts, Kind, MediaError};

/// What a walk wants next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// To see at least this many bytes from here, more than it was shown.
    Need(usize),
    /// To go on this many bytes further, be they in the window or not.
    Advance(u64),
    /// Nothing: the container ends after this many bytes of the window.
    Done(usize),
}

/// A state machine over one container.
pub(super) trait Walk: Debug + Send + Sync {
    /// Looks at the bytes from where the last step led.
    fn step(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError>;

    /// The file has ended, at `total` bytes, with nothing half read or half
    /// skipped. Only a container that does not say where it ends allows it.
    fn at_end_of_file(&mut self, _total: u64, found: &mut Found) -> Result<(), MediaError> {
        Err(found.truncated())
    }
}

/// The walk over a container of this kind, beginning at the file's first byte.
pub(super) fn of(kind: Kind) -> Box<dyn Walk> {
    match kind {
        Kind::Jpeg => Box::<jpeg::Jpeg>::default(),
        Kind::Png => Box::<png::Png>::default(),
        Kind::Gif => Box::<gif::Gif>::default(),
        Kind::Webp => Box::<webp::Webp>::default(),
        Kind::Avif => Box::<avif::Avif>::default(),
    }
}

/// What a walk has found so far, held against the limits as it grows.
#[derive(Debug)]
pub(super) struct Found {
    kind: Kind,
    max_pixels: u64,
    max_frames: u32,
    canvas: Option<(u32, u32)>,
    transposed: Option<bool>,
    frames: u32,
}

impl Found {
    pub(super) fn new(kind: Kind, max_pixels: u64, max_frames: u32) -> Self {
        Self {
            kind,
            max_pixels,
            max_frames,
            canvas: None,
            transposed: None,
            frames: 0,
        }
    }

    /// The canvas has this size, before orientation.
    fn set_canvas(&mut self, width: u32, height: u32) -> Result<(), MediaError> {
        if width == 0 || height == 0 {
            return Err(self.malformed("the image has no pixels"));
        }
        self.check_pixels(width, height)?;
        self.canvas = Some((width, height));
        Ok(())
    }

    fn canvas(&self) -> Option<(u32, u32)> {
        self.canvas
    }

    /// A decoder would have to hold this many pixels.
    fn check_pixels(&self, width: u32, height: u32) -> Result<(), MediaError> {
        if u64::from(width) * u64::from(height) > self.max_pixels {
            return Err(MediaError::TooManyPixels {
                width,
                height,
                max_pixels: self.max_pixels,
            });
        }
        Ok(())
    }

    fn set_frames(&mut self, frames: u32) -> Result<(), MediaError> {
        self.frames = frames;
        if frames > self.max_frames {
            return Err(MediaError::TooManyFrames {
                frames,
                max: self.max_frames,
            });
        }
        Ok(())
    }

    fn add_frame(&mut self) -> Result<(), MediaError> {
        self.set_frames(self.frames.saturating_add(1))
    }

    fn frames(&self) -> u32 {
        self.frames
    }

    /// Whether width and height are exchanged. The first to say so is right.
    fn set_transposed(&mut self, transposed: Option<bool>) {
        self.transposed = self.transposed.or(transposed);
    }

    /// The error of a container that breaks a rule.
    pub(super) fn malformed(&self, reason: &'static str) -> MediaError {
        MediaError::Malformed {
            kind: self.kind,
            reason,
        }
    }

    /// The error of a container that was cut.
    pub(super) fn truncated(&self) -> MediaError {
        MediaError::Truncated { kind: self.kind }
    }

    /// What is known at the end.
    pub(super) fn facts(&self, trailing: u64) -> Result<Facts, MediaError> {
        let (width, height) = self.canvas.ok_or_else(|| self.truncated())?;
        let (width, height) = match self.transposed {
            Some(true) => (height, width),
            _ => (width, height),
        };
        Ok(Facts {
            kind: self.kind,
            width,
            height,
            frames: self.frames,
            trailing,
        })
    }
}
