//! Images as pixels: decode, orient, crop, scale, encode. Pure functions without I/O.
//!
//! # Layout
//! - [`decode`]: from the bytes of a file to its frames, at the size that the result needs.
//! - [`image`]: pixels in memory.
//! - [`limits`]: what a source may cost.
//! - [`pause`]: how a long computation lets its host run others.
//! - [`error`]: why a source has no result.

#![forbid(unsafe_code)]

pub mod decode;
pub mod error;
pub mod image;
pub mod limits;
pub mod pause;
#[cfg(test)]
mod testing;

pub use error::{Cost, Error};
pub use image::{Frame, Image, Layout};
pub use limits::Limits;
pub use pause::{NoPause, Pause};
