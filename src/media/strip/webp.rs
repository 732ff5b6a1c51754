use super::{exif, xmp};
use crate::media::Strip;
use crate::media::meter::Meter;

/// Whether a chunk of this name has to do with the picture or its colours.
/// Others have no known use and are made zero: content credentials, for one.
pub(in crate::media) fn is_known(name: [u8; 4]) -> bool {
    let known = [
        b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"ICCP",
    ];
    known.contains(&&name)
}

/// The content of an EXIF or XMP chunk, edited and of the same length; `None`
/// where nothing changes.
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
