//! Checksums of a piece.

use sha2::Digest as _;

/// An algorithm of checksums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChecksumAlgorithm {
    /// SHA-1.
    Sha1,
    /// SHA-256.
    Sha256,
    /// MD5.
    Md5,
}

impl ChecksumAlgorithm {
    /// All algorithms.
    pub const ALL: [Self; 3] = [Self::Sha1, Self::Sha256, Self::Md5];

    /// The algorithm's name in lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Sha1 => "sha1",
            Self::Sha256 => "sha256",
            Self::Md5 => "md5",
        }
    }

    /// The algorithm with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|algorithm| algorithm.as_str() == name)
    }

    /// The number of bytes of a checksum.
    pub fn length(self) -> usize {
        match self {
            Self::Sha1 => 20,
            Self::Sha256 => 32,
            Self::Md5 => 16,
        }
    }
}

/// The checksum that a piece should have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checksum {
    /// The algorithm.
    pub algorithm: ChecksumAlgorithm,
    /// The checksum.
    pub value: Vec<u8>,
}

/// Computes the checksum of a piece as it arrives.
pub(super) struct Summing {
    expected: Vec<u8>,
    hasher: Hasher,
}

enum Hasher {
    Sha1(sha1::Sha1),
    Sha256(sha2::Sha256),
    Md5(md5::Md5),
}

impl Summing {
    pub(super) fn new(checksum: Checksum) -> Self {
        Self {
            expected: checksum.value,
            hasher: match checksum.algorithm {
                ChecksumAlgorithm::Sha1 => Hasher::Sha1(sha1::Sha1::new()),
                ChecksumAlgorithm::Sha256 => Hasher::Sha256(sha2::Sha256::new()),
                ChecksumAlgorithm::Md5 => Hasher::Md5(md5::Md5::new()),
            },
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match &mut self.hasher {
            Hasher::Sha1(hasher) => hasher.update(bytes),
            Hasher::Sha256(hasher) => hasher.update(bytes),
            Hasher::Md5(hasher) => hasher.update(bytes),
        }
    }

    /// Whether the piece has the checksum.
    pub(super) fn matches(self) -> bool {
        match self.hasher {
            Hasher::Sha1(hasher) => hasher.finalize().as_slice() == self.expected,
            Hasher::Sha256(hasher) => hasher.finalize().as_slice() == self.expected,
            Hasher::Md5(hasher) => hasher.finalize().as_slice() == self.expected,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_piece_matches_its_own_checksum_only() {
        // The checksums of "abc" (FIPS 180-2, RFC 1321).
        let known = [
            ("sha1", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (
                "sha256",
                "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
            ),
            ("md5", "900150983cd24fb0d6963f7d28e17f72"),
        ];
        for (name, hex) in known {
            let algorithm = ChecksumAlgorithm::parse(name).expect("an algorithm");
            let digits = (0..hex.len()).step_by(2);
            let value: Vec<u8> = digits
                .map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex"))
                .collect();
            assert_eq!(value.len(), algorithm.length());
            for (pieces, expected) in [(["a", "bc"], true), (["ab", "d"], false)] {
                let value = value.clone();
                let mut summing = Summing::new(Checksum { algorithm, value });
                for piece in pieces {
                    summing.update(piece.as_bytes());
                }
                assert_eq!(summing.matches(), expected, "{name}");
            }
        }
        assert_eq!(ChecksumAlgorithm::parse("SHA1"), None);
    }
}
