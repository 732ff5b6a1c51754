//! The SHA-256 of a file as received and as stored.

use sha2::Digest as _;

use crate::media::Piece;
use crate::model::Sha256;

/// Both digests of a file. They are computed as one until something is edited, so that a
/// file that is stored unchanged is hashed only once.
#[derive(Default)]
pub(super) struct Digests {
    stored: sha2::Sha256,
    /// Of the received bytes, from the first edit on.
    original: Option<sha2::Sha256>,
}

impl Digests {
    /// Hashes the next piece.
    pub(super) fn update(&mut self, piece: &Piece) {
        match piece {
            Piece::Kept(bytes) => {
                self.stored.update(bytes);
                if let Some(original) = &mut self.original {
                    original.update(bytes);
                }
            }
            Piece::Dropped(bytes) => self.original().update(bytes),
            Piece::Added(bytes) => {
                self.original();
                self.stored.update(bytes);
            }
        }
    }

    fn original(&mut self) -> &mut sha2::Sha256 {
        self.original.get_or_insert_with(|| self.stored.clone())
    }

    /// Returns the digests of the stored and of the received bytes.
    pub(super) fn finish(self) -> (Sha256, Sha256) {
        let stored = Sha256::from(self.stored.finalize());
        let original = self.original.map(|original| original.finalize().into());
        (stored, original.unwrap_or(stored))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha256(bytes: &[u8]) -> Sha256 {
        sha2::Sha256::digest(bytes).into()
    }

    #[test]
    fn both_digests_are_those_of_the_whole_file() {
        let kept = |bytes: &'static [u8]| Piece::Kept(bytes.into());
        let dropped = |bytes: &'static [u8]| Piece::Dropped(bytes.into());
        let added = |bytes: &'static [u8]| Piece::Added(bytes.into());
        let check = |pieces: &[Piece], stored: &[u8], original: &[u8]| {
            let mut digests = Digests::default();
            pieces.iter().for_each(|piece| digests.update(piece));
            assert_eq!(digests.finish(), (sha256(stored), sha256(original)));
        };
        check(&[], b"", b"");
        check(&[kept(b"a"), kept(b"b")], b"ab", b"ab");
        check(&[kept(b"a"), dropped(b"b"), kept(b"c")], b"ac", b"abc");
        check(
            &[kept(b"a"), dropped(b"b"), added(b"B"), kept(b"c")],
            b"aBc",
            b"abc",
        );
        check(&[added(b"B"), kept(b"c")], b"Bc", b"c");
    }
}
