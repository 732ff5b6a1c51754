//! Metadata in the extensions of a GIF.

use super::{Edit, xmp};
use crate::media::Strip;
use crate::media::meter::Meter;

/// What happens to an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::media) enum Fate {
    Keep,
    Drop,
    /// The extension is an XMP packet, which [`xmp()`] edits.
    Edit,
}

/// The label of the extension that says how the next frame is drawn (GIF89a §23).
pub(in crate::media) const CONTROL: u8 = 0xF9;

/// Decides about an extension with this label (GIF89a §23 to §25).
pub(in crate::media) fn extension(label: u8, strip: Strip) -> Fate {
    const COMMENT: u8 = 0xFE;
    match (label, strip) {
        // Graphics, and how they are drawn (appendix A).
        (CONTROL | 0..0x80, _) | (COMMENT, Strip::Location) => Fate::Keep,
        _ => Fate::Drop,
    }
}

/// Decides about an application extension (§26) with this identifier.
pub(in crate::media) fn application(identifier: &[u8], strip: Strip) -> Fate {
    match (identifier, strip) {
        // The number of repetitions, and the colour profile.
        (b"NETSCAPE2.0" | b"ANIMEXTS1.0" | b"ICCRGBG1012", _) => Fate::Keep,
        (b"XMP DataXMP", Strip::Location) => Fate::Edit,
        _ => Fate::Drop,
    }
}

/// The length from `!` to the identifier.
const HEAD: usize = 14;

/// Follows the packet in an XMP extension: 1, then every number from 255 down to 0, and one
/// more 0.
const TRAILER: [u8; 258] = {
    let mut trailer = [0; 258];
    let mut rest: &mut [u8] = &mut trailer;
    let mut number = 255;
    if let [first, after @ ..] = rest {
        *first = 1;
        rest = after;
    }
    while let [next, after @ ..] = rest
        && number > 0
    {
        *next = number;
        number = number.saturating_sub(1);
        rest = after;
    }
    trailer
};

/// The cost of a byte of a packet, in units of the [`Meter`].
const BYTE: u64 = 2;

/// Edits a whole XMP extension; the result is empty if it is removed.
///
/// The packet is stored as it is, not cut into sub-blocks. Readers that interpret its bytes
/// as sub-block sizes still get to the end, because of the bytes that follow the packet
/// (XMP part 3 §1.1.2). An edit must preserve that.
pub(in crate::media) fn xmp(
    extension: Vec<u8>,
    strip: Option<Strip>,
    meter: &mut Meter,
) -> Vec<u8> {
    meter.charge_each(extension.len(), BYTE);
    let data = extension.get(HEAD..).unwrap_or_default();
    let (Some(packet), Some(strip)) = (data.strip_suffix(&TRAILER), strip) else {
        return Vec::new();
    };
    match xmp::edit(packet, strip, meter) {
        Edit::Keep => extension,
        Edit::Drop => Vec::new(),
        Edit::Replace(packet) => {
            let head = extension.get(..HEAD).unwrap_or_default();
            let edited = [head, &packet, &TRAILER].concat();
            if ends_as_written(edited.get(HEAD..).unwrap_or_default()) {
                edited
            } else {
                Vec::new()
            }
        }
    }
}

/// Whether sub-blocks lead to the end and not before.
fn ends_as_written(data: &[u8]) -> bool {
    sub_blocks(data) == (data.len(), true)
}

/// The length of the sub-blocks (§15) that begin here, even if they are incomplete, and
/// whether the last one was among them, which is empty.
pub(in crate::media) fn sub_blocks(data: &[u8]) -> (usize, bool) {
    let mut at: usize = 0;
    while let Some(size) = data.get(at) {
        at = at.saturating_add(usize::from(*size)).saturating_add(1);
        if *size == 0 {
            return (at, true);
        }
    }
    (at, false)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extension_of(packet: &[u8]) -> Vec<u8> {
        let trailer: Vec<u8> = [1].into_iter().chain((0..=255).rev()).chain([0]).collect();
        [b"!\xff\x0bXMP DataXMP", packet, &trailer].concat()
    }

    #[test]
    fn graphics_stay_and_comments_are_removed_with_all_metadata() {
        for (label, location, all) in [
            (0xF9, Fate::Keep, Fate::Keep),
            (0x01, Fate::Keep, Fate::Keep),
            (0xFE, Fate::Keep, Fate::Drop),
            (0xFA, Fate::Drop, Fate::Drop),
        ] {
            assert_eq!(extension(label, Strip::Location), location, "{label:02x}");
            assert_eq!(extension(label, Strip::All), all, "{label:02x}");
        }
        for (identifier, location, all) in [
            (b"NETSCAPE2.0", Fate::Keep, Fate::Keep),
            (b"ICCRGBG1012", Fate::Keep, Fate::Keep),
            (b"XMP DataXMP", Fate::Edit, Fate::Drop),
            (b"MGK8BIM0000", Fate::Drop, Fate::Drop),
        ] {
            assert_eq!(application(identifier, Strip::Location), location);
            assert_eq!(application(identifier, Strip::All), all);
        }
    }

    #[test]
    fn an_edited_packet_still_leads_readers_to_the_end() {
        let secret = extension_of(b"<a City='Zzyzx'/>");
        let blank = extension_of(b"<a             />");
        let plain = extension_of(b"<a/>");
        let edit = |bytes: &[u8]| xmp(bytes.to_vec(), Some(Strip::Location), &mut Meter::default());
        assert_eq!(edit(&secret), blank);
        assert_eq!(edit(&blank), blank);
        assert_eq!(edit(&plain), plain);
        assert!(ends_as_written(&blank[HEAD..]));
        // Malformed; cut into sub-blocks; without the trailer.
        assert_eq!(edit(&extension_of(b"<a>")), b"");
        assert_eq!(edit(b"!\xff\x0bXMP DataXMP\x04<a/>\0"), b"");
        assert_eq!(edit(b"!\xff\x0bXMP DataXMP\0"), b"");
    }
}
