use std::ops::Range;

use super::meter::Meter;
use super::read::Reader;

/// The structure that Exif borrows from TIFF (TIFF 6.0 §2): directories of
/// entries that hold a value or say where it is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Tiff<'a> {
    bytes: &'a [u8],
    order: Order,
}

/// A directory, as far as it can be read.
#[derive(Debug)]
pub(super) struct Directory {
    /// In their order.
    pub(super) entries: Vec<Entry>,
    /// Where it ends, with the offset of the next directory.
    pub(super) end: usize,
}

/// An entry whose value is there.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    /// Where its twelve bytes begin.
    pub(super) at: usize,
    pub(super) tag: u16,
    /// Where its value is: inside it, if it has room.
    pub(super) value: Range<usize>,
    /// Its first value, if it has numbers without a sign.
    pub(super) number: Option<u32>,
    /// Whether its value is the offset of a directory, by its type.
    pub(super) is_directory: bool,
}

/// The length of an entry.
pub(super) const ENTRY: usize = 12;
/// The longest value that lies in its entry.
pub(super) const INLINE: usize = 4;
/// The length of the header.
pub(super) const HEADER: usize = 8;

/// What it costs to read an entry, in units of the [`Meter`].
const ENTRY_READ: u64 = 24;

impl<'a> Tiff<'a> {
    /// `None` if that is none.
    pub(super) fn open(bytes: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let order = match &reader.array()? {
            b"II" => Order::Little,
            b"MM" => Order::Big,
            _ => return None,
        };
        (order.u16(&mut reader)? == 42).then_some(Self { bytes, order })
    }

    /// The offset of the first directory. `None` where that is inside the header: what
    /// reads it and what writes it anew would not see the same.
    pub(super) fn first(&self) -> Option<usize> {
        let mut reader = Reader::new(self.bytes.get(4..)?);
        let first = usize::try_from(self.order.u32(&mut reader)?).ok()?;
        (first >= HEADER).then_some(first)
    }

    /// The directory at this offset, with those of its entries that are whole and
    /// whose value is there.
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

    /// A number of 16 bits as it is written here.
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

/// TIFF 6.0 §2, its supplement 1, and Exif 3.0 §4.6.2: the length of one value.
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
