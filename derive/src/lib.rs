//! The component that derives images. It is granted nothing: it has no store, no variable and no
//! network, and gives back what it makes of the bytes that it is sent
//! ([`darkroom_transform::exchange`]).
//!
//! It is built for WASI 0.2, so that each request has an instance of its own: a decoder that traps
//! or runs out of memory ends one derivation, whose memory is gone afterwards, and derivations use
//! all cores.
//!
//! - [`answer`]: from a request to a response, without I/O.
//! - [`pause`]: how a derivation lets the host run others.
//! - `exhaustion`: what is answered when memory runs out.
//! - `wasi`: reads requests and writes responses.

#[cfg(all(target_family = "wasm", not(test)))]
mod allocator;
pub mod answer;
#[cfg(all(target_family = "wasm", not(test)))]
mod exhaustion;
pub mod pause;
#[cfg(all(target_family = "wasm", not(test)))]
mod wasi;
