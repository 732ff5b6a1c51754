//! The text of storage keys, made and read in this one place.
//!
//! A chunk's key is `darkroom:blob:{blob id}:{index}`, the index in decimal from
//! 0. Only letters, digits, `.` and `:` occur, which every store allows; the
//! prefix keeps us apart from others in stores without name spaces (Redis).

use crate::model::BlobId;
use std::ops::Range;

const PREFIX: &str = "darkroom:blob:";

/// The keys of all chunks are in here, in the order of their bytes; what else is, is not ours.
pub const CHUNKS: Range<&str> = PREFIX.."darkroom:blob;";

/// The key that is read to see whether the store answers. Never written.
pub const PROBE: &str = "darkroom:probe";

/// The key of chunk `index` of `blob`.
pub fn chunk(blob: &BlobId, index: u64) -> String {
    format!("{PREFIX}{blob}:{index}")
}

/// The keys of all chunks of `blob` are in here, and of no other, in the order of their bytes.
pub fn chunks(blob: &BlobId) -> Range<String> {
    format!("{PREFIX}{blob}:")..format!("{PREFIX}{blob};")
}

/// The inverse of [`chunk`]; `None` for keys that are not ours.
pub fn parse_chunk(key: &str) -> Option<(BlobId, u64)> {
    let (id, index) = key.strip_prefix(PREFIX)?.split_once(':')?;
    let (id, index) = (BlobId::new(id)?, index.parse().ok()?);
    (chunk(&id, index) == key).then_some((id, index))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn parse_is_the_inverse_of_chunk(id in "[A-Za-z0-9.]{1,64}", index: u64) {
            let id = BlobId::new(id).expect("valid");
            proptest::prop_assert_eq!(parse_chunk(&chunk(&id, index)), Some((id, index)));
        }

        #[test]
        fn a_blobs_range_has_its_own_chunks_alone(
            one in "[a-b.]{1,4}",
            other in "[a-b.]{1,4}",
            index: u64,
        ) {
            let key = chunk(&BlobId::new(&*one).expect("valid"), index);
            proptest::prop_assert!(CHUNKS.contains(&key.as_str()));
            let range = chunks(&BlobId::new(&*other).expect("valid"));
            proptest::prop_assert_eq!(range.contains(&key), one == other);
        }

        #[test]
        fn only_what_chunk_makes_is_read(key in "(darkroom:blob:)?[a-z0-9.:+/]{0,20}") {
            if let Some((id, index)) = parse_chunk(&key) {
                proptest::prop_assert_eq!(chunk(&id, index), key);
            }
        }
    }
}
