//! The grammar of boxes (ISO/IEC 14496-12 §4.2): one reader for every module that looks
//! into them. A box inside another must lie in it whole, or it is malformed: a size stated
//! by a file is compared with the bytes that are there before it is added to anything.

use super::read::Reader;

/// The rule that a box violates.
pub(super) type Reason = &'static str;

/// A box ends before its fields do.
pub(super) const SHORT: Reason = "a box ends before its fields do";

/// A box is longer than the one that contains it.
pub(super) const OUTSIDE: Reason = "a box extends beyond the box that contains it";

/// A required box is absent.
pub(super) const MISSING: Reason = "a required box is missing";

/// The maximum depth of nested boxes, and of nested derived pictures.
pub(super) const MAX_DEPTH: u32 = 8;

/// The header of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) name: [u8; 4],
    /// The length of the header itself: 8 or 16.
    pub(super) length: usize,
    /// The length of the whole box; `None` if it extends to the end of the file.
    pub(super) size: Option<u64>,
}

impl Header {
    /// Parses a header. `None` if `bytes` are too few: 16 are always enough.
    pub(super) fn read(bytes: &[u8]) -> Result<Option<Self>, Reason> {
        let mut reader = Reader::new(bytes);
        let (Some(short), Some(name)) = (reader.u32_be(), reader.array()) else {
            return Ok(None);
        };
        let (length, size) = match short {
            0 => (8, None),
            1 => match reader.u64_be() {
                Some(size) => (16, Some(size)),
                None => return Ok(None),
            },
            size => (8, Some(u64::from(size))),
        };
        let header = Self { name, length, size };
        match size {
            Some(size) if size < header.head() => Err("a box is shorter than its header"),
            _ => Ok(Some(header)),
        }
    }

    /// The length of the header, as a length in a file.
    pub(super) fn head(&self) -> u64 {
        if self.length == 16 { 16 } else { 8 }
    }
}

/// The header and the length of the box that `bytes` begins with; the length is at most
/// that of `bytes`. `None` if `bytes` is empty.
fn measure(bytes: &[u8]) -> Result<Option<(Header, usize)>, Reason> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let header = Header::read(bytes)?.ok_or(SHORT)?;
    let size = header.size.ok_or("a nested box has no length")?;
    let size = usize::try_from(size).map_err(|_| OUTSIDE)?;
    if size > bytes.len() {
        return Err(OUTSIDE);
    }
    Ok(Some((header, size)))
}

/// A box: its type and its content.
pub(super) type Box<'a> = ([u8; 4], &'a [u8]);

fn first(bytes: &[u8]) -> Result<Option<(Box<'_>, &[u8])>, Reason> {
    let Some((header, size)) = measure(bytes)? else {
        return Ok(None);
    };
    let (whole, rest) = bytes.split_at_checked(size).ok_or(OUTSIDE)?;
    let content = whole.get(header.length..).ok_or(OUTSIDE)?;
    Ok(Some(((header.name, content), rest)))
}

/// Iterates over the boxes in `content`.
pub(super) fn boxes(content: &[u8]) -> impl Iterator<Item = Result<Box<'_>, Reason>> {
    let mut rest = content;
    std::iter::from_fn(move || {
        // Nothing can be read after a box without a valid length.
        let next = first(std::mem::take(&mut rest)).transpose()?;
        Some(next.map(|(found, after)| {
            rest = after;
            found
        }))
    })
}

/// A mutable box.
#[derive(Debug)]
pub(super) struct BoxMut<'a> {
    pub(super) name: [u8; 4],
    /// The length of the header.
    length: usize,
    whole: &'a mut [u8],
}

impl BoxMut<'_> {
    /// The box's content.
    pub(super) fn content(&mut self) -> &mut [u8] {
        self.whole.get_mut(self.length..).unwrap_or_default()
    }

    /// Clears the content and turns the box into one that readers skip.
    pub(super) fn empty(&mut self) {
        self.content().fill(0);
        rename(self.whole);
    }
}

/// The box that `bytes` begins with, and the bytes after it.
pub(super) fn first_mut(bytes: &mut [u8]) -> Result<Option<(BoxMut<'_>, &mut [u8])>, Reason> {
    let Some((Header { name, length, .. }, size)) = measure(bytes)? else {
        return Ok(None);
    };
    let (whole, rest) = bytes.split_at_mut_checked(size).ok_or(OUTSIDE)?;
    let found = BoxMut {
        name,
        length,
        whole,
    };
    Ok(Some((found, rest)))
}

/// Changes the type of a box to `free`, which readers skip.
pub(super) fn rename(bytes: &mut [u8]) {
    if let Some(name) = bytes.get_mut(4..8) {
        name.copy_from_slice(b"free");
    }
}

/// The contents of the boxes with these names. None may occur twice, because readers
/// would disagree about which one counts.
pub(super) fn only<'a, const N: usize>(
    content: &'a [u8],
    names: [&[u8; 4]; N],
) -> Result<[Option<&'a [u8]>; N], Reason> {
    let mut contents = [None; N];
    for found in boxes(content) {
        let (name, inner) = found?;
        let mut slots = names.iter().zip(&mut contents);
        if let Some((_, slot)) = slots.find(|(wanted, _)| **wanted == &name)
            && slot.replace(inner).is_some()
        {
            return Err("a box that must be unique occurs twice");
        }
    }
    Ok(contents)
}

/// The version, the flags and a reader of the rest of a full box (§4.2.2).
pub(super) fn full(content: &[u8]) -> Result<(u8, u8, Reader<'_>), Reason> {
    let mut reader = Reader::new(content);
    // No box that is read here has flags above the lowest eight.
    let [version, _, _, flags] = reader.array().ok_or(SHORT)?;
    Ok((version, flags, reader))
}

/// The entries, each of `N` bytes, of a full box that begins with their number. All of
/// them are there.
pub(super) fn table<const N: usize>(content: &[u8]) -> Result<&[[u8; N]], Reason> {
    let (_, _, mut reader) = full(content)?;
    let count = reader.u32_be().ok_or(SHORT)?;
    let count = usize::try_from(count).map_err(|_| SHORT)?;
    let (entries, _) = reader.rest().as_chunks::<N>();
    entries.get(..count).ok_or(SHORT)
}

/// Reads an item's number, which has 32 bits if `wide`, and 16 otherwise.
pub(super) fn id(reader: &mut Reader<'_>, wide: bool) -> Option<u32> {
    if wide {
        reader.u32_be()
    } else {
        reader.u16_be().map(u32::from)
    }
}
