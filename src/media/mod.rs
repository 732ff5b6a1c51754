//! Image files: determines what a file is from its bytes, and which of them to store.
//!
//! Pure functions on bytes: no I/O, no clock, no async. An [`Inspector`] takes an upload as
//! it arrives, in pieces of any size, and holds at most one header or one piece of metadata.
//! It returns the bytes to store ([`Piece`]) and, at the end, the image's [`Facts`], or the
//! first reason to refuse it. Pixels are never decoded and nothing is decompressed. Only the
//! container is checked, from its first byte to its last, so that truncated files are
//! refused and a small file that claims to be huge never reaches a decoder.
//!
//! - `policy`: which files are accepted, and what happens to metadata;
//! - `sniff`: determines the format from the first bytes;
//! - `inspect`: the [`Inspector`]; `window`: the bytes in front of it, cut into pieces;
//! - `walk`: one walk per container, each a state machine over windows;
//! - `strip`: decides which parts of a piece of metadata are removed;
//! - `meter`: limits the work that a file may cause;
//! - `boxes`, `tiff`, `exif`, `read`: readers that these modules share; `crc`: PNG's checksum;
//! - `testing`: makes small valid images, for tests only.

#![cfg_attr(
    not(test),
    deny(clippy::arithmetic_side_effects, clippy::indexing_slicing)
)]

mod boxes;
mod crc;
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
pub use inspect::{Facts, Inspector, Verdict};
pub use policy::{Policy, Strip, Trailing};
pub use window::Piece;
