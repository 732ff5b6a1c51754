//! What the component that serves images and the one that derives them say to each other, over
//! HTTP.
//!
//! ```text
//! POST /render?{canonical text of the transform}       POST /placeholder
//! limits in headers, the bytes of the source           limits in headers, the bytes of the source
//! ──▶ 200, the bytes of the derived image, its         ──▶ 200, the text of a Placeholder
//!     format in Content-Type, its size in headers
//! ──▶ 4xx or 5xx, the kind of refusal and the limit in headers, its reason as text
//! ```
//!
//! A request for a derived image may ask for the placeholder of its source as well, which is then
//! in a header of the response: it is made of the pixels that are decoded anyway.
//!
//! A derivation that traps or takes too long ends its instance: the host answers with a 500 or
//! a 504 without [`REFUSAL`], or with none at all.

/// The path of the request for a derived image.
pub const RENDER: &str = "/render";
/// The path of the request for a placeholder.
pub const PLACEHOLDER: &str = "/placeholder";

/// Request: the most pixels (width × height × frames) that a source may have.
pub const MAX_PIXELS: &str = "darkroom-max-pixels";
/// Request: the most frames that a source may have.
pub const MAX_FRAMES: &str = "darkroom-max-frames";
/// Request: the most bytes of memory that decoding may take.
pub const MAX_MEMORY: &str = "darkroom-max-memory";
/// Request: the longest side of a result, in pixels.
pub const MAX_SIDE: &str = "darkroom-max-side";
/// Request: the most pixels of a result in AVIF.
pub const MAX_AVIF_PIXELS: &str = "darkroom-max-avif-pixels";

/// Request for a derived image: `1` asks for the placeholder of the source as well. Response: that
/// placeholder, unless it could not be made.
pub const WITH_PLACEHOLDER: &str = "darkroom-placeholder";

/// Response: the width of the result in pixels.
pub const WIDTH: &str = "darkroom-width";
/// Response: the height of the result in pixels.
pub const HEIGHT: &str = "darkroom-height";
/// Response: the number of frames of the result.
pub const FRAMES: &str = "darkroom-frames";
/// Response: the kind of refusal, a [`Refusal`].
pub const REFUSAL: &str = "darkroom-refusal";
/// Response: the limit that was exceeded, a number.
pub const LIMIT: &str = "darkroom-limit";

/// Why there is no result.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Refusal {
    /// The request does not have the form that this module describes.
    Malformed,
    /// The source is damaged, or is no image.
    Undecodable,
    /// The source, or making the result of it, costs more than is allowed.
    TooCostly,
    /// The result would be larger than is allowed.
    TooLarge,
    /// The source uses something that this build cannot decode.
    Unsupported,
    /// The part to cut out lies outside the image.
    CropOutside,
    /// Something that cannot be wrong was wrong.
    Internal,
}

impl Refusal {
    const ALL: [Self; 7] = [
        Self::Malformed,
        Self::Undecodable,
        Self::TooCostly,
        Self::TooLarge,
        Self::Unsupported,
        Self::CropOutside,
        Self::Internal,
    ];

    /// The value of the header [`REFUSAL`].
    pub fn name(self) -> &'static str {
        match self {
            Self::Malformed => "malformed",
            Self::Undecodable => "undecodable",
            Self::TooCostly => "too-costly",
            Self::TooLarge => "too-large",
            Self::Unsupported => "unsupported",
            Self::CropOutside => "crop-outside",
            Self::Internal => "internal",
        }
    }

    /// The inverse of [`name`](Self::name).
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The status of the response.
    pub fn status(self) -> u16 {
        match self {
            Self::Malformed | Self::CropOutside => 400,
            Self::TooLarge => 413,
            Self::Undecodable | Self::TooCostly => 422,
            Self::Unsupported => 501,
            Self::Internal => 500,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Refusal;

    #[test]
    fn names_of_refusals_are_read_as_they_are_written() {
        for kind in Refusal::ALL {
            assert_eq!(Refusal::parse(kind.name()), Some(kind));
        }
        assert_eq!(Refusal::parse("Internal"), None);
    }
}
