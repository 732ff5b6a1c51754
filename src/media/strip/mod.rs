//! Removal of metadata.
//!
//! The walks call these functions with a piece of metadata; the answer is an [`Edit`].
//! Nothing here knows where in a file the metadata is.
//!
//! - `jpeg`, `png`, `gif`, `webp`, `avif`: which parts of each container are metadata;
//! - `exif`, `xmp`, `photoshop`: the three forms of metadata that containers share;
//! - `location`: the names of properties that reveal a location.
//!
//! If a container states lengths or offsets further ahead (the RIFF of a WebP, the offsets
//! of an AVIF), an edit keeps the length. Metadata that cannot be parsed is removed as a
//! whole, because it might contain a location.

pub(super) mod avif;
mod exif;
pub(super) mod gif;
pub(super) mod jpeg;
mod location;
mod photoshop;
pub(super) mod png;
pub(super) mod webp;
mod xmp;

/// What happens to a piece of metadata.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// It is kept.
    Keep,
    /// It is removed.
    Drop,
    /// It is replaced by these bytes, which are not longer.
    Replace(Vec<u8>),
}
