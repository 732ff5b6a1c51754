use crate::media::read::Reader;

/// The rule that a box breaks.
pub(super) type Reason = &'static str;

/// The reason of every box that ends before its fields do.
pub(super) const SHORT: Reason = "a box ends before its fields do";

/// One box: its type, and what it holds.
pub(super) type Box<'a> = ([u8; 4], &'a [u8]);

/// The boxes that fill `content` (ISO/IEC 14496-12 §4.2).
pub(super) fn boxes(content: &[u8]) -> impl Iterator<Item = Result<Box<'_>, Reason>> {
    let mut reader = Reader::new(content);
    let mut failed = false;
    std::iter::from_fn(move || {
        if failed || reader.rest().is_empty() {
            return None;
        }
        let next = next(&mut reader).ok_or(SHORT);
        failed = next.is_err();
        Some(next)
    })
}

fn next<'a>(reader: &mut Reader<'a>) -> Option<Box<'a>> {
    let (name, header, size) = measure(reader.rest())?;
    let whole = reader.take(size)?;
    Some((name, whole.get(header..)?))
}

/// The type of the box that `bytes` begins with, the length of its header and
/// of all of it, which lies inside `bytes` only if the box is whole.
pub(in crate::media) fn measure(bytes: &[u8]) -> Option<([u8; 4], usize, usize)> {
    let mut reader = Reader::new(bytes);
    let short = reader.u32_be()?;
    let name = reader.array()?;
    let (header, size) = match short {
        0 => (8, bytes.len()),
        1 => (16, usize::try_from(reader.u64_be()?).ok()?),
        size => (8, usize::try_from(size).ok()?),
    };
    (size >= header).then_some((name, header, size))
}

/// The content of the first box named `name`.
pub(super) fn find<'a>(content: &'a [u8], name: &[u8; 4]) -> Result<Option<&'a [u8]>, Reason> {
    for found in boxes(content) {
        let (other, inner) = found?;
        if &other == name {
            return Ok(Some(inner));
        }
    }
    Ok(None)
}

/// As [`find`], where the box must be.
pub(super) fn expect<'a>(content: &'a [u8], name: &[u8; 4]) -> Result<&'a [u8], Reason> {
    find(content, name)?.ok_or("a required box is missing")
}

/// The version, the flags and a reader of the rest of a full box (§4.2.2).
pub(super) fn full(content: &[u8]) -> Result<(u8, u8, Reader<'_>), Reason> {
    let mut reader = Reader::new(content);
    // No box that is read here has flags above the lowest eight.
    let [version, _, _, flags] = reader.array().ok_or(SHORT)?;
    Ok((version, flags, reader))
}

/// An item's number, in 32 bits or in 16.
pub(super) fn id(reader: &mut Reader<'_>, wide: bool) -> Option<u32> {
    if wide {
        reader.u32_be()
    } else {
        reader.u16_be().map(u32::from)
    }
}
