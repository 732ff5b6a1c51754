//! The seal of a chunk: eight bytes after its content that show whether it is what was
//! written, and whether it is the chunk that was asked for.
//!
//! SHA-256 would do the same, but takes longer in WebAssembly than everything else about a
//! download together. XXH3 (64 bits) keeps up with memory. It guards against damage, but
//! not against an attacker who can write to the store and could write another seal too.
//!
//! The hash is seeded with the blob's id and the chunk's index, so that a good chunk in the
//! wrong place is detected too. The seal is in big-endian order.

use bytes::Bytes;
use xxhash_rust::xxh3::{Xxh3, xxh3_64, xxh3_64_with_seed};

use super::BlobError;
use crate::model::BlobId;

/// The length of a seal in bytes.
pub const SEAL_BYTES: usize = 8;

/// Returns the seal of `chunk`.
pub fn seal(blob: &BlobId, index: u64, chunk: &[u8]) -> [u8; SEAL_BYTES] {
    xxh3_64_with_seed(chunk, seed(blob, index)).to_be_bytes()
}

/// Computes a seal while the bytes of the chunk arrive.
pub struct Sealer(Xxh3);

impl Sealer {
    /// Starts the seal of chunk `index` of `blob`.
    pub fn new(blob: &BlobId, index: u64) -> Self {
        Self(Xxh3::with_seed(seed(blob, index)))
    }

    /// Adds the next bytes of the chunk.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the seal of all bytes so far.
    pub fn finish(&self) -> [u8; SEAL_BYTES] {
        self.0.digest().to_be_bytes()
    }
}

/// Returns the content of a sealed chunk, which must have `length` bytes.
pub fn open(blob: &BlobId, index: u64, sealed: Bytes, length: u64) -> Result<Bytes, BlobError> {
    let content = usize::try_from(length).ok().and_then(|length| {
        let found = sealed.get(length..)?;
        (found.len() == SEAL_BYTES).then(|| (sealed.slice(..length), found))
    });
    let Some((content, found)) = content else {
        return Err(BlobError::Damaged {
            id: blob.clone(),
            index,
            expected: length.saturating_add(SEAL_BYTES as u64),
            actual: sealed.len() as u64,
        });
    };
    if found == seal(blob, index, &content) {
        Ok(content)
    } else {
        Err(BlobError::Altered {
            id: blob.clone(),
            index,
        })
    }
}

fn seed(blob: &BlobId, index: u64) -> u64 {
    xxh3_64(blob.as_str().as_bytes()).wrapping_add(index)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(name: &str) -> BlobId {
        BlobId::new(name).expect("valid")
    }

    fn sealed(blob: &BlobId, index: u64, chunk: &[u8]) -> Vec<u8> {
        [chunk, &seal(blob, index, chunk)].concat()
    }

    #[test]
    fn seals_do_not_change_between_versions() {
        assert_eq!(
            seal(&id("01a20bb0.7"), 3, b"chunk"),
            [195, 8, 75, 159, 15, 228, 219, 189]
        );
    }

    proptest::proptest! {
        #[test]
        fn a_sealed_chunk_opens(chunk: Vec<u8>, index: u64, cut: proptest::sample::Index) {
            let blob = id("b");
            let bytes = sealed(&blob, index, &chunk);
            let opened = open(&blob, index, bytes.clone().into(), chunk.len() as u64);
            proptest::prop_assert_eq!(opened, Ok(chunk.clone().into()));
            let (first, rest) = chunk.split_at(cut.index(chunk.len() + 1));
            let mut sealer = Sealer::new(&blob, index);
            sealer.update(first);
            sealer.update(rest);
            proptest::prop_assert_eq!(&sealer.finish()[..], &bytes[chunk.len()..]);
        }

        #[test]
        fn every_changed_byte_is_detected(
            chunk: Vec<u8>,
            at: proptest::sample::Index,
            change in 1u8..,
        ) {
            let blob = id("b");
            let mut bytes = sealed(&blob, 0, &chunk);
            let at = at.index(bytes.len());
            bytes[at] ^= change;
            let opened = open(&blob, 0, bytes.into(), chunk.len() as u64);
            let altered = BlobError::Altered { id: blob, index: 0 };
            proptest::prop_assert_eq!(opened, Err(altered));
        }
    }

    #[test]
    fn a_chunk_in_the_place_of_another_is_detected() {
        let bytes = Bytes::from(sealed(&id("a"), 1, b"chunk"));
        assert!(open(&id("a"), 1, bytes.clone(), 5).is_ok());
        assert!(open(&id("a"), 2, bytes.clone(), 5).is_err());
        assert!(open(&id("b"), 1, bytes, 5).is_err());
    }

    #[test]
    fn another_length_is_damage() {
        let bytes = Bytes::from(sealed(&id("a"), 0, b"chunk"));
        for (length, cut) in [(4, 13), (6, 13), (5, 12), (u64::MAX, 13), (0, 5)] {
            let opened = open(&id("a"), 0, bytes.slice(..cut), length);
            assert!(matches!(opened, Err(BlobError::Damaged { .. })), "{length}");
        }
    }
}
