//! Metadata in the chunks of a WebP.

use super::{exif, xmp};
use crate::media::Strip;
use crate::media::meter::Meter;

/// Whether a chunk with this name contributes to the picture or its colours. Others, such
/// as content credentials, have no known use and are cleared.
pub(in crate::media) fn is_known(name: [u8; 4]) -> bool {
    let known = [
        b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP",
    ];
    known.contains(&&name)
}

/// Edits the content of an EXIF or XMP chunk without changing its length; `None` if nothing
/// changes.
pub(in crate::media) fn chunk(
    name: [u8; 4],
    content: &[u8],
    strip: Strip,
    meter: &mut Meter,
) -> Option<Vec<u8>> {
    if &name == b"EXIF" {
        exif::edit_block_in_place(content, strip, meter)
    } else {
        xmp::edit_in_place(content, strip, meter)
    }
}
