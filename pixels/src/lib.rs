//! Images as pixels: decode, orient, crop, scale, encode. Pure functions without I/O.
//!
//! # Layout
//! - [`render`](mod@render): from a source and a transform to the bytes of a derived image.
//! - [`decode`]: from the bytes of a file to its frames, at the size that the result needs.
//! - [`colour`]: from the colours of a source to sRGB.
//! - [`ops`]: resize, turn, pad, blur, sharpen, and what of a picture matters.
//! - [`encode`]: from frames to the bytes of a file.
//! - [`placeholder`](mod@placeholder): what is shown while an image loads.
//! - [`image`]: pixels in memory.
//! - [`limits`]: what a source and its result may cost.
//! - [`pause`]: how a long computation lets its host run others.
//! - [`error`]: why a source has no result.

#![forbid(unsafe_code)]

pub mod colour;
pub mod decode;
pub mod encode;
pub mod error;
pub mod image;
pub mod limits;
pub mod ops;
pub mod pause;
pub mod placeholder;
pub mod render;

#[cfg(test)]
mod testing;

pub use darkroom_transform::{Format, Transform};

pub use error::{Cost, Error};
pub use image::{Frame, Image, Layout, Shrink};
pub use limits::Limits;
pub use pause::{NoPause, Pause};
pub use placeholder::{Placeholder, placeholder};
pub use render::{Rendered, render, render_with_placeholder};
