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
    /// The part to cut out lies outside the image.
    #[error("the part to cut out must overlap the image, which has {width} x {height} pixels")]
    CropOutside {
        /// Columns of the upright image.
        width: u32,
        /// Its rows.
        height: u32,
    },
    /// Something that cannot be wrong was wrong.
    #[error("the image could not be derived: {reason}")]
    Internal {
        /// What was wrong.
        reason: Cow<'static, str>,
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
    /// Something that cannot be wrong was wrong.
    pub fn internal(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::Internal {
            reason: reason.into(),
        }
    }

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

impl From<darkroom_transform::PlanError> for Error {
    fn from(error: darkroom_transform::PlanError) -> Self {
        use darkroom_transform::PlanError;

        match error {
            PlanError::CropOutside { width, height } => Self::CropOutside { width, height },
            PlanError::TooLarge { limit, actual } => Self::TooLarge {
                side: actual,
                limit: limit.into(),
            },
        }
    }
}
