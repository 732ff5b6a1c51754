//! The positions of pictures and metadata.

use std::collections::BTreeMap;
use std::ops::Range;

use super::items::{Items, Origin};
use crate::media::boxes::Reason;
use crate::media::strip::avif::{Metadata, removable};

/// The layout of the file, or of an `idat` box, according to header boxes.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Pictures: sorted, without overlaps.
    pictures: Vec<Range<u64>>,
    /// Metadata that the walk has not reached: its start, its end and its kind.
    metadata: BTreeMap<u64, (u64, Metadata)>,
    /// Ranges that have passed and are not data: sorted, without overlaps.
    closed: Vec<Range<u64>>,
    reach: u64,
}

/// The maximum number of ranges of pictures. Adjacent ranges count as one.
const MAX_PIECES: usize = 16_384;
/// The maximum number of pieces of metadata.
const MAX_METADATA: usize = 4096;

const SCATTERED: Reason = "its data is in more than 16,384 pieces";
const NO_DATA: Reason = "a picture is not in a data box";
const OVERLAP: Reason = "metadata overlaps other data";

impl Layout {
    /// The minimum length of the file.
    pub(super) fn reach(&self) -> u64 {
        self.reach
    }

    /// Marks `range`, which follows all ranges closed before, as not being data.
    pub(super) fn close(&mut self, range: Range<u64>) -> Result<(), Reason> {
        if self.has_pictures_in(&range) {
            return Err(NO_DATA);
        }
        let count = self.closed.len();
        match self.closed.last_mut() {
            Some(last) if last.end == range.start => last.end = range.end,
            _ if count >= MAX_PIECES => return Err(SCATTERED),
            _ => self.closed.push(range),
        }
        Ok(())
    }

    fn has_pictures_in(&self, range: &Range<u64>) -> bool {
        let first = self
            .pictures
            .partition_point(|picture| picture.end <= range.start);
        self.pictures
            .get(first)
            .is_some_and(|picture| picture.start < range.end)
    }

    /// Adds those `items` whose offsets start at `origin`, and `samples`, which are pictures
    /// too. If metadata is removed, it must not begin before `from`.
    pub(super) fn add(
        &mut self,
        items: &[Items],
        origin: Origin,
        samples: Vec<Range<u64>>,
        from: Option<u64>,
    ) -> Result<(), Reason> {
        self.pictures.extend(samples);
        for (item, extents) in items.iter().flat_map(Items::iter) {
            if item.origin != origin {
                continue;
            }
            match (removable(&item.name, item.xmp), from) {
                (None, _) => self.pictures.extend(extents.iter().cloned()),
                (Some(metadata), Some(from)) => self.add_metadata(extents, metadata, from)?,
                (Some(_), None) => extents.iter().for_each(|range| self.extend(range)),
            }
        }
        self.settle_pictures()?;
        self.check()
    }

    /// Requires the file to include this range.
    fn extend(&mut self, range: &Range<u64>) {
        if !range.is_empty() {
            self.reach = self.reach.max(range.end);
        }
    }

    /// Sorts pictures and merges overlaps.
    fn settle_pictures(&mut self) -> Result<(), Reason> {
        self.pictures.retain(|range| !range.is_empty());
        self.pictures.sort_unstable_by_key(|range| range.start);
        self.pictures.dedup_by(|next, range| {
            let touches = next.start <= range.end;
            if touches {
                range.end = range.end.max(next.end);
            }
            touches
        });
        self.pictures.shrink_to_fit();
        if self.pictures.len() > MAX_PIECES {
            return Err(SCATTERED);
        }
        if self.closed.iter().any(|range| self.has_pictures_in(range)) {
            return Err(NO_DATA);
        }
        let last = self.pictures.last().map_or(0, |range| range.end);
        self.reach = self.reach.max(last);
        Ok(())
    }

    fn add_metadata(
        &mut self,
        extents: &[Range<u64>],
        metadata: Metadata,
        from: u64,
    ) -> Result<(), Reason> {
        let range = match extents {
            [] => return Ok(()),
            [range] if range.is_empty() => return Err("metadata has no length"),
            [range] => range,
            _ => return Err("metadata is in several pieces"),
        };
        if range.start < from {
            return Err("metadata precedes the box that declares it");
        }
        if self.metadata.len() >= MAX_METADATA {
            return Err("there are more than 4,096 pieces of metadata");
        }
        self.extend(range);
        let known = self.metadata.insert(range.start, (range.end, metadata));
        if known.is_some_and(|known| known != (range.end, metadata)) {
            return Err(OVERLAP);
        }
        Ok(())
    }

    /// Checks that metadata does not overlap anything.
    fn check(&self) -> Result<(), Reason> {
        let mut last = 0;
        for (start, (end, _)) in &self.metadata {
            if *start < last || self.has_pictures_in(&(*start..*end)) {
                return Err(OVERLAP);
            }
            last = *end;
        }
        Ok(())
    }

    /// The next metadata that begins before `end`: its start, its end and its kind.
    pub(super) fn next_metadata(&self, end: u64) -> Option<(u64, u64, Metadata)> {
        let (start, (until, metadata)) = self.metadata.first_key_value()?;
        (*start < end).then_some((*start, *until, *metadata))
    }

    /// Removes the next metadata, which the walk has reached.
    pub(super) fn pop_metadata(&mut self) {
        self.metadata.pop_first();
    }

    /// All metadata: its position and its kind.
    pub(super) fn into_metadata(self) -> Vec<(Range<u64>, Metadata)> {
        let metadata = self.metadata.into_iter();
        metadata
            .map(|(start, (end, metadata))| (start..end, metadata))
            .collect()
    }

    /// The number of bytes that are held.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let ranges = self.pictures.capacity() + self.closed.capacity();
        ranges * size_of::<Range<u64>>() + self.metadata.len() * size_of::<(u64, u64, Metadata)>()
    }
}
