//! Storage keys: the only place where they are printed and parsed.
//!
//! The key of a chunk is `darkroom:blob:{blob id}:{index}`, with the index in decimal from
//! 0. Keys consist of letters, digits, `.` and `:`, which every store allows. The prefix
//! keeps Darkroom's keys apart from others in stores without name spaces (Redis).

use crate::model::BlobId;
use std::ops::Range;

const PREFIX: &str = "darkroom:blob:";

/// The range of the keys of all chunks, ordered by bytes. Keys outside are not Darkroom's.
pub const CHUNKS: Range<&str> = PREFIX.."darkroom:blob;";

/// The key that is read to check that the store answers. Never written.
pub const PROBE: &str = "darkroom:probe";

/// The key of chunk `index` of `blob`.
pub fn chunk(blob: &BlobId, index: u64) -> String {
    format!("{PREFIX}{blob}:{index}")
}

/// The range of the keys of all chunks of `blob` and of no other, ordered by bytes.
pub fn chunks(blob: &BlobId) -> Range<String> {
    format!("{PREFIX}{blob}:")..format!("{PREFIX}{blob};")
}

/// The inverse of [`chunk`]; `None` for keys that are not chunks of Darkroom's.
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
        fn a_blobs_range_contains_only_its_own_chunks(
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
        fn only_printed_keys_are_parsed(key in "(darkroom:blob:)?[a-z0-9.:+/]{0,20}") {
            if let Some((id, index)) = parse_chunk(&key) {
                proptest::prop_assert_eq!(chunk(&id, index), key);
            }
        }
    }
}
