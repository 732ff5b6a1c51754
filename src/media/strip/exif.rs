//! Exif (Exif 3.0 §4.6), wherever it is embedded.
//!
//! The edited block is made anew, at the same offsets: what the entries that stay
//! refer to is copied, all else is zero. So nothing is left of what no entry
//! refers to, such as a place that an editor removed from the directory only.

use std::ops::Range;

use super::Edit;
use crate::media::Strip;
use crate::media::exif::{EXIF_PREFIX, ORIENTATION};
use crate::media::tiff::{Directory, ENTRY, Entry, HEADER, Tiff};

const EXIF_IFD: u16 = 0x8769;
const INTEROPERABILITY_IFD: u16 = 0xA005;

/// Entries that go with the location, in any directory.
const SECRET: [u16; 22] = [
    0x8825, // the GPS directory
    0x927C, // MakerNote, which only its maker can read
    // GeoTIFF: scale, tie points, transformation, keys and their values
    0x830E, 0x8480, 0x8482, 0x85D8, 0x87AF, 0x87B0, 0x87B1, //
    0x02BC, // XMP
    0x83BB, // IPTC
    0x8649, // Photoshop's resources
    0xC634, // DNGPrivateData
    0xEA1C, // padding, in which remains of other values can be
    // Pictures: strips, tiles, a JPEG, and directories of more of them
    0x0111, 0x0117, 0x0144, 0x0145, 0x014A, 0x0201, 0x0202, //
    0xA480, // GDAL's metadata
];

/// The edit of a TIFF structure that may become shorter.
pub(super) fn edit(tiff: &[u8], strip: Strip) -> Edit {
    let Some((edited, used)) = rewrite(tiff, strip) else {
        return Edit::Drop;
    };
    if edited == tiff {
        return Edit::Keep;
    }
    Edit::Replace(edited.get(..used).unwrap_or(&edited).to_vec())
}

/// The edit of a TIFF structure that keeps its length; `None` where nothing
/// changes. Where nothing is left, there is still an empty directory.
pub(super) fn edit_in_place(tiff: &[u8], strip: Strip) -> Option<Vec<u8>> {
    let edited = rewrite(tiff, strip).map_or_else(|| empty(tiff.len()), |(edited, _)| edited);
    (edited != tiff).then_some(edited)
}

/// The same, behind the prefix that JPEG puts before it and others should not.
pub(super) fn edit_block_in_place(block: &[u8], strip: Strip) -> Option<Vec<u8>> {
    match block.strip_prefix(EXIF_PREFIX) {
        Some(tiff) => edit_in_place(tiff, strip).map(|tiff| [EXIF_PREFIX, &tiff[..]].concat()),
        None => edit_in_place(block, strip),
    }
}

/// A TIFF structure that says nothing, as far as there is room for one.
fn empty(length: usize) -> Vec<u8> {
    let mut bytes = b"MM\0\x2a\0\0\0\x08".to_vec();
    bytes.resize(length, 0);
    bytes
}

/// What stays, at its place, and how far that reaches. `None` if nothing does.
fn rewrite(bytes: &[u8], strip: Strip) -> Option<(Vec<u8>, usize)> {
    let tiff = Tiff::open(bytes)?;
    let mut kept = Kept {
        tiff,
        strip,
        tables: vec![Table {
            place: 0..HEADER,
            entries: Vec::new(),
        }],
        values: Vec::new(),
    };
    let first = kept.add(tiff.first()?, Level::First)?;
    (first > 0).then(|| kept.write(bytes))
}

/// The directories that are looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    First,
    Exif,
    Interoperability,
}

/// What stays of a TIFF structure.
struct Kept<'a> {
    tiff: Tiff<'a>,
    strip: Strip,
    /// The header and the directories.
    tables: Vec<Table>,
    /// Where values outside of entries are.
    values: Vec<Range<usize>>,
}

struct Table {
    place: Range<usize>,
    entries: Vec<Entry>,
}

impl Kept<'_> {
    /// Adds the directory at this offset. How many of its entries stay; `None` if
    /// it can not be read, or lies over another.
    fn add(&mut self, at: usize, level: Level) -> Option<usize> {
        let Directory { entries, end } = self.tiff.directory(at)?;
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
        let kept: Vec<Entry> = entries
            .into_iter()
            .filter(|entry| self.keeps(entry, level))
            .collect();
        let outside = kept
            .iter()
            .filter(|entry| entry.value.start != entry.at + 8);
        self.values.extend(outside.map(|entry| entry.value.clone()));
        let count = kept.len();
        self.tables.get_mut(index)?.entries = kept;
        Some(count)
    }

    fn keeps(&mut self, entry: &Entry, level: Level) -> bool {
        if self.strip == Strip::All {
            let orientation = entry.tag == ORIENTATION && entry.number.is_some();
            return level == Level::First && orientation;
        }
        let inner = match (level, entry.tag) {
            (Level::First, EXIF_IFD) => Level::Exif,
            (Level::Exif, INTEROPERABILITY_IFD) => Level::Interoperability,
            (_, EXIF_IFD | INTEROPERABILITY_IFD) => return false,
            (_, tag) => return !entry.is_directory && !SECRET.contains(&tag),
        };
        let offset = entry.number.and_then(|number| usize::try_from(number).ok());
        offset.and_then(|offset| self.add(offset, inner)).is_some()
    }

    fn write(&self, bytes: &[u8]) -> (Vec<u8>, usize) {
        let mut edited = vec![0; bytes.len()];
        let mut used = HEADER;
        for value in &self.values {
            used = used.max(value.end);
            copy(&mut edited, value.start, bytes.get(value.clone()));
        }
        // Directories come after values and the header last, so that what is
        // read as structure is that which was written.
        for Table { place, entries } in self.tables.iter().rev() {
            if let Some(table) = edited.get_mut(place.clone()) {
                table.fill(0);
            }
            if place.start == 0 {
                copy(&mut edited, 0, bytes.get(..HEADER));
                continue;
            }
            let count = u16::try_from(entries.len()).unwrap_or(0);
            copy(&mut edited, place.start, Some(&self.tiff.u16(count)));
            let first = place.start + 2;
            for (index, entry) in entries.iter().enumerate() {
                let from = bytes.get(entry.at..entry.at + ENTRY);
                copy(&mut edited, first + index * ENTRY, from);
            }
            // The offset of a next directory stays 0: there is none any more.
            let end = first + entries.len() * ENTRY + 4;
            used = used.max(end.min(place.end));
        }
        (edited, used)
    }
}

fn copy(to: &mut [u8], at: usize, from: Option<&[u8]>) {
    let from = from.unwrap_or_default();
    if let Some(to) = to.get_mut(at..at + from.len()) {
        to.copy_from_slice(from);
    }
}

#[cfg(test)]
mod tests;
