//! What the deployment accepts, and what it removes from files. Each limit is checked here,
//! when a walk has found what it applies to.

use super::MediaError;
use crate::model::Kind;

/// The limits of files, and the treatment of everything but the picture. Limits are
/// checked as soon as the bytes allow, before the rest is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The accepted formats.
    pub accepted: Vec<Kind>,
    /// The maximum number of pixels, as width times height, of the canvas or of a frame.
    pub max_pixels: u64,
    /// The maximum width in pixels, as stored: before orientation.
    pub max_width: u32,
    /// The maximum height in pixels, as stored: before orientation.
    pub max_height: u32,
    /// The maximum number of frames of an animation.
    pub max_frames: u32,
    /// The maximum number of bytes of one piece of metadata: an Exif block, an XMP packet,
    /// a colour profile, a text.
    pub max_metadata_bytes: u64,
    /// The metadata to remove; `None` keeps it all.
    pub strip: Option<Strip>,
    /// The treatment of bytes after the container's end.
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
    /// Locations, data that may contain a location in a form known only to the camera's
    /// maker, and previews, which may show what was cropped.
    Location,
    /// Everything but the orientation, the colour profile and what a decoder needs.
    All,
}

/// The treatment of bytes after the container's end. Cameras put further pictures, videos
/// and notes there; attackers use them to make a file that is of two types at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trailing {
    /// They are removed.
    Cut,
    /// The file is refused.
    Reject,
}
