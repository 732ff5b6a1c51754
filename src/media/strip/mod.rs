//! What goes of a file's metadata, and what stays.
//!
//! The walks ask, once they hold a piece of metadata; the answer is an [`Edit`].
//! Nothing here knows where in a file it is.
//!
//! - `jpeg`, `png`, `gif`, `webp`, `avif`: what is metadata in each container;
//! - `exif`, `xmp`, `photoshop`: the three forms that it has in all of them;
//! - `place`: the names under which places are told.
//!
//! Where a container says further up how long things are (the RIFF of a WebP,
//! the offsets of an AVIF), an edit keeps the length. What cannot be read goes
//! as a whole: what is not understood cannot be said to tell no place.

pub(super) mod avif;
mod exif;
pub(super) mod gif;
pub(super) mod jpeg;
mod photoshop;
mod place;
pub(super) mod png;
pub(super) mod webp;
mod xmp;

/// What becomes of a piece of metadata.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// It stays.
    Keep,
    /// It goes.
    Drop,
    /// Others take its place, which are no longer.
    Replace(Vec<u8>),
}
