//! The walk over a JPEG.

mod frame;
mod held;
mod history;
mod huffman;
mod markers;
mod metadata;
mod picture;
mod scan;
mod stray;
mod stream;

use super::{Depth, Ending, Found, Step, Walk, length};
use crate::media::MediaError;
use crate::media::read::Reader;
use held::Held;
use markers::{APP1, APP2, COM, DHT, DRI, EOI, SOI, SOS, is_restart, next_marker, next_marker_but};
use picture::{Picture, Progress};
use stray::Stray;

/// The maximum number of scans: each takes only a few bytes, but makes a decoder process all
/// pixels again. Encoders write ten or so.
const MAX_SCANS: u32 = 500;

const RESERVED: &str = "a reserved marker";

/// The cost of a byte of a scan, and of a table of its codes, in units of the meter.
const CODED: u64 = 3;
const TABLE: u64 = 128;

/// A walk over a JPEG (ITU T.81 Annex B): marker segments, and entropy-coded data in
/// between, from SOI to EOI.
///
/// Stray bytes between segments are skipped, as every decoder does. They are removed
/// together with metadata: after a removed segment, they would be taken for a continuation
/// of the scan before it.
///
/// If the last scan is complete, the file may end without EOI, or continue with anything else,
/// and gets an EOI. That is known only to a walk at [`Depth::Codes`], as [`Picture`] tells. At
/// [`Depth::Markers`], a file with a scan but without EOI is undecided.
#[derive(Debug)]
pub(super) struct Jpeg {
    depth: Depth,
    framed: bool,
    scans: u32,
    /// Whether there are restarts in scans.
    restarts: bool,
    /// The coded data, as long as it can be followed.
    picture: Option<Picture>,
    at: Position,
    /// Segments before the first scan that are held back.
    held: Held,
    /// What follows the last scan.
    stray: Stray,
}

/// What the bytes up to the next marker are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Position {
    /// The signature.
    Start,
    /// Stray bytes between segments.
    Segments,
    /// The data of a scan.
    Scan {
        /// Whether there was a marker that decoders skip to the next restart.
        damaged: bool,
    },
    /// Whatever follows the last scan.
    AfterPicture,
    /// A scan, or whatever follows the last one: that is undecided.
    Undecided,
    /// Nothing: the end has been added.
    End,
}

impl Jpeg {
    pub(super) fn new(depth: Depth) -> Self {
        Self {
            depth,
            framed: false,
            scans: 0,
            restarts: false,
            picture: (depth == Depth::Codes).then(Picture::default),
            at: Position::Start,
            held: Held::default(),
            stray: Stray::default(),
        }
    }
}

impl Walk for Jpeg {
    fn step(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        match self.walk(window, found) {
            Err(MediaError::Malformed { .. }) if self.is_undecided() => {
                self.at = Position::Undecided;
                Ok(everything(window))
            }
            step => step,
        }
    }

    /// After the last scan, nothing but EOI can be missing.
    fn ending(&self, _: &[u8], _: &Found) -> Ending {
        match self.at {
            Position::AfterPicture => Ending::Complete(&[0xFF, EOI]),
            _ if self.is_undecided() => Ending::Undecided,
            _ => Ending::Truncated,
        }
    }

    #[cfg(test)]
    fn held(&self) -> usize {
        let pages = self.picture.as_ref().map_or(0, Picture::held);
        let held = self.held.held().saturating_add(self.stray.held());
        held.saturating_add(pages)
    }
}

impl Jpeg {
    /// Whether whatever is wrong after this may not be part of the image.
    fn is_undecided(&self) -> bool {
        self.depth == Depth::Markers && self.scans > 0
    }

    fn walk(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        match self.at {
            Position::Start => {
                self.at = Position::Segments;
                // The signature began with SOI.
                Ok(Step::Keep(2))
            }
            Position::Segments => match next_marker(window) {
                (0, None) => Ok(Step::Need(2)),
                (0, Some(marker)) if self.may_hold(marker, found) => {
                    let step = self.marker(marker, window, found)?;
                    Ok(self.held.hold(step, window, found))
                }
                _ if !self.held.is_empty() => {
                    Ok(Step::Replace(0, self.held.release(found.meter())))
                }
                (0, Some(marker)) => self.marker(marker, window, found),
                (passed, _) => Ok(stray(passed, found)),
            },
            Position::Scan { damaged } => self.scan_data(damaged, window, found),
            Position::AfterPicture => self.after_picture(window, found),
            Position::Undecided => Ok(everything(window)),
            Position::End => Ok(Step::Done(0)),
        }
    }

    /// Whether segments with this marker may be held back here. Stripping removes extended XMP,
    /// and XMP belongs before the picture.
    fn may_hold(&self, marker: u8, found: &Found) -> bool {
        let edits = found.strip().is_none() && found.cuts_trailing();
        edits && self.scans == 0 && matches!(marker, 0xE0..=0xEF | COM)
    }

