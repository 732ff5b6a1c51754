//! One walk per container format, from the first byte of a file to the last.
//!
//! A walk is a state machine over windows of the file. Its decisions must depend only on the
//! bytes that it asked for, never on how many more happened to be in the window; so the
//! verdict does not depend on how a file is split into pushes. Bytes that a walk does not
//! need are skipped by count. For the content of metadata it calls [`super::strip`], and
//! turns the answer into a step.

mod avif;
mod gif;
mod jpeg;
mod png;
mod webp;

use std::fmt::Debug;

use super::meter::{Meter, PART};
use super::window::length;
use super::{Facts, MediaError, Policy, Strip, Trailing};
use crate::model::{Kind, Traits};

/// The next action that a walk requests.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Show at least this many bytes from here, more than were shown.
    Need(usize),
    /// Advance by this many bytes, whether they are in the window or not, and store them.
    Keep(u64),
    /// Likewise, but leave them out of the file.
    Drop(u64),
    /// Likewise, but store zeros in their place.
    Blank(u64),
    /// Replace this many bytes of the window by others.
    Replace(u64, Vec<u8>),
    /// Stop: the container ends after this many bytes of the window.
    Done(u64),
}

impl Step {
    /// The number of bytes that the walk advances by.
    fn advance(&self) -> u64 {
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
    /// Looks at the bytes at the position that the last step led to.
    fn step(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError>;

    /// What it means that the file ends at the position that the last step led to, or after
    /// `rest`, which are too few bytes for another step. They are not part of a container that
    /// is complete.
    fn ending(&self, rest: &[u8], found: &Found) -> Ending {
        let _ = (rest, found);
        Ending::Truncated
    }

    /// The number of bytes that the walk itself holds.
    #[cfg(test)]
    fn held(&self) -> usize {
        0
    }
}

/// What it means that a file ends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ending {
    /// The rest of the container is missing.
    Truncated,
    /// The container is complete, but for these bytes.
    Complete(&'static [u8]),
    /// Only a walk that follows coded data can tell.
    Undecided,
}

/// How closely coded data is looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Depth {
    /// Only markers in it are looked for.
    Markers,
    /// Each code of a JPEG is followed, which takes several times as long, so that the end of
    /// its picture is known without a marker.
    Codes,
}

/// The walk over a container of this kind, beginning at the file's first byte.
pub(super) fn of(kind: Kind, depth: Depth) -> Box<dyn Walk> {
    match kind {
        Kind::Jpeg => Box::new(jpeg::Jpeg::new(depth)),
        Kind::Png => Box::<png::Png>::default(),
        Kind::Gif => Box::<gif::Gif>::default(),
        Kind::Webp => Box::<webp::Webp>::default(),
        Kind::Avif => Box::<avif::Avif>::default(),
    }
}

/// The maximum number of parts of a container that are not image data: far more than any
/// image has.
const MAX_PARTS: u32 = 65_536;

/// The facts that a walk has found so far, checked against the policy as they grow.
#[derive(Debug)]
pub(super) struct Found {
    kind: Kind,
    policy: Policy,
    canvas: Option<(u32, u32)>,
    orientation: Option<u8>,
    frames: u32,
    parts: u32,
    /// Whether there has been an Exif block.
    exif: bool,
    /// Whether a pixel may be transparent.
    alpha: bool,
    /// Whether samples may be other than sRGB in up to eight bits.
    special_colours: bool,
    /// Whether something is stored that is not needed to show the picture.
    metadata: bool,
    /// The number of bytes that the walk left out because they come after the end.
    trailing: u64,
    meter: Meter,
}

impl Found {
    pub(super) fn new(kind: Kind, policy: Policy) -> Self {
        Self {
            kind,
            policy,
            canvas: None,
            orientation: None,
            frames: 0,
            parts: 0,
            exif: false,
            alpha: false,
            special_colours: false,
            metadata: false,
            trailing: 0,
            meter: Meter::default(),
        }
    }

    /// The meter that work is charged to.
    fn meter(&mut self) -> &mut Meter {
        &mut self.meter
    }

    /// Charges for a part of the container, of any type.
    fn charge_part(&mut self) {
        self.meter.charge(PART);
    }

    /// Accounts for a step of the walk, and refuses a file that is more work than its bytes
    /// pay for.
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

    /// The units of work so far, and the number of bytes that have passed.
    #[cfg(test)]
    pub(super) fn work(&self) -> (u64, u64) {
        self.meter.reading()
    }

    /// Notes an Exif block. Returns whether it is the first: no others are used.
    fn first_exif(&mut self) -> bool {
        !std::mem::replace(&mut self.exif, true)
    }

    /// The metadata to remove.
    fn strip(&self) -> Option<Strip> {
        self.policy.strip
    }

    /// Whether data after the container's end is cut off.
    fn cuts_trailing(&self) -> bool {
        self.policy.trailing == Trailing::Cut
    }

    /// Sets the size of the canvas, before orientation.
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

    /// Checks the size of a picture that a decoder would have to allocate.
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

    /// Counts one more part that is not image data; `parts` is the plural of its name.
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

    /// Checks the size in bytes of a piece of metadata.
    fn check_metadata(&self, size: u64) -> Result<(), MediaError> {
        self.policy.check_metadata(size)
    }

    /// Sets how the picture is turned to be shown, 1 to 8. The first call with an answer counts.
    fn set_orientation(&mut self, orientation: Option<u8>) {
        self.orientation = self.orientation.or(orientation);
    }

    /// Notes that a pixel may be transparent.
    fn note_alpha(&mut self) {
        self.alpha = true;
    }

    /// Notes that samples may be other than sRGB in up to eight bits.
    fn note_special_colours(&mut self) {
        self.special_colours = true;
    }

    /// Notes that something is stored that is not needed to show the picture.
    fn note_metadata(&mut self) {
        self.metadata = true;
    }

    /// Sets the number of bytes that were left out because the container may have ended before
    /// them.
    fn set_trailing(&mut self, count: usize) {
        self.trailing = length(count);
    }

    /// The error of a container that violates a rule.
    pub(super) fn malformed(&self, reason: &'static str) -> MediaError {
        MediaError::Malformed {
            kind: self.kind,
            reason,
        }
    }

    /// The error of a truncated container.
    pub(super) fn truncated(&self) -> MediaError {
        MediaError::Truncated { kind: self.kind }
    }

    /// Returns the facts at the end of the file, after which `trailing` bytes were cut off.
    pub(super) fn facts(&self, trailing: u64) -> Result<Facts, MediaError> {
        let trailing = trailing.saturating_add(self.trailing);
        if trailing > 0 && !self.cuts_trailing() {
            return Err(MediaError::TrailingData { kind: self.kind });
        }
        let (width, height) = self.canvas.ok_or_else(|| self.truncated())?;
        let orientation = self.orientation.unwrap_or(1);
        let (width, height) = match orientation {
            5..=8 => (height, width),
            _ => (width, height),
        };
        Ok(Facts {
            kind: self.kind,
            width,
            height,
            frames: self.frames,
            traits: Traits {
                orientation,
                // Frames may leave parts of an animation uncovered.
                has_alpha: self.alpha || self.frames > 1,
                has_standard_colours: !self.special_colours,
                has_metadata: self.metadata,
            },
            trailing,
        })
    }
}
