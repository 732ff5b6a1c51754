//! What holds whatever is sent: a check for each kind of input that strangers send.
//!
//! A check is a function of bytes that panics where a promise is broken. The fuzzers in
//! `fuzz/` run it on what they find; `smoke` runs it on stable Rust, on the seeds and on
//! damaged seeds. The checks stand beside what they are of: `fuzz` in each part.

#[cfg(test)]
mod smoke;

pub use crate::http::fuzz::{cursor, json, multipart, preconditions, signed_url, token, upload};
pub use crate::media::testing::fuzz::{strip, walk as media};

/// A kind of input, and what holds of it.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// As in `fuzz/fuzz_targets/` and `fuzz/seeds/`.
    pub name: &'static str,
    /// Panics where a promise is broken.
    pub check: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 9] = [
    Target {
        name: "media",
        check: media,
    },
    Target {
        name: "strip",
        check: strip,
    },
    Target {
        name: "multipart",
        check: multipart,
    },
    Target {
        name: "token",
        check: token,
    },
    Target {
        name: "signed_url",
        check: signed_url,
    },
    Target {
        name: "preconditions",
        check: preconditions,
    },
    Target {
        name: "cursor",
        check: cursor,
    },
    Target {
        name: "json",
        check: json,
    },
    Target {
        name: "upload",
        check: upload,
    },
];