    /// Passes the data of a scan, up to a marker or the end of the last scan.
    ///
    /// A reserved marker in it is damage, which decoders pass at the next restart. If there
    /// is none, they give up.
    fn scan_data(
        &mut self,
        mut damaged: bool,
        window: &[u8],
        found: &mut Found,
    ) -> Result<Step, MediaError> {
        let restarts = self.restarts;
        let (passed, marker) = next_marker_but(window, |marker| {
            let is_reserved = restarts && (0x02..=0xBF).contains(&marker);
            damaged = is_reserved || damaged && !is_restart(marker);
            is_reserved
        });
        self.at = Position::Scan { damaged };
        match (passed, marker) {
            (0, Some(_)) if damaged => Err(found.malformed(RESERVED)),
            (0, Some(marker)) => {
                // A scan that ends early cannot be followed by the last one.
                self.picture.take_if(|picture| !picture.is_between_scans());
                self.marker(marker, window, found)
            }
            (0, None) => Ok(Step::Need(2)),
            (passed, _) => {
                let is_followed = self.picture.is_some();
                let passed = self.follow(window.get(..passed).unwrap_or_default());
                if is_followed {
                    found.meter().charge_each(passed, CODED);
                }
                Ok(Step::Keep(length(passed)))
            }
        }
    }

    /// Follows data of a scan, and returns how much of it belongs to the picture.
    fn follow(&mut self, data: &[u8]) -> usize {
        let progress = match &mut self.picture {
            Some(picture) => picture.follow(data),
            None => Progress::Open,
        };
        match progress {
            Progress::Open => data.len(),
            Progress::Lost => {
                self.picture = None;
                data.len()
            }
            Progress::Whole(end) => {
                self.picture = None;
                self.at = Position::AfterPicture;
                end
            }
        }
    }

    fn marker(&mut self, marker: u8, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        match marker {
            EOI if self.scans > 0 => return Ok(Step::Done(2)),
            EOI => return Err(found.malformed("it ends without a scan")),
            SOI => return Err(found.malformed("a second image starts inside the first")),
            // Tables, frames, scans, DNL, DRI, APPn and COM.
            0xC0..=0xC7 | 0xC9..=0xDD | 0xE0..=0xEF | COM => {}
            0xDE | 0xDF => return Err(found.malformed("hierarchical JPEG is not supported")),
            _ => return Err(found.malformed(RESERVED)),
        }
        let Some([_, _, high, low]) = window.first_chunk::<4>() else {
            return Ok(Step::Need(4));
        };
        let size = u16::from_be_bytes([*high, *low]);
        if size < 2 {
            return Err(found.malformed("a segment is shorter than its length field"));
        }
        let end = usize::from(size).saturating_add(2);
        // After the last scan, a segment that is not complete is not part of the image.
        let is_last = self.at == Position::AfterPicture;
        let read = match marker {
            DHT if self.picture.is_none() => is_last,
            // Arithmetic conditioning.
            0xCC => is_last,
            0xC0..=0xCF | SOS | DRI | APP1 | APP2 => true,
            0xE0..=0xEF | COM => is_last || found.strip().is_some() || !self.held.is_empty(),
            _ => is_last,
        };
        let segment = match window.get(4..end) {
            Some(segment) => segment,
            None if read => return Ok(Step::Need(end)),
            None => &[],
        };
        found.charge_part();
        found.add_part("segments")?;
        if !is_last {
            self.at = Position::Segments;
        }
        match marker {
            0xE0..=0xEF | COM if read => return Ok(metadata::step(marker, segment, found)),
            DHT => {
                self.picture
                    .take_if(|picture| picture.tables(segment).is_none());
            }
            DRI => self.restart_interval(segment),
            SOS => self.scan(segment, found)?,
            0xC0..=0xCB | 0xCD..=0xCF => self.frame(marker, segment, found)?,
            0xE0..=0xEF | COM => metadata::note(marker, usize::from(size).saturating_sub(2), found),
            _ => {}
        }
        Ok(Step::Keep(length(end)))
    }

    /// Reads the restart interval (B.2.4.4).
    fn restart_interval(&mut self, segment: &[u8]) {
        if let Some(interval) = Reader::new(segment).u16_be() {
            self.restarts = interval > 0;
            if let Some(picture) = &mut self.picture {
                picture.restarts(interval);
            }
        }
    }

    /// Reads a frame header (B.2.2).
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
        // Others are in ink, or in a coding that browsers do not show.
        if precision != 8 || !matches!(components, 1 | 3) || marker > 0xC2 {
            found.note_special_colours();
        }
        self.framed = true;
        self.picture
            .take_if(|picture| picture.frame(marker, segment).is_none());
        found.add_frame()
    }

    /// Reads a scan header (B.2.3).
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
        let tables = self
            .picture
            .as_mut()
            .and_then(|picture| picture.begin(segment));
        match tables {
            Some(tables) => found.meter().charge_each(tables, TABLE),
            None => self.picture = None,
        }
        self.at = Position::Scan { damaged: false };
        Ok(())
    }
}

/// Keeps everything, however much there is.
fn everything(window: &[u8]) -> Step {
    match window.len() {
        0 => Step::Need(1),
        count => Step::Keep(length(count)),
    }
}

/// Leaves stray bytes out, if metadata is.
fn stray(count: usize, found: &mut Found) -> Step {
    match found.strip() {
        Some(_) => Step::Drop(length(count)),
        None => {
            found.note_metadata();
            Step::Keep(length(count))
        }
    }
}
