//! Which chunks to fetch for which ranges of a blob.

use std::ops::Range;

use crate::model::{BlobId, BlobRef};
use bytes::Bytes;

/// One chunk to be read.
pub(super) struct Fetch {
    pub(super) id: BlobId,
    pub(super) index: u64,
    /// The length of the whole chunk.
    pub(super) length: u64,
    /// The wanted parts of the chunk, none of them empty.
    pub(super) parts: Vec<Range<u64>>,
}

/// Returns the fetches for `ranges`, which must lie inside `blob`. Consecutive parts of one
/// chunk become one fetch.
pub(super) fn fetches(
    blob: &BlobRef,
    ranges: Vec<Range<u64>>,
) -> impl Iterator<Item = Fetch> + Send + use<> {
    let BlobRef {
        id,
        size,
        chunk_size,
    } = blob.clone();
    let chunk_size = u64::from(chunk_size.max(1));
    let pieces = ranges
        .into_iter()
        .filter(|range| range.start < range.end)
        .flat_map(move |range| {
            (range.start / chunk_size..=(range.end - 1) / chunk_size).map(move |index| {
                let offset = index * chunk_size;
                let end = (range.end - offset).min(chunk_size);
                (index, range.start.saturating_sub(offset)..end)
            })
        });
    let mut pieces = pieces.peekable();
    std::iter::from_fn(move || {
        let (index, first) = pieces.next()?;
        let mut parts = vec![first];
        while let Some((_, next)) = pieces.next_if(|(next, _)| *next == index) {
            parts.push(next);
        }
        Some(Fetch {
            id: id.clone(),
            index,
            length: chunk_size.min(size - index * chunk_size),
            parts,
        })
    })
}

/// Returns the wanted parts of a chunk's content, each a view into it. The content is in
/// memory, so offsets fit in a `usize`.
pub(super) fn cut(content: &Bytes, parts: &[Range<u64>]) -> Vec<Bytes> {
    let part = |part: &Range<u64>| content.slice(part.start as usize..part.end as usize);
    parts.iter().map(part).collect()
}
