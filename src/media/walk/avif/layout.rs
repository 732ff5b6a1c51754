use std::collections::BTreeMap;
use std::ops::Range;

use super::boxes::Reason;
use super::items::{Item, Place};
use crate::media::strip::avif::{Secret, secret};

/// What lies where in the file, as its header boxes say.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Pictures: sorted, and apart from each other.
    pictures: Vec<Range<u64>>,
    /// Metadata that is still to come, by where it begins.
    secrets: BTreeMap<u64, (u64, Secret)>,
}

impl Layout {
    /// The offset up to which the file must reach.
    pub(super) fn reach(&self) -> u64 {
        let pictures = self.pictures.last().map_or(0, |range| range.end);
        let secrets = self.secrets.values().map(|(end, _)| *end).max();
        pictures.max(secrets.unwrap_or(0))
    }

    /// Whether pictures lie in `range`.
    pub(super) fn has_pictures_in(&self, range: &Range<u64>) -> bool {
        let first = self
            .pictures
            .partition_point(|picture| picture.end <= range.start);
        self.pictures
            .get(first)
            .is_some_and(|picture| picture.start < range.end)
    }

    /// Adds where pictures lie.
    pub(super) fn add_pictures(
        &mut self,
        ranges: impl IntoIterator<Item = Range<u64>>,
    ) -> Result<(), Reason> {
        self.pictures.extend(ranges);
        self.pictures.retain(|range| !range.is_empty());
        self.pictures.sort_unstable_by_key(|range| range.start);
        self.pictures.dedup_by(|next, range| {
            let touches = next.start <= range.end;
            if touches {
                range.end = range.end.max(next.end);
            }
            touches
        });
        self.check()
    }

    /// Adds what of `items` lies in the file's data, which goes on at `from`.
    pub(super) fn add_items(
        &mut self,
        items: &[Item],
        from: u64,
        strips: bool,
    ) -> Result<(), Reason> {
        let mut pictures = Vec::new();
        for item in items {
            let secret = secret(&item.name, item.xmp).filter(|_| strips);
            match (&item.place, secret) {
                (Place::File(ranges), None) => pictures.extend(ranges.iter().cloned()),
                (Place::File(ranges), Some(secret)) => self.add_secret(ranges, secret, from)?,
                (Place::Derived, Some(_)) => return Err("metadata is derived from other items"),
                _ => {}
            }
        }
        self.add_pictures(pictures)
    }

    fn add_secret(
        &mut self,
        ranges: &[Range<u64>],
        secret: Secret,
        from: u64,
    ) -> Result<(), Reason> {
        let range = match ranges {
            [] => return Ok(()),
            [range] if range.is_empty() => return Err("metadata has no stated length"),
            [range] => range,
            _ => return Err("metadata lies in several places"),
        };
        if range.start < from {
            return Err("metadata comes before the box that names it");
        }
        let known = self.secrets.insert(range.start, (range.end, secret));
        if known.is_some_and(|known| known != (range.end, secret)) {
            return Err(OVERLAP);
        }
        Ok(())
    }

    /// Metadata shares no byte with anything else.
    fn check(&self) -> Result<(), Reason> {
        let mut last = 0;
        for (start, (end, _)) in &self.secrets {
            if *start < last || self.has_pictures_in(&(*start..*end)) {
                return Err(OVERLAP);
            }
            last = *end;
        }
        Ok(())
    }

    /// The next metadata that begins before `end`: where, up to where, and what.
    pub(super) fn next_secret(&self, end: u64) -> Option<(u64, u64, Secret)> {
        let (start, (until, secret)) = self.secrets.first_key_value()?;
        (*start < end).then_some((*start, *until, *secret))
    }

    /// That metadata was reached.
    pub(super) fn pop_secret(&mut self) {
        self.secrets.pop_first();
    }
}

const OVERLAP: Reason = "metadata overlaps what else is there";
