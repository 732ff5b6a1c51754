//! SHA-256 (FIPS 180-4), which identifies content.

use std::fmt;

/// The SHA-256 of some bytes. Written in lower-case hex.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Sha256(pub [u8; 32]);

impl Sha256 {
    /// Parses 64 hex digits in lower or upper case; `None` for anything else. The inverse
    /// of `Display`.
    pub fn parse(hex: &str) -> Option<Self> {
        let (pairs, []) = hex.as_bytes().as_chunks::<2>() else {
            return None;
        };
        let mut bytes = [0; 32];
        if pairs.len() != bytes.len() {
            return None;
        }
        for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
            *byte = (digit(*high)? << 4) | digit(*low)?;
        }
        Some(Self(bytes))
    }
}

fn digit(character: u8) -> Option<u8> {
    let digit = char::from(character).to_digit(16)?;
    u8::try_from(digit).ok()
}

impl fmt::Display for Sha256 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl<D: Into<[u8; 32]>> From<D> for Sha256 {
    fn from(digest: D) -> Self {
        Self(digest.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_64_hex_digits_are_a_digest() {
        let hex = "44aff4ab2d7c3250525675a08f0cfa9591168cffe51791c5f5bbc417c15a6c38";
        let digest = Sha256::parse(hex).expect("a digest");
        assert_eq!(digest.0[0], 0x44);
        assert_eq!(Sha256::parse(&hex.to_uppercase()), Some(digest));
        for other in [
            "",
            "44",
            &hex[2..],
            &hex[1..],
            &hex.replace('4', "g"),
            &"é".repeat(32),
        ] {
            assert_eq!(Sha256::parse(other), None, "{other}");
        }
        assert_eq!(Sha256::parse(&"+4".repeat(32)), None);
    }

    proptest::proptest! {
        #[test]
        fn parsing_is_the_inverse_of_writing(bytes: [u8; 32]) {
            let digest = Sha256(bytes);
            proptest::prop_assert_eq!(Sha256::parse(&digest.to_string()), Some(digest));
        }
    }
}
