use crate::model::Kind;
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
    /// The file goes on after its container's end, and may not.
    #[error("the {} is followed by other data", .kind.label())]
    TrailingData {
        /// What the first bytes are.
        kind: Kind,
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
    /// The canvas, or a single frame, is too wide or too high.
    #[error("a {side} of {pixels} pixels is more than the {max} allowed")]
    TooLong {
        /// `width` or `height`, as the container says, before orientation.
        side: &'static str,
        /// How long it is.
        pixels: u32,
        /// The most that is allowed.
        max: u32,
    },
    /// The animation has more frames than are allowed.
    #[error("{frames} frames are more than the {max} allowed")]
    TooManyFrames {
        /// As many as are announced, or as were counted until it was too much.
        frames: u32,
        /// The most that is allowed.
        max: u32,
    },
    /// The container has more parts (chunks, segments, blocks, scans) than any
    /// image needs.
    #[error("the {} has more than {max} {parts}", .kind.label())]
    TooManyParts {
        /// What the first bytes are.
        kind: Kind,
        /// What the parts are, in the plural.
        parts: &'static str,
        /// The most that is allowed.
        max: u32,
    },
    /// The container is made of so little at a time that it is more work to walk
    /// than any image of its length.
    #[error("the {} is cut into more and smaller parts than its length allows", .kind.label())]
    TooMuchWork {
        /// What the first bytes are.
        kind: Kind,
    },
    /// A piece of metadata is longer than is allowed.
    #[error("a piece of metadata of {size} bytes is more than the {max} allowed")]
    MetadataTooLarge {
        /// Its length in bytes, or as many as were counted until it was too much.
        size: u64,
        /// The most that is allowed, in bytes.
        max: u64,
    },
}
