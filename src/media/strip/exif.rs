//! Exif (Exif 3.0 §4.6), wherever it is embedded.
//!
//! The edited block is written anew, at the same offsets: values that the remaining entries
//! refer to are copied, and everything else is zero. So nothing remains that no entry refers
//! to, such as a location that an editor removed from the directory only.

use std::ops::Range;

use super::Edit;
use crate::media::Strip;
use crate::media::exif::{EXIF_PREFIX, is_orientation, prefixed};
use crate::media::meter::Meter;
use crate::media::tiff::{Directory, ENTRY, Entry, HEADER, INLINE, Tiff};

const EXIF_IFD: u16 = 0x8769;
const INTEROPERABILITY_IFD: u16 = 0xA005;

/// Entries that are removed with the location, in any directory.
const REMOVABLE: [u16; 23] = [
    0x8825, // the GPS directory
    0x927C, // MakerNote, which only the maker can read
    // GeoTIFF: scale, tie points, transformation, keys and their values
    0x830E, 0x8480, 0x8482, 0x85D8, 0x87AF, 0x87B0, 0x87B1, //
    0x02BC, // XMP
    0x83BB, // IPTC
    0x8649, // Photoshop's resources
    0xC634, // DNGPrivateData
    0x8897, // Xiaomi's mark of a motion photo, whose video is cut off
    0xEA1C, // padding, which may contain remains of other values
    // Pictures: strips, tiles, a JPEG, and directories of more of them
    0x0111, 0x0117, 0x0144, 0x0145, 0x014A, 0x0201, 0x0202, //
    0xA480, // GDAL's metadata
];

/// Edits a TIFF structure that may become shorter.
pub(super) fn edit(tiff: &[u8], strip: Strip, meter: &mut Meter) -> Edit {
    let Some((mut edited, used)) = rewrite(tiff, strip, meter) else {
        return Edit::Drop;
    };
    if edited == tiff {
        return Edit::Keep;
    }
    edited.truncate(used);
    Edit::Replace(edited)
}

/// Edits a TIFF structure without changing its length; `None` if nothing changes. If no
/// entry remains, there is still an empty directory.
pub(super) fn edit_in_place(tiff: &[u8], strip: Strip, meter: &mut Meter) -> Option<Vec<u8>> {
    let edited = rewrite(tiff, strip, meter);
    let edited = edited.map_or_else(|| empty(tiff.len()), |(edited, _)| edited);
    (edited != tiff).then_some(edited)
}

/// Like [`edit_in_place`], for a structure after the prefix that JPEG requires and other
/// containers should not have.
pub(super) fn edit_block_in_place(
    block: &[u8],
    strip: Strip,
    meter: &mut Meter,
) -> Option<Vec<u8>> {
    let Some(tiff) = prefixed(block) else {
        return edit_in_place(block, strip, meter);
    };
    let edited = edit_in_place(tiff, strip, meter);
    let edited = [EXIF_PREFIX, edited.as_deref().unwrap_or(tiff)].concat();
    (edited != block).then_some(edited)
}

/// An empty TIFF structure, as far as there is room for one.
fn empty(length: usize) -> Vec<u8> {
    let mut bytes = b"MM\0\x2a\0\0\0\x08".to_vec();
    bytes.resize(length, 0);
    bytes
}

/// The cost of writing a block anew, in units of the [`Meter`]: for each byte that is
/// cleared and compared, for each that is copied, and for each value that is sorted.
const BYTE: u64 = 2;
const COPY: u64 = 1;
const VALUE: u64 = 64;

/// Writes the remaining entries at their offsets. Returns the block and its used length;
/// `None` if no entry remains.
fn rewrite(bytes: &[u8], strip: Strip, meter: &mut Meter) -> Option<(Vec<u8>, usize)> {
    let tiff = Tiff::open(bytes)?;
    meter.charge_each(bytes.len(), BYTE);
    let mut kept = Kept {
        tiff,
        strip,
        meter,
        tables: vec![Table {
            place: 0..HEADER,
            entries: Vec::new(),
        }],
        values: Vec::new(),
    };
    let first = kept.add(tiff.first()?, Level::First)?;
    (first > 0).then(|| kept.write(bytes))
}

/// The directories that are read. Each is read at most once, so the depth is limited
/// wherever their offsets point.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    First,
    Exif,
    Interoperability,
}

