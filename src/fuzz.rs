//! Properties that hold for any input: a check for each kind of input that strangers send.
//!
//! A check is a function of bytes that panics if a promise is broken. The fuzzers in
//! `fuzz/` run it on generated inputs; `smoke` runs it on stable Rust, on the seeds and on
//! damaged seeds. Each check is next to the code that it checks: `fuzz` in each part.

#[cfg(test)]
mod smoke;

pub use crate::http::fuzz::{
    cursor, json, multipart, preconditions, signed_url, token, upload, uploads,
};
pub use crate::media::testing::fuzz::{strip, walk as media};

/// A kind of input and its check.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// The name, as in `fuzz/fuzz_targets/` and `fuzz/seeds/`.
    pub name: &'static str,
    /// Panics if a promise is broken.
    pub check: fn(&[u8]),
}

/// All targets.
pub const TARGETS: [Target; 10] = [
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
    Target {
        name: "uploads",
        check: uploads,
    },
];
