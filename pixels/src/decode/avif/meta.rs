//! `meta`: the items of a file, where their bytes are, their properties, and how they refer
//! to each other (ISO/IEC 14496-12 §8.11, ISO/IEC 23008-12 §6 and §9).

use std::collections::BTreeMap;
use std::ops::Range;

use super::boxes::{MISSING, SHORT, boxes, find, full, id, malformed, sized};
use super::property::Property;
use crate::Error;

/// The items of a file.
pub(super) struct Meta<'a> {
    pub(super) primary: u32,
    items: BTreeMap<u32, Item>,
    /// All properties, in their order.
    properties: Vec<Property<'a>>,
    /// For each kind of reference and item, the items that it refers to.
    references: Vec<Reference>,
    source: &'a [u8],
    idat: &'a [u8],
}

#[derive(Default)]
struct Item {
    kind: [u8; 4],
    in_idat: bool,
    extents: Vec<Range<u64>>,
    /// Indices of its properties.
    properties: Vec<usize>,
}

struct Reference {
    kind: [u8; 4],
    from: u32,
    to: Vec<u32>,
}

impl<'a> Meta<'a> {
    /// Reads the content of a `meta` box of the file `source`.
    pub(super) fn read(content: &'a [u8], source: &'a [u8]) -> Result<Self, Error> {
        let (_, _, inner) = full(content)?;
        let inner = inner.rest();
        let (version, _, mut primary) = full(find(inner, b"pitm")?.ok_or(MISSING)?)?;
        let mut meta = Self {
            primary: id(&mut primary, version >= 1)?,
            items: BTreeMap::new(),
            properties: Vec::new(),
            references: Vec::new(),
            source,
            idat: find(inner, b"idat")?.unwrap_or_default(),
        };
        meta.read_kinds(find(inner, b"iinf")?.ok_or(MISSING)?)?;
        meta.read_places(find(inner, b"iloc")?.ok_or(MISSING)?)?;
        if let Some(references) = find(inner, b"iref")? {
            meta.read_references(references)?;
        }
        meta.read_properties(find(inner, b"iprp")?.ok_or(MISSING)?)?;
        Ok(meta)
    }

    /// `iinf`: the types of items.
    fn read_kinds(&mut self, iinf: &[u8]) -> Result<(), Error> {
        let (version, _, mut reader) = full(iinf)?;
        id(&mut reader, version >= 1)?;
        for found in boxes(reader.rest()) {
            let (name, content) = found?;
            if &name != b"infe" {
                continue;
            }
            let (version, _, mut entry) = full(content)?;
            if version < 2 {
                return Err(malformed("an item's entry does not state its type"));
            }
            let id = id(&mut entry, version >= 3)?;
            entry.u16_be().ok_or(SHORT)?;
            self.items.entry(id).or_default().kind = entry.array().ok_or(SHORT)?;
        }
        Ok(())
    }

    /// `iloc`: where the bytes of items are.
    fn read_places(&mut self, iloc: &[u8]) -> Result<(), Error> {
        let (version, _, mut reader) = full(iloc)?;
        let [sizes, more] = reader.array().ok_or(SHORT)?;
        let (offset, length, base) = (sizes >> 4, sizes & 15, more >> 4);
        let index = if version >= 1 { more & 15 } else { 0 };
        let count = id(&mut reader, version >= 2)?;
        // Each item has some bytes, so the loop ends even if the count is wrong.
        for _ in 0..count {
            let id = id(&mut reader, version >= 2)?;
            let method = match version {
                0 => 0,
                _ => reader.u16_be().ok_or(SHORT)? & 15,
            };
            reader.u16_be().ok_or(SHORT)?;
            let base = sized(&mut reader, base)?;
            let extents = reader.u16_be().ok_or(SHORT)?;
            if extents > 1 && offset == 0 && length == 0 && index == 0 {
                return Err(SHORT);
            }
            let item = self.items.entry(id).or_default();
            item.in_idat = method == 1;
            item.extents.clear();
            for _ in 0..extents {
                sized(&mut reader, index)?;
                let start = base.saturating_add(sized(&mut reader, offset)?);
                let end = start.saturating_add(sized(&mut reader, length)?);
                if method <= 1 {
                    item.extents.push(start..end);
                }
            }
        }
        Ok(())
    }

