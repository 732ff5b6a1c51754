//! What the targets share.

use darkroom::media::testing::promises;
use darkroom::media::{Inspector, Kind};
use libfuzzer_sys::Corpus;

/// Checks every promise on a file, if it is of this kind; others teach a target
/// for this kind nothing.
pub fn check_kind(kind: Kind, bytes: &[u8]) -> Corpus {
    let head = bytes.get(..64).unwrap_or(bytes);
    let mut inspector = Inspector::new(promises::policy(None));
    // What the head says of other things comes later again.
    let _ = inspector.push(bytes::Bytes::copy_from_slice(head), &mut Vec::new());
    if inspector.kind() != Some(kind) {
        return Corpus::Reject;
    }
    check_any(bytes);
    Corpus::Keep
}

/// Checks every promise on any bytes, cut in two somewhere.
pub fn check_any(bytes: &[u8]) {
    let part = bytes.last().copied().map_or(0, usize::from);
    promises::check(bytes, bytes.len() * part / 256);
}
