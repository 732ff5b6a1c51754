//! The name of a blob, and where its bytes are.

use std::fmt;
use std::ops::Range;

/// The name of a blob. Letters, digits and `.` are safe in the keys of every store.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlobId(String);

impl BlobId {
    /// Accepts `id` as a name if it has 1 to 64 letters, digits and dots.
    pub fn new(id: impl Into<String>) -> Option<Self> {
        let id = id.into();
        let named = |c: char| c.is_ascii_alphanumeric() || c == '.';
        ((1..=64).contains(&id.len()) && id.chars().all(named)).then_some(Self(id))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BlobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where the bytes of a blob are: everything that a store needs to find them again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobRef {
    /// The blob's name.
    pub id: BlobId,
    /// The blob's length in bytes.
    pub size: u64,
    /// The length in bytes of every chunk but the last.
    pub chunk_size: u32,
}

impl BlobRef {
    /// The number of chunks of the blob.
    pub fn chunks(&self) -> u64 {
        self.size.div_ceil(u64::from(self.chunk_size.max(1)))
    }

    /// The number of chunks that
    /// [`BlobStore::read_ranges`](crate::blobs::BlobStore::read_ranges) fetches for these
    /// ranges. The last chunk of a range is not fetched again if the next range begins in
    /// it. Empty ranges do not count.
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