    fn read_references(&mut self, iref: &[u8]) -> Result<(), Error> {
        let (version, _, reader) = full(iref)?;
        for found in boxes(reader.rest()) {
            let (kind, content) = found?;
            let mut reader = crate::decode::reader::Reader::new(content);
            let from = id(&mut reader, version >= 1)?;
            let count = reader.u16_be().ok_or(SHORT)?;
            let to = (0..count)
                .map(|_| id(&mut reader, version >= 1))
                .collect::<Result<_, _>>()?;
            self.references.push(Reference { kind, from, to });
        }
        Ok(())
    }

    /// `iprp`: properties, and which items have them.
    fn read_properties(&mut self, iprp: &'a [u8]) -> Result<(), Error> {
        for found in boxes(find(iprp, b"ipco")?.ok_or(MISSING)?) {
            let (name, content) = found?;
            self.properties.push(Property::read(&name, content)?);
        }
        for found in boxes(iprp) {
            let (name, content) = found?;
            if &name != b"ipma" {
                continue;
            }
            let (version, flags, mut reader) = full(content)?;
            let count = reader.u32_be().ok_or(SHORT)?;
            for _ in 0..count {
                let item = id(&mut reader, version >= 1)?;
                let associated = reader.u8().ok_or(SHORT)?;
                let item = self.items.entry(item).or_default();
                for _ in 0..associated {
                    // The top bit says that readers must understand the property.
                    let index = match flags & 1 {
                        1 => reader.u16_be().ok_or(SHORT)? & 0x7FFF,
                        _ => u16::from(reader.u8().ok_or(SHORT)? & 0x7F),
                    };
                    // 0 means no property.
                    item.properties.extend(usize::from(index).checked_sub(1));
                }
            }
        }
        Ok(())
    }

    /// The type of an item; zeros if there is none.
    pub(super) fn kind(&self, item: u32) -> [u8; 4] {
        self.items.get(&item).map_or([0; 4], |item| item.kind)
    }

    /// The properties of an item, in their order.
    pub(super) fn properties(&self, item: u32) -> impl Iterator<Item = &Property<'a>> {
        let indices = self
            .items
            .get(&item)
            .into_iter()
            .flat_map(|item| &item.properties);
        indices.filter_map(|index| self.properties.get(*index))
    }

    /// The items that an item refers to.
    pub(super) fn referred(&self, kind: &[u8; 4], from: u32) -> &[u32] {
        let mut references = self.references.iter();
        let found = references.find(|reference| reference.kind == *kind && reference.from == from);
        found.map_or(&[], |reference| &reference.to)
    }

    /// The items that refer to an item.
    pub(super) fn referring(&self, kind: &[u8; 4], to: u32) -> impl Iterator<Item = u32> {
        let references = self
            .references
            .iter()
            .filter(move |reference| reference.kind == *kind);
        references
            .filter(move |reference| reference.to.contains(&to))
            .map(|reference| reference.from)
    }

    /// The bytes of an item.
    pub(super) fn bytes(&self, item: u32) -> Result<Vec<u8>, Error> {
        const CUT: Error = malformed("a picture has no bytes");
        let item = self.items.get(&item).ok_or(CUT)?;
        let whole = if item.in_idat { self.idat } else { self.source };
        let mut bytes = Vec::new();
        for extent in &item.extents {
            let start = usize::try_from(extent.start).map_err(|_| CUT)?;
            let end = usize::try_from(extent.end).map_err(|_| CUT)?;
            // An extent without a length reaches to the end.
            let end = if start == end { whole.len() } else { end };
            bytes.extend_from_slice(whole.get(start..end).ok_or(CUT)?);
            if bytes.len() > whole.len() {
                return Err(malformed("a picture has the same bytes twice"));
            }
        }
        if bytes.is_empty() {
            Err(CUT)
        } else {
            Ok(bytes)
        }
    }
}
