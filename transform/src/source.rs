//! What a transform has to know of the picture that it is applied to.

use crate::format::Format;
use crate::turn::Turn;

/// The original, as its header describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Columns as stored, before orientation; not 0.
    pub width: u32,
    /// Rows as stored, before orientation; not 0.
    pub height: u32,
    /// What brings the stored picture upright.
    pub orientation: Turn,
    /// Its format.
    pub format: Format,
    /// Frames of the animation; 1 in a still.
    pub frames: u32,
    /// Whether a pixel may be transparent.
    pub has_alpha: bool,
    /// Whether the file holds pixels alone: no metadata and no colours other than sRGB. Such a
    /// file may stand for a derived image of the same pixels.
    pub plain: bool,
}

impl Source {
    /// The size that people see.
    pub fn upright(&self) -> (u32, u32) {
        self.orientation.size((self.width, self.height))
    }
}

/// How large a derived image may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Pixels of its longer side.
    pub max_side: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { max_side: 8192 }
    }
}
