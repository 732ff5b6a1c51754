//! The structure that Exif borrows from TIFF.

use std::ops::Range;

use super::meter::Meter;
use super::read::Reader;

/// A TIFF structure (TIFF 6.0 §2): directories of entries, each of which contains a value or
/// its offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiff<'a> {
    bytes: &'a [u8],
    order: Order,
}

/// A directory, as far as it can be read.
#[derive(Debug)]
pub(super) struct Directory {
    /// The readable entries, in their order.
    pub(super) entries: Vec<Entry>,
    /// The offset of its end, after the offset of the next directory.
    pub(super) end: usize,
}

/// An entry with a readable value.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// The offset of its twelve bytes.
    pub(super) at: usize,
    pub(super) tag: u16,
    /// The position of its value, which is inside the entry if it fits.
    pub(super) value: Range<usize>,
    /// The first value, if it is an unsigned number.
    pub(super) number: Option<u32>,
    /// Whether the value is the offset of a directory, according to its type.
    pub(super) is_directory: bool,
}

/// The length of an entry.
pub(super) const ENTRY: usize = 12;
/// The maximum length of a value inside its entry.
pub(super) const INLINE: usize = 4;
/// The length of the header.
pub(super) const HEADER: usize = 8;

/// The cost of reading an entry, in units of the [`Meter`].
const ENTRY_READ: u64 = 24;

impl<'a> Tiff<'a> {
    /// `None` if `bytes` do not begin with a header.
    pub(super) fn open(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let order = match &reader.array()? {
            b"II" => Order::Little,
            b"MM" => Order::Big,
            _ => return None,
        };
        (order.u16(&mut reader)? == 42).then_some(Self { bytes, order })
    }

    /// The offset of the first directory. `None` if it is inside the header, because readers
    /// of the structure and the code that rewrites it would disagree about it.
    pub(super) fn first(&self) -> Option<usize> {
        let mut reader = Reader::new(self.bytes.get(4..)?);
        let first = usize::try_from(self.order.u32(&mut reader)?).ok()?;
        (first >= HEADER).then_some(first)
    }

    /// The directory at this offset, with those of its entries that are complete and whose
    /// value is there.
    pub(super) fn directory(&self, at: usize, meter: &mut Meter) -> Option<Directory> {
        let mut reader = Reader::new(self.bytes.get(at..)?);
        let count = usize::from(self.order.u16(&mut reader)?);
        let first = at.checked_add(2)?;
        let fields = reader.rest().chunks_exact(ENTRY).take(count);
        meter.charge_each(fields.len(), ENTRY_READ);
        let end = first.checked_add(fields.len().checked_mul(ENTRY)?)?;
        let places = (first..end).step_by(ENTRY);
        let entries = places.zip(fields);
        Some(Directory {
            entries: entries
                .filter_map(|(at, field)| self.entry(at, field))
                .collect(),
            end: end.checked_add(4)?.min(self.bytes.len()),
        })
    }

    /// The entry whose twelve bytes are at this offset.
    fn entry(&self, at: usize, field: &[u8]) -> Option<Entry> {
        let mut reader = Reader::new(field);
        let tag = self.order.u16(&mut reader)?;
        let kind = self.order.u16(&mut reader)?;
        let count = self.order.u32(&mut reader)?;
        let size = usize::try_from(count).ok()?.checked_mul(size_of(kind)?)?;
        let start = if size <= INLINE {
            at.checked_add(8)?
        } else {
            usize::try_from(self.order.u32(&mut reader)?).ok()?
        };
        let value = start..start.checked_add(size)?;
        let mut number = Reader::new(self.bytes.get(value.clone())?);
        Some(Entry {
            at,
            tag,
            value,
            is_directory: kind == IFD,
            number: match (kind, count) {
                (SHORT, 1..) => self.order.u16(&mut number).map(u32::from),
                (LONG | IFD, 1..) => self.order.u32(&mut number),
                _ => None,
            },
        })
    }

    /// Encodes a number of 16 bits in the structure's byte order.
    pub(super) fn u16(&self, number: u16) -> [u8; 2] {
        match self.order {
            Order::Little => number.to_le_bytes(),
            Order::Big => number.to_be_bytes(),
        }
    }
}

const SHORT: u16 = 3;
const LONG: u16 = 4;
const IFD: u16 = 13;

/// The length of one value of a type (TIFF 6.0 §2, its supplement 1, and Exif 3.0 §4.6.2).
fn size_of(kind: u16) -> Option<usize> {
    match kind {
        1 | 2 | 6 | 7 | 129 => Some(1),
        SHORT | 8 => Some(2),
        LONG | 9 | 11 | IFD => Some(4),
        5 | 10 | 12 => Some(8),
        _ => None,
    }
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Little,
    Big,
}

impl Order {
    fn u16(self, reader: &mut Reader<'_>) -> Option<u16> {
        match self {
            Order::Little => reader.u16_le(),
            Order::Big => reader.u16_be(),
        }
    }

    fn u32(self, reader: &mut Reader<'_>) -> Option<u32> {
        match self {
            Order::Little => reader.u32_le(),
            Order::Big => reader.u32_be(),
        }
    }
}
