//! The parts of the picture that is displayed, every byte of which must be there.

use std::collections::BTreeSet;
use std::ops::Range;

use super::items::{Item, Items, Origin};
use crate::media::boxes::{MAX_DEPTH, Reason, SHORT, boxes, full, id};
use crate::media::read::Reader;
use crate::media::window::length;

/// The item types of pictures in an AVIF, coded or derived from others (AVIF v1.1 §2.1 and
/// §4; ISO/IEC 23008-12 §6.6).
const CODED: &[u8; 4] = b"av01";
const DERIVED: [&[u8; 4]; 4] = [b"grid", b"iovl", b"sato", b"tmap"];

/// Checks that the primary item and all items that it is derived from are pictures whose
/// data is there. `idat` is the box that may contain items' data, in addition to the file.
pub(super) fn check(
    primary: u32,
    items: &Items,
    iref: Option<&[u8]>,
    idat: Option<&[u8]>,
) -> Result<(), Reason> {
    let item = items
        .find(primary)
        .ok_or("the primary item has no location")?;
    if !is_picture(item) {
        return Err("the primary item is not an AV1 image");
    }
    let mut parts = Parts {
        items,
        references: iref.map_or_else(|| Ok(References::default()), References::read)?,
        idat: idat.map_or(0, |idat| length(idat.len())),
        whole: BTreeSet::new(),
    };
    parts.visit(primary, MAX_DEPTH)
}

fn is_picture(item: &Item) -> bool {
    &item.name == CODED || DERIVED.contains(&&item.name)
}

struct Parts<'a> {
    items: &'a Items,
    references: References,
    /// The length of the `idat` box.
    idat: u64,
    /// Items that were found to be complete, so that each is checked once.
    whole: BTreeSet<u32>,
}

impl Parts<'_> {
    fn visit(&mut self, id: u32, depth: u32) -> Result<(), Reason> {
        if self.whole.contains(&id) {
            return Ok(());
        }
        let deep = "pictures are derived from each other more than eight deep";
        let depth = depth.checked_sub(1).ok_or(deep)?;
        let missing = "a part of the picture is missing";
        let item = self.items.find(id).ok_or(missing)?;
        if !is_picture(item) {
            return Err("a part of the picture is not an AV1 image");
        }
        self.check_bytes(item)?;
        if &item.name != CODED {
            let parts = self.references.parts_of(id);
            if parts.is_empty() {
                return Err("a derived picture has no parts");
            }
            for index in parts {
                let part = self.references.parts.get(index).ok_or(missing)?;
                self.visit(*part, depth)?;
            }
        }
        self.whole.insert(id);
        Ok(())
    }

    /// §8.11.3.1 allows an item with one extent to omit the length, which means all of the
    /// file or of `idat`. No decoder accepts a picture that is described this way.
    fn check_bytes(&self, item: &Item) -> Result<(), Reason> {
        let extents = self.items.extents_of(item);
        if extents.is_empty() || extents.iter().any(Range::is_empty) {
            return Err("a picture has no bytes");
        }
        let is_inside = |extent: &Range<u64>| extent.end <= self.idat;
        if item.origin == Origin::Idat && !extents.iter().all(is_inside) {
            return Err("a picture extends beyond the box that contains it");
        }
        Ok(())
    }
}

/// Which items are derived from which (ISO/IEC 14496-12 §8.11.12, `dimg`).
#[derive(Debug, Default)]
struct References {
    /// Items, sorted by id, and the indices of their parts.
    owners: Vec<(u32, Range<usize>)>,
    /// The parts of all items, one after another.
    parts: Vec<u32>,
}

impl References {
    fn read(iref: &[u8]) -> Result<Self, Reason> {
        let (version, _, reader) = full(iref)?;
        if version > 1 {
            return Err("references between items have an unknown version");
        }
        let mut all = Self::default();
        for found in boxes(reader.rest()) {
            let (name, content) = found?;
            all.add(&name, content, version == 1).ok_or(SHORT)?;
        }
        all.owners.sort_unstable_by_key(|(owner, _)| *owner);
        let mut pairs = all.owners.iter().zip(all.owners.iter().skip(1));
        if pairs.any(|((one, _), (next, _))| one == next) {
            return Err("a picture is derived from others in two ways");
        }
        Ok(all)
    }

    fn add(&mut self, name: &[u8; 4], content: &[u8], wide: bool) -> Option<()> {
        let mut reader = Reader::new(content);
        let owner = id(&mut reader, wide)?;
        let count = reader.u16_be()?;
        let first = self.parts.len();
        for _ in 0..count {
            self.parts.push(id(&mut reader, wide)?);
        }
        if name == b"dimg" {
            self.owners.push((owner, first..self.parts.len()));
        } else {
            self.parts.truncate(first);
        }
        Some(())
    }

    fn parts_of(&self, owner: u32) -> Range<usize> {
        let found = self.owners.binary_search_by_key(&owner, |(id, _)| *id);
        let found = found.ok().and_then(|index| self.owners.get(index));
        found.map_or(0..0, |(_, parts)| parts.clone())
    }
}
