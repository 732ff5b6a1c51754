//! The keys of chunks in a key-value file, as the application writes them:
//! `darkroom:blob:{blob}:{index}`.

const PREFIX: &str = "darkroom:blob:";

/// All chunks have keys from the first of these on, and before the second.
pub(crate) const ALL: (&str, &str) = (PREFIX, "darkroom:blob;");

/// The key of a chunk.
pub(crate) fn print(blob: &str, index: u64) -> String {
    format!("{PREFIX}{blob}:{index}")
}

/// The blob and the index that a key names.
pub(crate) fn parse(key: &str) -> Option<(&str, u64)> {
    let (blob, index) = key.strip_prefix(PREFIX)?.split_once(':')?;
    Some((blob, index.parse().ok()?))
}

/// All chunks of one blob have keys from the first of these on, and before the second.
pub(crate) fn range(blob: &str) -> (String, String) {
    (format!("{PREFIX}{blob}:"), format!("{PREFIX}{blob};"))
}

#[cfg(test)]
mod tests {
    use darkroom::blobs::{BlobId, key};

    use super::*;

    #[test]
    fn keys_are_those_of_the_application() {
        let blob = BlobId::new("01a2.63").expect("valid");
        for index in [0, 7, 1 << 40] {
            let theirs = key::chunk(&blob, index);
            assert_eq!(print(blob.as_str(), index), theirs);
            assert_eq!(parse(&theirs), Some((blob.as_str(), index)));
            let (first, past) = range(blob.as_str());
            assert!(first <= theirs && theirs < past);
            assert!(ALL.0 <= theirs.as_str() && theirs.as_str() < ALL.1);
        }
        let (_, past) = range("01a2.6");
        assert!(key::chunk(&blob, 0) > past || key::chunk(&blob, 0) < range("01a2.6").0);
        assert_eq!(parse("other"), None);
    }
}
