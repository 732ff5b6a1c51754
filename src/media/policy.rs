//! What is accepted: the limits on images, and what becomes of metadata. Each limit is
//! checked here, when a walk has found what it is about.

use super::MediaError;
use crate::model::Kind;

/// What is accepted, and what becomes of what is in it besides the picture.
/// Limits are checked as soon as the bytes tell, before the rest is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The kinds that are accepted.
    pub accepted: Vec<Kind>,
    /// The most pixels, as width times height, of the canvas or of a frame.
    pub max_pixels: u64,
    /// The most pixels across, as stored: before orientation.
    pub max_width: u32,
    /// The most pixels down, as stored: before orientation.
    pub max_height: u32,
    /// The most frames of an animation.
    pub max_frames: u32,
    /// The most bytes of one piece of metadata: an Exif block, an XMP packet, a
    /// colour profile, a text.
    pub max_metadata_bytes: u64,
    /// What metadata is removed; `None` leaves it all.
    pub strip: Option<Strip>,
    /// What becomes of bytes after the container's end.
    pub trailing: Trailing,
}

impl Policy {
    /// Checks the size of the canvas or of a frame: a decoder would have to hold it.
    pub(super) fn check_pixels(&self, width: u32, height: u32) -> Result<(), MediaError> {
        let max_pixels = self.max_pixels;
        if u64::from(width).saturating_mul(height.into()) > max_pixels {
            return Err(MediaError::TooManyPixels {
                width,
                height,
                max_pixels,
            });
        }
        let sides = [
            ("width", width, self.max_width),
            ("height", height, self.max_height),
        ];
        match sides.into_iter().find(|(_, pixels, max)| pixels > max) {
            Some((side, pixels, max)) => Err(MediaError::TooLong { side, pixels, max }),
            None => Ok(()),
        }
    }

    /// Checks the number of frames so far.
    pub(super) fn check_frames(&self, frames: u32) -> Result<(), MediaError> {
        let max = self.max_frames;
        if frames > max {
            return Err(MediaError::TooManyFrames { frames, max });
        }
        Ok(())
    }

    /// Checks the length in bytes of one piece of metadata.
    pub(super) fn check_metadata(&self, size: u64) -> Result<(), MediaError> {
        let max = self.max_metadata_bytes;
        if size > max {
            return Err(MediaError::MetadataTooLarge { size, max });
        }
        Ok(())
    }
}

/// Which metadata is removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strip {
    /// What tells where a picture was taken, what may tell it in a form that
    /// only its maker knows, and previews, which may show what was cut away.
    Location,
    /// All but the orientation, the colour profile and what a decoder needs.
    All,
}

/// What becomes of bytes after the container's end. Cameras put further
/// pictures, videos and notes there; so does who wants a file to be two things.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trailing {
    /// They are left out.
    Cut,
    /// The file is refused.
    Reject,
}
