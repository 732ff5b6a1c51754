use super::Kind;

/// Why a file is not taken as an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// There is not one byte.
    #[error("the file is empty")]
    Empty,
    /// The first bytes are those of no kind that Darkroom knows.
    #[error("the bytes are not an image of a known type")]
    UnknownType,
    /// An image, but of a kind that is not wanted here.
    #[error("{} is not accepted here", .kind.media_type())]
    NotAccepted {
        /// What the bytes are.
        kind: Kind,
    },
    /// The file stops before its container does.
    #[error("the {} ends before it is complete", .kind.label())]
    Truncated {
        /// What the first bytes are.
        kind: Kind,
    },
    /// The container breaks its format's rules.
    #[error("the {} is malformed: {reason}", .kind.label())]
    Malformed {
        /// What the first bytes are.
        kind: Kind,
        /// The rule that is broken.
        reason: &'static str,
    },
    /// The canvas, or a single frame, has more pixels than are allowed.
    #[error("{width} × {height} pixels are more than the {max_pixels} allowed")]
    TooManyPixels {
        /// As the container says, before orientation.
        width: u32,
        /// As the container says, before orientation.
        height: u32,
        /// The most that is allowed, as width times height.
        max_pixels: u64,
    },
    /// The animation has more frames than are allowed.
    #[error("{frames} frames are more than the {max} allowed")]
    TooManyFrames {
        /// As many as are announced, or as were counted until it was too much.
        frames: u32,
        /// The most that is allowed.
        max: u32,
    },
}
