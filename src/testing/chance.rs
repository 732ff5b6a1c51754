//! Choices that depend only on the input, so that a check does the same with an input each
//! time.

/// A source of choices (xorshift64*).
#[derive(Clone, Debug)]
pub(crate) struct Chance(u64);

impl Chance {
    /// The source for this input.
    pub(crate) fn of(input: &[u8]) -> Self {
        // Zero is the one state that the generator never leaves.
        Self(xxhash_rust::xxh3::xxh3_64(input) | 1)
    }

    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// A number below `bound`; 0 if `bound` is 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from((self.next() >> 11) % bound).unwrap_or(0)
    }

    /// Cuts bytes into pieces, which are short for some inputs and long for others.
    pub(crate) fn pieces<'a>(&mut self, bytes: &'a [u8]) -> Vec<&'a [u8]> {
        let most = 1 << self.below(13);
        let mut pieces = Vec::new();
        let mut rest = bytes;
        while !rest.is_empty() {
            let length = 1 + self.below(most.min(rest.len()));
            let (piece, after) = rest.split_at(length);
            pieces.push(piece);
            rest = after;
        }
        pieces
    }

    /// Returns an ASCII text that differs from this one in a single character, which is
    /// replaced, inserted or removed.
    pub(crate) fn tampered(&mut self, text: &str) -> String {
        let mut bytes = text.as_bytes().to_vec();
        let at = self.below(bytes.len());
        let printable = b' ' + u8::try_from(self.below(95)).unwrap_or(0);
        match (self.below(4), bytes.get_mut(at)) {
            (0, _) | (_, None) => bytes.insert(at, printable),
            (1, Some(_)) => {
                bytes.remove(at);
            }
            // Characters that differ in one bit are the most likely to be confused.
            (2, Some(byte)) => *byte ^= 1 << self.below(6),
            (_, Some(byte)) if *byte != printable => *byte = printable,
            (_, Some(byte)) => *byte ^= 1,
        }
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn pieces_add_up_to_the_input(input: Vec<u8>) {
            let pieces = Chance::of(&input).pieces(&input);
            prop_assert_eq!(pieces.concat(), &input[..]);
            prop_assert!(pieces.iter().all(|piece| !piece.is_empty()));
        }

        #[test]
        fn a_tampered_text_differs(text in "[ -~]{0,40}") {
            prop_assert_ne!(Chance::of(text.as_bytes()).tampered(&text), text);
        }
    }
}
