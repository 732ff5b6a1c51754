//! The walk over a JPEG.

use super::{Found, Step, Walk, length};
use crate::media::MediaError;
use crate::media::exif;
use crate::media::strip::{self, Edit};

const SOI: u8 = 0xD8;
const EOI: u8 = 0xD9;
const SOS: u8 = 0xDA;
const APP1: u8 = 0xE1;
const APP2: u8 = 0xE2;
const COM: u8 = 0xFE;

/// Precedes the index of further pictures, which follow EOI (CIPA DC-007 §5.1).
const MPF_PREFIX: &[u8] = b"MPF\0";

/// The maximum number of scans: each takes only a few bytes, but makes a decoder process all
/// pixels again. Encoders write ten or so.
const MAX_SCANS: u32 = 500;

/// A walk over a JPEG (ITU T.81 Annex B): marker segments, and entropy-coded data in
/// between, from SOI to EOI.
///
/// Stray bytes between segments are skipped, as every decoder does. They are removed
/// together with metadata: after a removed segment, they would be taken for a continuation
/// of the scan before it.
#[derive(Debug, Default)]
pub(super) struct Jpeg {
    started: bool,
    framed: bool,
    scans: u32,
    /// Whether the data up to the next marker belongs to a scan.
    in_scan: bool,
}

impl Walk for Jpeg {
    fn step(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        if !self.started {
            // The signature began with SOI.
            self.started = true;
            return Ok(Step::Keep(2));
        }
        match next_marker(window) {
            (0, Some(marker)) => self.marker(marker, window, found),
            (0, None) => Ok(Step::Need(2)),
            (passed, _) if !self.in_scan && found.strip().is_some() => {
                Ok(Step::Drop(length(passed)))
            }
            (passed, _) => Ok(Step::Keep(length(passed))),
        }
    }
}

/// The number of bytes before the next marker, and its code if it is visible.
///
/// B.1.1.2 and B.1.1.5: FF 00 is data, FF before FF is fill, and RSTm and TEM have no
/// parameters and are skipped.
fn next_marker(window: &[u8]) -> (usize, Option<u8>) {
    let mut rest = window;
    while let Some(data) = memchr::memchr(0xFF, rest) {
        rest = rest.get(data..).unwrap_or_default();
        // One of these is often followed by many.
        loop {
            let before = window.len().saturating_sub(rest.len());
            rest = match rest {
                [0xFF, 0x00 | 0x01 | 0xD0..=0xD7, after @ ..] => after,
                [0xFF, 0xFF, ..] => rest.get(1..).unwrap_or_default(),
                [0xFF, marker, ..] => return (before, Some(*marker)),
                [0xFF] => return (before, None),
                _ => break,
            };
        }
    }
    (window.len(), None)
}

impl Jpeg {
    fn marker(&mut self, marker: u8, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        match marker {
            EOI if self.scans > 0 => return Ok(Step::Done(2)),
            EOI => return Err(found.malformed("it ends without a scan")),
            SOI => return Err(found.malformed("a second image starts inside the first")),
            // Tables, frames, scans, DNL, DRI, APPn and COM.
            0xC0..=0xC7 | 0xC9..=0xDD | 0xE0..=0xEF | COM => {}
            0xDE | 0xDF => return Err(found.malformed("hierarchical JPEG is not supported")),
            _ => return Err(found.malformed("a reserved marker")),
        }
        let Some([_, _, high, low]) = window.first_chunk::<4>() else {
            return Ok(Step::Need(4));
        };
        let size = u16::from_be_bytes([*high, *low]);
        if size < 2 {
            return Err(found.malformed("a segment is shorter than its length field"));
        }
        let end = usize::from(size).saturating_add(2);
        let read = match marker {
            // Huffman tables, arithmetic conditioning.
            0xC4 | 0xCC => false,
            0xC0..=0xCF | SOS | APP1 | APP2 => true,
            0xE0..=0xEF | COM => found.strip().is_some(),
            _ => false,
        };
        let segment = match window.get(4..end) {
            Some(segment) => segment,
            None if read => return Ok(Step::Need(end)),
            None => &[],
        };
        found.charge_part();
        found.add_part("segments")?;
        self.in_scan = marker == SOS;
        match marker {
            _ if !read => {}
            0xE0..=0xEF | COM => return Ok(metadata(marker, segment, found)),
            SOS => self.scan(segment, found)?,
            _ => self.frame(marker, segment, found)?,
        }
        Ok(Step::Keep(length(end)))
    }

    /// B.2.2, the frame header.
    fn frame(&mut self, marker: u8, segment: &[u8], found: &mut Found) -> Result<(), MediaError> {
        if matches!(marker, 0xC5..=0xC7 | 0xCD..=0xCF) {
            return Err(found.malformed("hierarchical JPEG is not supported"));
        }
        if self.framed {
            return Err(found.malformed("a second frame header"));
        }
        let Some((header, rest)) = segment.split_first_chunk::<6>() else {
            return Err(found.malformed("a frame header is too short"));
        };
        let [precision, h, i, w, x, components] = *header;
        let height = u16::from_be_bytes([h, i]);
        let width = u16::from_be_bytes([w, x]);
        if components == 0
            || rest.len() != usize::from(components).saturating_mul(3)
            || !(2..=16).contains(&precision)
        {
            return Err(found.malformed("a frame header contradicts itself"));
        }
        // A height of 0 means that DNL defines it after the first scan, which no
        // decoder in use supports.
        found.set_canvas(width.into(), height.into())?;
        self.framed = true;
        found.add_frame()
    }

    /// B.2.3, the scan header.
    fn scan(&mut self, segment: &[u8], found: &mut Found) -> Result<(), MediaError> {
        if !self.framed {
            return Err(found.malformed("a scan comes before the frame header"));
        }
        let components = segment.first().copied().map_or(0, usize::from);
        if !(1..=4).contains(&components)
            || segment.len() != components.saturating_mul(2).saturating_add(4)
        {
            return Err(found.malformed("a scan header contradicts itself"));
        }
        self.scans = self.scans.saturating_add(1);
        if self.scans > MAX_SCANS {
            return Err(found.too_many("scans", MAX_SCANS));
        }
        Ok(())
    }
}

/// Decides about an APPn or COM segment.
fn metadata(marker: u8, content: &[u8], found: &mut Found) -> Step {
    let whole = length(content.len()).saturating_add(4);
    let is_exif = marker == APP1 && exif::prefixed(content).is_some();
    let first = is_exif && found.first_exif();
    if first {
        let transposed = exif::transposed(content, found.meter());
        found.set_transposed(transposed);
    }
    let edit = match found.strip() {
        // The pictures that the index lists are not stored.
        _ if marker == APP2 && content.starts_with(MPF_PREFIX) && found.cuts_trailing() => {
            Edit::Drop
        }
        Some(_) if is_exif && !first => Edit::Drop,
        Some(strip) => strip::jpeg::segment(marker, content, strip, found.meter()),
        None => Edit::Keep,
    };
    match edit {
        Edit::Keep => Step::Keep(whole),
        Edit::Drop => Step::Drop(whole),
        Edit::Replace(content) => Step::Replace(whole, segment(marker, &content)),
    }
}

/// Encodes a segment (B.1.1.4): marker, length and content.
fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    // An edit never makes the content longer.
    let length = u16::try_from(content.len().saturating_add(2)).unwrap_or(u16::MAX);
    [&[0xFF, marker], &length.to_be_bytes()[..], content].concat()
}
