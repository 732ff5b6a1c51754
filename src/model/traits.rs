//! What the header of an image's file says of its picture.

/// What decides whether a file can stand for a derived image of the same size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traits {
    /// How the stored picture is turned to be shown: 1 (as it is) to 8, as Exif has it.
    pub orientation: u8,
    /// Whether a pixel may be transparent.
    pub has_alpha: bool,
    /// Whether samples have up to eight bits and are sRGB, or of no stated colour space, which
    /// means the same. `false` where that is not known.
    pub has_standard_colours: bool,
    /// Whether the file has metadata, or anything else that is neither the picture nor needed to
    /// show it.
    pub has_metadata: bool,
}
