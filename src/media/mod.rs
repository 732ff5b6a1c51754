//! What a file is, told from its bytes.
//!
//! Pure functions on bytes: no I/O, no clock, no async. An [`Inspector`] is fed
//! an upload as it comes, in whatever pieces, keeps no more of it than one
//! header, and answers with the image's [`Facts`] or with the first reason to
//! refuse it. Pixels are never decoded: what is checked is the container, from
//! its first byte to its last, so that a file which was cut short is refused
//! and so that a small file which claims to be huge never reaches a decoder.
//!
//! - `kind`: the kinds of image, their names, and telling them apart;
//! - `inspect`: the [`Inspector`], which cuts the stream into windows;
//! - `walk`: one walk per container, each a state machine over windows;
//! - `exif`, `read`: what the walks share;
//! - `testing`: makes small valid images, for tests only.

mod error;
mod exif;
mod inspect;
mod kind;
mod read;
#[cfg(not(target_family = "wasm"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod walk;

pub use error::MediaError;
pub use inspect::{Facts, Inspector, Limits};
pub use kind::Kind;
