//! What a source and its result may cost.

/// Limits on a source, checked against its header before a decoder is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Width × height × frames of the source.
    pub max_pixels: u64,
    /// Frames of an animation.
    pub max_frames: u32,
    /// Whether of an animation only the first frame counts, because no other is decoded. The
    /// header may then say less about the others: that there are any, not how many.
    pub first_frame_only: bool,
    /// Bytes of memory that decoding may take at once, beside the source itself. Estimated from
    /// the header.
    pub max_memory: usize,
    /// Pixels of the longer side of a result.
    pub max_side: u32,
    /// Pixels of a result in AVIF, which takes longer to encode than any other format.
    pub max_avif_pixels: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_pixels: 100_000_000,
            max_frames: 1_000,
            first_frame_only: false,
            max_memory: 256 << 20,
            max_side: 8192,
            max_avif_pixels: 1_000_000,
        }
    }
}
