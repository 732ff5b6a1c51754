//! SHA-256 of whole files as they are read: by audits, and by downloads where
//! `verify_downloads` asks for it.

use bytes::Bytes;
use futures_util::stream::{self, StreamExt as _, TryStreamExt as _};
use sha2::Digest as _;

use crate::blobs::{BlobError, ByteStream};
use crate::model::{BlobId, Sha256};

/// A blob's bytes as they are read.
struct Verified {
    bytes: ByteStream,
    hasher: sha2::Sha256,
    /// What came last: it is held back until all is known to be right.
    held: Option<Bytes>,
}

/// All bytes of `blob`, which must have this SHA-256. Where they have
/// not, the stream breaks before its last piece.
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
    async fn what_is_right_is_given_and_what_is_not_never_ends_well() {
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
