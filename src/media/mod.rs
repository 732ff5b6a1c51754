//! What a file is, told from its bytes, and what is stored of it.
//!
//! Pure functions on bytes: no I/O, no clock, no async. An [`Inspector`] is fed
//! an upload as it comes, in whatever pieces, holds no more of it than one header
//! or one piece of metadata, and gives out what is to be stored ([`Piece`]), and
//! at the end the image's [`Facts`], or the first reason to refuse it. Pixels are
//! never decoded and nothing is decompressed: what is checked is the container,
//! from its first byte to its last, so that a file which was cut short is refused
//! and so that a small file which claims to be huge never reaches a decoder.
//!
//! - `policy`: what is taken, and what becomes of metadata;
//! - `kind`: the kinds of image, their names, and telling them apart;
//! - `inspect`: the [`Inspector`]; `window`: the bytes before it, cut into pieces;
//! - `walk`: one walk per container, each a state machine over windows;
//! - `strip`: what goes of a piece of metadata that a walk has come to;
//! - `meter`: how much work a file may be;
//! - `boxes`, `tiff`, `exif`, `read`: what these share;
//! - `testing`: makes small valid images, for tests only.

#![cfg_attr(
    not(test),
    deny(clippy::arithmetic_side_effects, clippy::indexing_slicing)
)]

mod boxes;
mod error;
mod exif;
mod inspect;
mod meter;
mod policy;
mod read;
mod sniff;
mod strip;
#[cfg(any(test, not(target_family = "wasm")))]
pub mod testing;
#[cfg(test)]
mod tests;
mod tiff;
mod walk;
mod window;

pub use error::MediaError;
pub use inspect::{Facts, Inspector};
pub use policy::{Policy, Strip, Trailing};
pub use window::Piece;
