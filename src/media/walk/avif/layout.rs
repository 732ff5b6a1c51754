use std::collections::BTreeMap;
use std::ops::Range;

use super::items::{Items, Place};
use crate::media::boxes::Reason;
use crate::media::strip::avif::{Secret, secret};

/// What lies where, in the file or in an `idat` box, as header boxes say.
#[derive(Debug, Default)]
pub(super) struct Layout {
    /// Pictures: sorted, and apart from each other.
    pictures: Vec<Range<u64>>,
    /// Metadata that is still to come, by where it begins.
    secrets: BTreeMap<u64, (u64, Secret)>,
    /// What was passed and is no data: sorted, and apart from each other.
    closed: Vec<Range<u64>>,
    reach: u64,
}

/// The most pieces that pictures may lie in. What lies side by side is one.
const MAX_PIECES: usize = 16_384;
/// The most pieces of metadata.
const MAX_SECRETS: usize = 4096;

const SCATTERED: Reason = "its data lies in more than 16,384 pieces";
const NO_DATA: Reason = "a picture lies in no box of data";
const OVERLAP: Reason = "metadata overlaps what else is there";

impl Layout {
    /// The offset up to which the file must reach.
    pub(super) fn reach(&self) -> u64 {
        self.reach
    }

    /// Nothing in `range`, which follows all that was closed before, is data.
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

    /// Adds what of `items` lies in `place`, and where further pictures lie in it.
    /// Where metadata is stripped, it has to lie behind `from`.
    pub(super) fn add(
        &mut self,
        items: &[Items],
        place: Place,
        samples: Vec<Range<u64>>,
        from: Option<u64>,
    ) -> Result<(), Reason> {
        self.pictures.extend(samples);
        for (item, extents) in items.iter().flat_map(Items::iter) {
            if item.place != place {
                continue;
            }
            match (secret(&item.name, item.xmp), from) {
                (None, _) => self.pictures.extend(extents.iter().cloned()),
                (Some(secret), Some(from)) => self.add_secret(extents, secret, from)?,
                (Some(_), None) => extents.iter().for_each(|range| self.extend(range)),
            }
        }
        self.settle_pictures()?;
        self.check()
    }

    /// The file must reach as far as this range.
    fn extend(&mut self, range: &Range<u64>) {
        if !range.is_empty() {
            self.reach = self.reach.max(range.end);
        }
    }

    /// Puts pictures in order.
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

    fn add_secret(
        &mut self,
        extents: &[Range<u64>],
        secret: Secret,
        from: u64,
    ) -> Result<(), Reason> {
        let range = match extents {
            [] => return Ok(()),
            [range] if range.is_empty() => return Err("metadata has no stated length"),
            [range] => range,
            _ => return Err("metadata lies in several places"),
        };
        if range.start < from {
            return Err("metadata comes before the box that names it");
        }
        if self.secrets.len() >= MAX_SECRETS {
            return Err("there are more than 4,096 pieces of metadata");
        }
        self.extend(range);
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

    /// All metadata: where, and what.
    pub(super) fn into_secrets(self) -> Vec<(Range<u64>, Secret)> {
        let secrets = self.secrets.into_iter();
        secrets
            .map(|(start, (end, secret))| (start..end, secret))
            .collect()
    }

    /// How many bytes are held.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let ranges = self.pictures.capacity() + self.closed.capacity();
        ranges * size_of::<Range<u64>>() + self.secrets.len() * size_of::<(u64, u64, Secret)>()
    }
}
