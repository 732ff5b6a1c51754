//! The variant: a derived image that is stored.

use super::{BlobRef, Kind, Sha256, Timestamp};

/// A derived image as the catalog records it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// What was done to the image, in the canonical form of transforms with the format decided.
    pub transform: String,
    /// Where its bytes are, and how many there are.
    pub blob: BlobRef,
    /// SHA-256 of its bytes.
    pub sha256: Sha256,
    /// The format of its bytes.
    pub kind: Kind,
    /// Width in pixels.
    pub width: u32,
    /// Height in pixels.
    pub height: u32,
    /// The number of frames: 1 unless it is animated.
    pub frames: u32,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last requested. Not exact: it is written seldom.
    pub used_at: Timestamp,
}
