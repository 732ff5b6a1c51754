//! The chunks of an APNG (PNG 3 §5.3 and §11.3.6), read for what decoders need to know before they
//! come to the frames: which of them are sound.

use super::SIGNATURE;
use crate::decode::reader::Reader;

/// The frames of an animation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Frames {
    /// Frames that have a head and data, up to the first that is out of order.
    pub(super) count: u32,
    /// Whether one of them leaves a transparent place behind.
    pub(super) clears: bool,
}

struct Chunk<'a> {
    name: [u8; 4],
    content: &'a [u8],
    whole: &'a [u8],
}

fn chunks(source: &[u8]) -> impl Iterator<Item = Chunk<'_>> {
    let mut rest = Reader::new(source.get(SIGNATURE.len()..).unwrap_or_default());
    std::iter::from_fn(move || {
        let mut reader = rest;
        let length = usize::try_from(reader.u32_be()?).ok()?;
        let name = reader.array()?;
        let content = reader.take(length)?;
        reader.u32_be()?;
        let whole = rest.take(length.checked_add(12)?)?;
        Some(Chunk {
            name,
            content,
            whole,
        })
    })
}

/// Reads the frames of an animation; `None` if the file is none.
pub(super) fn frames(source: &[u8]) -> Option<Frames> {
    let mut stated = None;
    let mut found = Frames::default();
    // Whether the last head has data, and whether it clears its place.
    let mut head: Option<(bool, bool)> = None;
    let mut sequence = 0;
    let mut in_order = |content: &[u8]| {
        let number = content.first_chunk().copied().map(u32::from_be_bytes);
        sequence += 1;
        number == Some(sequence - 1)
    };
    for chunk in chunks(source) {
        match &chunk.name {
            b"acTL" => {
                stated = stated.or(chunk.content.first_chunk().copied().map(u32::from_be_bytes))
            }
            b"IDAT" if stated.is_none() => return None,
            b"fcTL" => {
                let sound = in_order(chunk.content) && head.is_none_or(|(has_data, _)| has_data);
                if !sound || chunk.content.len() != 26 {
                    break;
                }
                head = Some((
                    false,
                    chunk
                        .content
                        .get(24)
                        .is_some_and(|operation| *operation > 0),
                ));
            }
            b"fdAT" if !in_order(chunk.content) || head.is_none() => break,
            b"IDAT" | b"fdAT" => {
                if let Some((has_data @ false, clears)) = &mut head {
                    *has_data = true;
                    found.count += 1;
                    found.clears |= *clears;
                }
            }
            _ => {}
        }
    }
    found.count = found.count.min(stated?);
    Some(found)
}

/// The file without what makes it an animation.
pub(super) fn still(source: &[u8]) -> Vec<u8> {
    let mut still = source.get(..SIGNATURE.len()).unwrap_or_default().to_vec();
    for chunk in chunks(source) {
        if !matches!(&chunk.name, b"acTL" | b"fcTL" | b"fdAT") {
            still.extend_from_slice(chunk.whole);
        }
    }
    still
}
