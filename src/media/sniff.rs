//! Detection of a file's type by its first bytes.
//!
//! Only images of a supported format are accepted. Other types that people upload in place of
//! one are detected as well, so that a refusal can name them. `signature` compares bytes with
//! constant ones, `brands` looks into the first box of an ISO media file, and `text` recognises
//! markup and plain text.

mod brands;
mod signature;
mod text;

use crate::model::Kind;
use signature::{Meaning, SIGNATURES};

/// The result of looking at a file's first bytes.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Sniff {
    /// They determine the format.
    Known(Kind),
    /// They are not those of a supported format, whatever follows, but of a file with this media
    /// type, if it is known.
    Other(Option<&'static str>),
    /// At least this many bytes are needed.
    Need(usize),
}

/// Determines the format from a file's first bytes, as early as they allow. More bytes never
/// change an answer other than [`Sniff::Need`].
pub(super) fn sniff(bytes: &[u8]) -> Sniff {
    determine(bytes, false)
}

/// The media type of a file of these bytes, which are too few for [`sniff`].
pub(super) fn sniff_whole(bytes: &[u8]) -> Option<&'static str> {
    match determine(bytes, true) {
        Sniff::Other(media_type) => media_type,
        Sniff::Known(_) | Sniff::Need(_) => None,
    }
}

/// Whether a file that begins with these bytes cannot have a supported format, although more of
/// them may be needed to tell what it is.
pub(super) fn is_other(bytes: &[u8]) -> bool {
    let mut possible = SIGNATURES
        .iter()
        .filter(|signature| signature.compare(bytes).is_some());
    !possible.any(|signature| matches!(signature.meaning, Meaning::Kind(_) | Meaning::Iso))
}

/// `ended` is whether there are no more bytes than these.
fn determine(bytes: &[u8], ended: bool) -> Sniff {
    let mut candidates = SIGNATURES.iter();
    let candidate = candidates.find_map(|signature| Some((signature, signature.compare(bytes)?)));
    match candidate {
        None => text::sniff(bytes, ended),
        Some((_, false)) => Sniff::Need(bytes.len().saturating_add(1)),
        Some((signature, true)) => match signature.meaning {
            Meaning::Kind(kind) => Sniff::Known(kind),
            Meaning::Other(media_type) => Sniff::Other(Some(media_type)),
            Meaning::Iso => brands::sniff(bytes),
            Meaning::Matroska => matroska(bytes, ended),
        },
    }
}

/// Matroska and WebM have the same signature. The name of the type follows within a few fields
/// (RFC 9559 §11.2; RFC 8794 §11.2.6).
fn matroska(bytes: &[u8], ended: bool) -> Sniff {
    const HEADER: usize = 64;
    if bytes.len() < HEADER && !ended {
        return Sniff::Need(HEADER);
    }
    let header = bytes.get(..HEADER).unwrap_or(bytes);
    let has = |field: &[u8]| header.windows(field.len()).any(|window| window == field);
    Sniff::Other(if has(b"\x42\x82\x84webm") {
        Some("video/webm")
    } else if has(b"\x42\x82\x88matroska") {
        Some("video/matroska")
    } else {
        None
    })
}

#[cfg(test)]
mod tests;
