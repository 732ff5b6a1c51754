//! Why a source has no result.

use std::borrow::Cow;

/// Why a source has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file is damaged, or is no image.
    #[error("the image cannot be decoded: {reason}")]
    Undecodable {
        /// What is wrong with it.
        reason: Cow<'static, str>,
    },
    /// Decoding the file, or making the result of it, costs more than is allowed.
    #[error("the image costs {needed} {cost}; the limit is {limit}")]
    TooCostly {
        /// What is counted.
        cost: Cost,
        /// How many the image needs.
        needed: u64,
        /// How many are allowed.
        limit: u64,
    },
    /// The result would be larger than is allowed.
    #[error("the result would have a side of {side} pixels; the limit is {limit}")]
    TooLarge {
        /// The longer side of the result.
        side: u64,
        /// How long a side may be.
        limit: u64,
    },
    /// The file is fine, but uses something that this build cannot decode.
    #[error("{feature} cannot be decoded")]
    Unsupported {
        /// What it uses.
        feature: &'static str,
    },
}

/// What a source is charged for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Cost {
    /// Width × height × frames.
    Pixels,
    /// Frames of an animation.
    Frames,
    /// Bytes of memory.
    Memory,
}

impl std::fmt::Display for Cost {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Pixels => "pixels",
            Self::Frames => "frames",
            Self::Memory => "bytes of memory",
        })
    }
}

impl Error {
    /// The file is damaged in the way that `reason` says.
    pub fn undecodable(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Undecodable {
            reason: reason.into(),
        }
    }
}

impl From<crate::image::WrongLength> for Error {
    fn from(wrong: crate::image::WrongLength) -> Self {
        Self::undecodable(wrong.to_string())
    }
}
