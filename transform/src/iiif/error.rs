//! What can be wrong with a request.

/// A part of the path of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// What is cut out.
    Region,
    /// How large it becomes.
    Size,
    /// Mirroring and rotation.
    Rotation,
    /// Colours.
    Quality,
    /// The format of the file.
    Format,
}

impl Part {
    /// The name of the parameter in the specification.
    pub fn name(self) -> &'static str {
        match self {
            Part::Region => "region",
            Part::Size => "size",
            Part::Rotation => "rotation",
            Part::Quality => "quality",
            Part::Format => "format",
        }
    }
}

/// Why a path is not a request, or not one for this image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The region has no form of the specification (§4.1).
    #[error(
        "the region must be `full`, `square`, `x,y,w,h` in whole pixels, or `pct:x,y,w,h` in \
         percent, with `w` and `h` more than 0"
    )]
    Region,
    /// The region has nothing in common with the image.
    #[error("the region must overlap the image, which has {width}×{height} pixels")]
    RegionOutside {
        /// The width of the upright image.
        width: u32,
        /// Its height.
        height: u32,
    },
    /// The size has no form of the specification (§4.2).
    #[error(
        "the size must be `max`, `w,`, `,h`, `w,h` or `!w,h` in whole pixels from 1, or `pct:n`; \
         `^` before it allows the region to be enlarged"
    )]
    Size,
    /// The size enlarges the region without `^`.
    #[error(
        "the size must be at most that of the region, which has {width}×{height} pixels, unless \
         it begins with `^`"
    )]
    Enlarged {
        /// The width of the region.
        width: u32,
        /// Its height.
        height: u32,
    },
    /// The size is less than a pixel.
    #[error("the size must have at least one pixel in each direction")]
    TooSmall,
    /// A side of the size is longer than allowed.
    #[error("the size must have sides of at most {limit} pixels")]
    TooLong {
        /// The longest side that is allowed.
        limit: u32,
    },
    /// The size has more pixels than allowed.
    #[error("the size must have at most {limit} pixels in all")]
    TooManyPixels {
        /// The most that are allowed.
        limit: u64,
    },
    /// The rotation has no form of the specification, or is no multiple of 90 (§4.3).
    #[error(
        "the rotation must be `0`, `90`, `180`, `270` or `360`, with `!` before it to mirror the \
         image; other angles are not supported"
    )]
    Rotation,
    /// The quality does not exist (§4.4).
    #[error("the quality must be `default`, `color`, `gray` or `bitonal`")]
    Quality,
    /// The format does not exist, or is not supported (§4.5).
    #[error("the format must be `jpg`, `png`, `gif`, `webp` or `avif`")]
    Format,
    /// The last part of the path has no point.
    #[error("the path must end with the quality and the format, as in `default.jpg`")]
    File,
}

impl Error {
    /// The part that is wrong.
    pub fn part(&self) -> Part {
        match self {
            Error::Region | Error::RegionOutside { .. } => Part::Region,
            Error::Rotation => Part::Rotation,
            Error::Quality => Part::Quality,
            Error::Format | Error::File => Part::Format,
            Error::Size
            | Error::Enlarged { .. }
            | Error::TooSmall
            | Error::TooLong { .. }
            | Error::TooManyPixels { .. } => Part::Size,
        }
    }

    /// The limit that is exceeded.
    pub fn limit(&self) -> Option<u64> {
        match self {
            Error::TooLong { limit } => Some((*limit).into()),
            Error::TooManyPixels { limit } => Some(*limit),
            _ => None,
        }
    }
}
