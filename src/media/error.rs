//! The reasons to refuse a file.

use crate::model::Kind;

/// Why a file was not accepted as an image.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MediaError {
    /// The file has no bytes.
    #[error("the file is empty")]
    Empty,
    /// The first bytes are not those of an accepted format.
    #[error("{}", not_accepted(*.detected))]
    NotAccepted {
        /// The media type of the file, if the first bytes determine it.
        detected: Option<&'static str>,
        /// The kinds that are accepted.
        accepted: Vec<Kind>,
    },
    /// The file ends before its container does.
    #[error("the {} ends before it is complete", .kind.label())]
    Truncated {
        /// The kind that the first bytes indicate.
        kind: Kind,
    },
    /// The container violates a rule of its format.
    #[error("the {} is malformed: {reason}", .kind.label())]
    Malformed {
        /// The kind that the first bytes indicate.
        kind: Kind,
        /// The violated rule.
        reason: &'static str,
    },
    /// The file continues after the end of its container, which the policy forbids.
    #[error("the {} is followed by other data", .kind.label())]
    TrailingData {
        /// The kind that the first bytes indicate.
        kind: Kind,
    },
    /// The canvas, or a single frame, has more pixels than are allowed.
    #[error("{width} × {height} pixels are more than the {max_pixels} allowed")]
    TooManyPixels {
        /// As stated by the container, before orientation.
        width: u32,
        /// As stated by the container, before orientation.
        height: u32,
        /// The maximum of width times height.
        max_pixels: u64,
    },
    /// The canvas, or a single frame, is too wide or too high.
    #[error("a {side} of {pixels} pixels is more than the {max} allowed")]
    TooLong {
        /// `width` or `height`, as stated by the container, before orientation.
        side: &'static str,
        /// The length of that side.
        pixels: u32,
        /// The maximum.
        max: u32,
    },
    /// The animation has more frames than are allowed.
    #[error("{frames} frames are more than the {max} allowed")]
    TooManyFrames {
        /// The number declared, or counted until it was too large.
        frames: u32,
        /// The maximum.
        max: u32,
    },
    /// The container has more parts (chunks, segments, blocks, scans) than any
    /// image needs.
    #[error("the {} has more than {max} {parts}", .kind.label())]
    TooManyParts {
        /// The kind that the first bytes indicate.
        kind: Kind,
        /// The name of the parts, in the plural.
        parts: &'static str,
        /// The maximum.
        max: u32,
    },
    /// The container consists of so many small parts that walking it is more work than any
    /// image of its length needs.
    #[error("the {} is cut into more and smaller parts than its length allows", .kind.label())]
    TooMuchWork {
        /// The kind that the first bytes indicate.
        kind: Kind,
    },
    /// A piece of metadata is longer than is allowed.
    #[error("a piece of metadata of {size} bytes is more than the {max} allowed")]
    MetadataTooLarge {
        /// Its length in bytes, or the number counted until it was too large.
        size: u64,
        /// The maximum in bytes.
        max: u64,
    },
}

fn not_accepted(detected: Option<&str>) -> String {
    match detected {
        Some(media_type) => format!("the bytes are {media_type}, which is not accepted"),
        None => "the bytes are not an image of a known type".to_owned(),
    }
}