/// The parts of a TIFF structure that remain.
struct Kept<'a> {
    tiff: Tiff<'a>,
    strip: Strip,
    meter: &'a mut Meter,
    /// The header and the directories.
    tables: Vec<Table>,
    /// The positions of values outside of entries.
    values: Vec<Range<usize>>,
}

struct Table {
    place: Range<usize>,
    entries: Vec<Entry>,
}

impl Kept<'_> {
    /// Adds the directory at this offset, and returns how many of its entries remain.
    /// `None` if it cannot be read, or overlaps another.
    fn add(&mut self, at: usize, level: Level) -> Option<usize> {
        let Directory { mut entries, end } = self.tiff.directory(at, self.meter)?;
        let place = at..end;
        let overlaps = |table: &Table| table.place.start < end && at < table.place.end;
        if self.tables.iter().any(overlaps) {
            return None;
        }
        let index = self.tables.len();
        self.tables.push(Table {
            place,
            entries: Vec::new(),
        });
        let mut inner = None;
        entries.retain(|entry| match self.fate(entry, level) {
            Fate::Stays => true,
            Fate::Goes => false,
            // Only the first one counts.
            Fate::Leads(to) => {
                inner.is_none() && {
                    let offset = entry.number.and_then(|number| usize::try_from(number).ok());
                    let added = offset.and_then(|offset| self.add(offset, to));
                    inner.insert(added).is_some()
                }
            }
        });
        // By length, not by offset, because an offset may point back into the entry.
        let outside = entries.iter().filter(|entry| entry.value.len() > INLINE);
        self.values.extend(outside.map(|entry| entry.value.clone()));
        let count = entries.len();
        self.tables.get_mut(index)?.entries = entries;
        Some(count)
    }

    fn fate(&self, entry: &Entry, level: Level) -> Fate {
        let stays = match (self.strip, level, entry.tag) {
            (Strip::All, Level::First, _) => is_orientation(entry),
            (Strip::All, ..) => false,
            (_, Level::First, EXIF_IFD) => return Fate::Leads(Level::Exif),
            (_, Level::Exif, INTEROPERABILITY_IFD) => {
                return Fate::Leads(Level::Interoperability);
            }
            (_, _, EXIF_IFD | INTEROPERABILITY_IFD) => false,
            (_, _, tag) => !entry.is_directory && !REMOVABLE.contains(&tag),
        };
        if stays { Fate::Stays } else { Fate::Goes }
    }

    fn write(mut self, bytes: &[u8]) -> (Vec<u8>, usize) {
        let mut edited = vec![0; bytes.len()];
        let mut used = HEADER;
        self.meter.charge_each(self.values.len(), VALUE);
        self.values.sort_unstable_by_key(|value| value.start);
        for value in self.values {
            // Bytes that several entries refer to are copied once.
            let new = value.start.max(used)..value.end;
            self.meter.charge_each(new.len(), COPY);
            copy(&mut edited, new.start, bytes.get(new.clone()));
            used = used.max(value.end);
        }
        // Directories are written after values and the header last, so that no value
        // overwrites the structure.
        for Table { place, entries } in self.tables.iter().rev() {
            if let Some(table) = edited.get_mut(place.clone()) {
                table.fill(0);
            }
            if place.start == 0 {
                copy(&mut edited, 0, bytes.get(..HEADER));
                continue;
            }
            let count = u16::try_from(entries.len()).unwrap_or(0);
            let mut at = place.start;
            at = copy(&mut edited, at, Some(&self.tiff.u16(count)));
            for entry in entries {
                let field = bytes.get(entry.at..).and_then(|rest| rest.get(..ENTRY));
                at = copy(&mut edited, at, field);
            }
            // The offset of a next directory stays 0, because there is none any more.
            used = used.max(at.saturating_add(4).min(place.end));
        }
        (edited, used)
    }
}

/// What happens to an entry.
enum Fate {
    Stays,
    Goes,
    /// The entry stays if the directory that it points to can be read.
    Leads(Level),
}

/// Copies to this offset, if there is room. Returns the end of the copy.
fn copy(to: &mut [u8], at: usize, from: Option<&[u8]>) -> usize {
    let from = from.unwrap_or_default();
    let end = at.saturating_add(from.len());
    if let Some(to) = to.get_mut(at..end) {
        to.copy_from_slice(from);
    }
    end
}

#[cfg(test)]
mod tests;
