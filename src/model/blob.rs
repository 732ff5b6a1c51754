//! A blob's name, and where its bytes are.

use std::fmt;
use std::ops::Range;

/// Names a blob. Letters, digits and `.`: safe in every store's keys.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(String);

impl BlobId {
    /// Takes `id` as a name if it has 1 to 64 letters, digits and dots.
    pub fn new(id: impl Into<String>) -> Option<Self> {
        let id = id.into();
        let named = |c: char| c.is_ascii_alphanumeric() || c == '.';
        ((1..=64).contains(&id.len()) && id.chars().all(named)).then_some(Self(id))
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where a blob's bytes are: all that a store needs to find them again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRef {
    /// Its name.
    pub id: BlobId,
    /// Its length in bytes.
    pub size: u64,
    /// The length in bytes of every chunk but the last.
    pub chunk_size: u32,
}

impl BlobRef {
    /// How many chunks the blob has.
    pub fn chunks(&self) -> u64 {
        self.size.div_ceil(u64::from(self.chunk_size.max(1)))
    }

    /// How many chunks [`BlobStore::read_ranges`](crate::blobs::BlobStore::read_ranges) fetches for these ranges: the last
    /// chunk of one is not fetched again if the next begins in it. Empty ranges
    /// count for nothing.
    pub fn fetches(&self, ranges: &[Range<u64>]) -> u64 {
        let chunk_size = u64::from(self.chunk_size.max(1));
        let mut fetches: u64 = 0;
        let mut held = None;
        for range in ranges.iter().filter(|range| range.start < range.end) {
            let (first, last) = (range.start / chunk_size, (range.end - 1) / chunk_size);
            let missing = last - first + u64::from(held != Some(first));
            fetches = fetches.saturating_add(missing);
            held = Some(last);
        }
        fetches
    }
}
