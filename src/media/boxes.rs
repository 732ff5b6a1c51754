//! The grammar of boxes (ISO/IEC 14496-12 §4.2), one reader for all that looks
//! into them. Inside another, a box lies in it whole or is malformed: no size
//! that a file states is ever added to anything before it is held against the
//! bytes that are there.

use super::read::Reader;

/// The rule that a box breaks.
pub(super) type Reason = &'static str;

/// The reason of every box that ends before its fields do.
pub(super) const SHORT: Reason = "a box ends before its fields do";

/// The reason of a box that is longer than what it is in.
pub(super) const OUTSIDE: Reason = "a box does not lie inside the one that holds it";

/// The reason of a box that must be there and is not.
pub(super) const MISSING: Reason = "a required box is missing";

/// How deep boxes may lie in each other, and derived pictures in each other.
pub(super) const MAX_DEPTH: u32 = 8;

/// What a box begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) name: [u8; 4],
    /// The length of the header itself: 8 or 16.
    pub(super) length: usize,
    /// The length of all of the box; `None` if it has the rest of the file.
    pub(super) size: Option<u64>,
}

impl Header {
    /// `None` if `bytes` are too few to tell: it takes 16 at most.
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

    /// The length of the header, as lengths in a file are counted.
    pub(super) fn head(&self) -> u64 {
        if self.length == 16 { 16 } else { 8 }
    }
}

/// The header of the box that `bytes` begins with, and its length, which is no
/// more than that of `bytes`; `None` where there is nothing left.
fn measure(bytes: &[u8]) -> Result<Option<(Header, usize)>, Reason> {
    if bytes.is_empty() {
        return Ok(None);
    }
    let header = Header::read(bytes)?.ok_or(SHORT)?;
    let size = header.size.ok_or("a box in another has no stated length")?;
    let size = usize::try_from(size).map_err(|_| OUTSIDE)?;
    if size > bytes.len() {
        return Err(OUTSIDE);
    }
    Ok(Some((header, size)))
}

/// One box: its type, and what it holds.
pub(super) type Box<'a> = ([u8; 4], &'a [u8]);

fn first(bytes: &[u8]) -> Result<Option<(Box<'_>, &[u8])>, Reason> {
    let Some((header, size)) = measure(bytes)? else {
        return Ok(None);
    };
    let (whole, rest) = bytes.split_at_checked(size).ok_or(OUTSIDE)?;
    let content = whole.get(header.length..).ok_or(OUTSIDE)?;
    Ok(Some(((header.name, content), rest)))
}

/// The boxes that fill `content`.
pub(super) fn boxes(content: &[u8]) -> impl Iterator<Item = Result<Box<'_>, Reason>> {
    let mut rest = content;
    std::iter::from_fn(move || {
        // What follows a box that cannot be measured is not looked at.
        let next = first(std::mem::take(&mut rest)).transpose()?;
        Some(next.map(|(found, after)| {
            rest = after;
            found
        }))
    })
}

/// One box, to be changed.
#[derive(Debug)]
pub(super) struct BoxMut<'a> {
    pub(super) name: [u8; 4],
    /// The length of its header.
    length: usize,
    whole: &'a mut [u8],
}

impl BoxMut<'_> {
    /// What it holds.
    pub(super) fn content(&mut self) -> &mut [u8] {
        self.whole.get_mut(self.length..).unwrap_or_default()
    }

    /// Makes it a box that nobody looks into, with nothing in it.
    pub(super) fn empty(&mut self) {
        self.content().fill(0);
        rename(self.whole);
    }
}

/// The box that `bytes` begins with, and what follows it.
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

/// Names a box `free`: what nobody looks into.
pub(super) fn rename(bytes: &mut [u8]) {
    if let Some(name) = bytes.get_mut(4..8) {
        name.copy_from_slice(b"free");
    }
}

/// The contents of the boxes of these names. None may be there twice: readers
/// would differ in which of them counts.
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
            return Err("a box that may be there once is there twice");
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

/// The entries of a full box that begins with how many there are, each of `N`
/// bytes. All are there.
pub(super) fn table<const N: usize>(content: &[u8]) -> Result<&[[u8; N]], Reason> {
    let (_, _, mut reader) = full(content)?;
    let count = reader.u32_be().ok_or(SHORT)?;
    let count = usize::try_from(count).map_err(|_| SHORT)?;
    let (entries, _) = reader.rest().as_chunks::<N>();
    entries.get(..count).ok_or(SHORT)
}

/// An item's number, in 32 bits or in 16.
pub(super) fn id(reader: &mut Reader<'_>, wide: bool) -> Option<u32> {
    if wide {
        reader.u32_be()
    } else {
        reader.u16_be().map(u32::from)
    }
}
