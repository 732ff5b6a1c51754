//! What is done to pixels between decoding and encoding.
//!
//! - [`resize`]: a part of a picture at another size.
//! - [`turn`]: orientation, mirroring, rotation.
//! - [`filter`]: blur and sharpen.
//! - [`canvas`]: backgrounds and padding.
//! - [`tone`]: greys, and black and white.
//! - [`alpha`]: colours multiplied by their alpha, for whatever mixes pixels.
//! - [`focus`]: what of a picture matters most.

pub mod alpha;
pub mod canvas;
pub mod filter;
pub mod focus;
pub mod resize;
pub mod tone;
pub mod turn;
