//! The markers of a JPEG (ITU T.81 B.1.1.2 and B.1.1.5).

pub(super) const DHT: u8 = 0xC4;
pub(super) const SOI: u8 = 0xD8;
pub(super) const EOI: u8 = 0xD9;
pub(super) const SOS: u8 = 0xDA;
pub(super) const DRI: u8 = 0xDD;
pub(super) const APP0: u8 = 0xE0;
pub(super) const APP1: u8 = 0xE1;
pub(super) const APP2: u8 = 0xE2;
pub(super) const APP14: u8 = 0xEE;
pub(super) const COM: u8 = 0xFE;

/// The number of bytes before the next marker, and its code if it is visible.
///
/// FF 00 is data, FF before FF is fill, and RSTm and TEM have no
/// parameters and are skipped.
pub(super) fn next_marker(window: &[u8]) -> (usize, Option<u8>) {
    next_marker_but(window, |_| false)
}

/// Likewise, but passes markers without parameters for which `skips` is true. It is called
/// for restarts too.
pub(super) fn next_marker_but(
    window: &[u8],
    mut skips: impl FnMut(u8) -> bool,
) -> (usize, Option<u8>) {
    let mut rest = window;
    while let Some(data) = memchr::memchr(0xFF, rest) {
        rest = rest.get(data..).unwrap_or_default();
        // One of these is often followed by many.
        loop {
            let before = window.len().saturating_sub(rest.len());
            rest = match rest {
                [0xFF, 0x00 | 0x01, after @ ..] => after,
                [0xFF, 0xFF, ..] => rest.get(1..).unwrap_or_default(),
                [0xFF, marker, after @ ..] if skips(*marker) || is_restart(*marker) => after,
                [0xFF, marker, ..] => return (before, Some(*marker)),
                [0xFF] => return (before, None),
                _ => break,
            };
        }
    }
    (window.len(), None)
}

pub(super) fn is_restart(marker: u8) -> bool {
    matches!(marker, 0xD0..=0xD7)
}
