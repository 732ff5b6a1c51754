//! Verifies the SHA-256 of whole files while they are read: in audits, and in downloads if
//! `verify_downloads` requests it.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use sha2::Digest as _;

use crate::blobs::{BlobError, ByteStream};
use crate::model::{BlobId, Sha256};

/// A blob's bytes as they are read.
struct Verified {
    bytes: ByteStream,
    hasher: sha2::Sha256,
    /// The latest piece, held back until all bytes are known to be right.
    held: Option<Bytes>,
}

/// Returns all bytes of `blob`, which must have this SHA-256. If they do not, the stream
/// fails before its last piece.
pub(super) fn verified(bytes: ByteStream, blob: BlobId, sha256: Sha256) -> ByteStream {
    let start = Verified {
        bytes,
        hasher: sha2::Sha256::new(),
        held: None,
    };
    let next = move |state: Option<Verified>| {
        let blob = blob.clone();
        async move {
            let Some(mut state) = state else {
                return Ok(None);
            };
            while let Some(piece) = state.bytes.try_next().await? {
                state.hasher.update(&piece);
                if piece.is_empty() {
                    continue;
                }
                if let Some(earlier) = state.held.replace(piece) {
                    return Ok(Some((earlier, Some(state))));
                }
            }
            if Sha256::from(state.hasher.finalize()) != sha256 {
                return Err(BlobError::OtherContent { id: blob });
            }
            Ok(state.held.map(|last| (last, None)))
        }
    };
    stream::try_unfold(Some(start), next).boxed()
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(pieces: &[&'static [u8]], of: &[u8]) -> (Vec<u8>, Option<BlobError>) {
        let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from(*piece))).collect();
        let id = BlobId::new("a.0").expect("valid");
        let mut bytes = verified(
            stream::iter(pieces).boxed(),
            id,
            sha2::Sha256::digest(of).into(),
        );
        let mut whole = Vec::new();
        loop {
            match bytes.try_next().await {
                Ok(Some(piece)) => whole.extend_from_slice(&piece),
                Ok(None) => return (whole, None),
                Err(error) => return (whole, Some(error)),
            }
        }
    }

    #[tokio::test]
    async fn right_bytes_are_returned_and_wrong_bytes_end_in_an_error() {
        let cases: [&[&'static [u8]]; 5] =
            [&[], &[b"a"], &[b"a", b"b"], &[b"a", b"", b"b", b""], &[b""]];
        for pieces in cases {
            let content = pieces.concat();
            assert_eq!(read(pieces, &content).await, (content.clone(), None));
            let (given, error) = read(pieces, b"other").await;
            assert!(matches!(error, Some(BlobError::OtherContent { .. })));
            assert!(given.is_empty() || given.len() < content.len(), "{given:?}");
        }
    }
}
