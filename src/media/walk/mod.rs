//! One walk per container, from its first byte to its last.
//!
//! A walk is a state machine over windows of the file. What it decides must
//! follow from the bytes it asked for alone, never from how many more happened
//! to be in the window; that makes its answer independent of how a file is cut
//! into pushes. What it does not need it passes by count. For what stands in
//! metadata it asks [`super::strip`], and says what becomes of those bytes.

mod avif;
mod gif;
mod jpeg;
mod png;
mod webp;

use std::fmt::Debug;

use super::meter::{Meter, PART};
use super::window::length;
use super::{Facts, MediaError, Policy, Strip, Trailing};
use crate::model::Kind;

/// What a walk wants next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// To see at least this many bytes from here, more than it was shown.
    Need(usize),
    /// To go on this many bytes further, be they in the window or not.
    Keep(u64),
    /// Likewise, and to leave them out of the file.
    Drop(u64),
    /// Likewise, and to put zeros in their place.
    Blank(u64),
    /// To put others in the place of this many bytes of the window.
    Replace(u64, Vec<u8>),
    /// Nothing: the container ends after this many bytes of the window.
    Done(u64),
}

impl Step {
    /// How many bytes it goes on.
    fn passes(&self) -> u64 {
        match self {
            Step::Need(_) | Step::Done(_) => 0,
            Step::Keep(count)
            | Step::Drop(count)
            | Step::Blank(count)
            | Step::Replace(count, _) => *count,
        }
    }
}

/// A state machine over one container.
pub(super) trait Walk: Debug + Send + Sync {
    /// Looks at the bytes from where the last step led.
    fn step(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError>;

    /// Whether the file may end where the last step led. Only a container that
    /// does not say where it ends allows it. What comes then is no part of it.
    fn may_end(&self) -> bool {
        false
    }

    /// How many bytes the walk holds itself.
    #[cfg(test)]
    fn held(&self) -> usize {
        0
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

/// The most parts of a container that are not image data: far more than any
/// image has.
const MAX_PARTS: u32 = 65_536;

/// What a walk has found so far, held against the policy as it grows.
#[derive(Debug)]
pub(super) struct Found {
    kind: Kind,
    policy: Policy,
    canvas: Option<(u32, u32)>,
    transposed: Option<bool>,
    frames: u32,
    parts: u32,
    /// Whether there was an Exif block.
    exif: bool,
    meter: Meter,
}

impl Found {
    pub(super) fn new(kind: Kind, policy: Policy) -> Self {
        Self {
            kind,
            policy,
            canvas: None,
            transposed: None,
            frames: 0,
            parts: 0,
            exif: false,
            meter: Meter::default(),
        }
    }

    /// What the work that is done is charged to.
    fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }

    /// The walk has come to a part of the container, of whatever kind.
    fn charge_part(&mut self) {
        self.meter.charge(PART);
    }

    /// Takes note of what the walk wants, and refuses a file that is more work than
    /// its bytes pay for.
    pub(super) fn account(&mut self, step: &Step) -> Result<(), MediaError> {
        let (bytes, stored) = match step {
            Step::Need(_) => return Ok(()),
            Step::Keep(count) | Step::Done(count) => (*count, *count),
            Step::Drop(count) => (*count, 0),
            Step::Blank(0) => (0, 0),
            Step::Blank(count) => {
                self.meter.charge_made(*count);
                (*count, *count)
            }
            Step::Replace(count, bytes) => {
                let made = length(bytes.len());
                self.meter.charge_made(made);
                (*count, made)
            }
        };
        self.meter.pass(bytes, stored);
        if self.meter.is_overdrawn() {
            return Err(MediaError::TooMuchWork { kind: self.kind });
        }
        Ok(())
    }

    /// The units of work so far, and the bytes that were passed.
    #[cfg(test)]
    pub(super) fn work(&self) -> (u64, u64) {
        self.meter.reading()
    }

    /// An Exif block is there. Whether it is the first: no file has use for another.
    fn first_exif(&mut self) -> bool {
        !std::mem::replace(&mut self.exif, true)
    }

    /// What metadata is to be removed.
    fn strip(&self) -> Option<Strip> {
        self.policy.strip
    }

    /// Whether nothing that the file holds after its end is stored.
    fn cuts_trailing(&self) -> bool {
        self.policy.trailing == Trailing::Cut
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
        self.policy.check_pixels(width, height)
    }

    fn set_frames(&mut self, frames: u32) -> Result<(), MediaError> {
        self.frames = frames;
        self.check_frames(frames)
    }

    fn check_frames(&self, frames: u32) -> Result<(), MediaError> {
        self.policy.check_frames(frames)
    }

    fn add_frame(&mut self) -> Result<(), MediaError> {
        self.set_frames(self.frames.saturating_add(1))
    }

    fn frames(&self) -> u32 {
        self.frames
    }

    /// One more part that is not image data, of what `parts` names.
    fn add_part(&mut self, parts: &'static str) -> Result<(), MediaError> {
        self.parts = self.parts.saturating_add(1);
        if self.parts > MAX_PARTS {
            return Err(self.too_many(parts, MAX_PARTS));
        }
        Ok(())
    }

    fn too_many(&self, parts: &'static str, max: u32) -> MediaError {
        let kind = self.kind;
        MediaError::TooManyParts { kind, parts, max }
    }

    /// A piece of metadata has this many bytes.
    fn check_metadata(&self, size: u64) -> Result<(), MediaError> {
        self.policy.check_metadata(size)
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
