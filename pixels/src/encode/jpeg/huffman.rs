//! Huffman codes made for the symbols that come (ITU-T T.81 annex K.2), and bits as a scan has them
//! (§F.1.2.3).

/// The code words of all symbols: their bits and how many there are; 0 for symbols without one.
pub(super) struct Code {
    words: [(u16, u8); 256],
    /// How many words there are of each length from 1 to 16.
    counts: [u8; 16],
    /// The symbols in the order of their words.
    symbols: Vec<u8>,
}

/// The longest code words before they are shortened: the frequencies of 2³² symbols lead to less.
const LONGEST: usize = 64;
/// The longest code words that a file may have.
const ALLOWED: usize = 16;

impl Code {
    /// The shortest code for symbols that come so often.
    pub(super) fn new(frequencies: &[u32; 256]) -> Self {
        let lengths = lengths(frequencies);
        let mut counts = [0_u16; LONGEST];
        for length in lengths.iter().copied().filter(|length| *length > 0) {
            counts[length.min(LONGEST) - 1] += 1;
        }
        shorten(&mut counts);
        // The word of ones alone, which is no code word, is the last of the longest.
        if let Some(longest) = counts.iter_mut().rev().find(|count| **count > 0) {
            *longest -= 1;
        }
        let mut symbols: Vec<u8> = (0..=255)
            .filter(|symbol| frequencies[usize::from(*symbol)] > 0)
            .collect();
        symbols.sort_by_key(|symbol| lengths[usize::from(*symbol)]);
        let mut words = [(0, 0); 256];
        let mut of_length = symbols.iter();
        let mut word = 0_u16;
        for (length, count) in (1..).zip(&counts[..ALLOWED]) {
            for symbol in of_length.by_ref().take((*count).into()) {
                words[usize::from(*symbol)] = (word, length);
                word = word.wrapping_add(1);
            }
            word <<= 1;
        }
        Self {
            words,
            // There are no more than 255 symbols of a length: a word is left over.
            counts: std::array::from_fn(|at| counts[at] as u8),
            symbols,
        }
    }

    /// Appends the segment that defines it (§B.2.4.2). The class is 0 for means, 1 for others.
    pub(super) fn define(&self, file: &mut Vec<u8>, class: u8, number: u8) {
        let length = 2 + 1 + self.counts.len() + self.symbols.len();
        file.extend([0xFF, 0xC4]);
        file.extend((length as u16).to_be_bytes());
        file.push(class << 4 | number);
        file.extend(self.counts);
        file.extend(&self.symbols);
    }

    /// Appends the word of a symbol.
    #[inline]
    pub(super) fn put(&self, symbol: u8, bits: &mut Bits) {
        let (word, length) = self.words[usize::from(symbol)];
        bits.put(word.into(), length.into());
    }
}

/// The lengths of the words of all symbols, and, as the last, of one that comes once: its word
/// would be that of ones alone.
fn lengths(frequencies: &[u32; 256]) -> [usize; 257] {
    let mut sums = [0_u64; 257];
    for (sum, frequency) in sums.iter_mut().zip(frequencies) {
        *sum = u64::from(*frequency);
    }
    sums[256] = 1;
    let mut lengths = [0; 257];
    // The next symbol in the tree that a symbol is in.
    let mut next = [None; 257];
    loop {
        // The two least trees; of equal ones, that of the last symbol.
        let least = |but: Option<usize>| {
            let trees = (0..sums.len()).filter(|at| sums[*at] > 0 && Some(*at) != but);
            trees.min_by_key(|at| (sums[*at], 256 - at))
        };
        let Some(one) = least(None) else { break };
        let Some(other) = least(Some(one)) else { break };
        sums[one] += sums[other];
        sums[other] = 0;
        let mut at = one;
        lengths[at] += 1;
        while let Some(following) = next[at] {
            at = following;
            lengths[at] += 1;
        }
        next[at] = Some(other);
        at = other;
        lengths[at] += 1;
        while let Some(following) = next[at] {
            at = following;
            lengths[at] += 1;
        }
    }
    lengths
}

/// Makes words shorter that are longer than allowed, and as many others longer as that takes
/// (figure K.3).
fn shorten(counts: &mut [u16; LONGEST]) {
    for length in (ALLOWED..LONGEST).rev() {
        while counts[length] > 0 {
            let Some(shorter) = (0..length - 1).rev().find(|shorter| counts[*shorter] > 0) else {
                return;
            };
            counts[length] -= 2;
            counts[length - 1] += 1;
            counts[shorter + 1] += 2;
            counts[shorter] -= 1;
        }
    }
}

/// Bits of a scan. A byte of ones is followed by one of zeros.
#[derive(Default)]
pub(super) struct Bits {
    pub(super) bytes: Vec<u8>,
    waiting: u64,
    count: u32,
}

impl Bits {
    /// Appends the lowest `count` bits, at most 16.
    #[inline]
    pub(super) fn put(&mut self, bits: u32, count: u32) {
        self.waiting = self.waiting << count | u64::from(bits & ((1 << count) - 1));
        self.count += count;
        while self.count >= 8 {
            self.count -= 8;
            let byte = (self.waiting >> self.count) as u8;
            self.bytes.push(byte);
            if byte == 0xFF {
                self.bytes.push(0);
            }
        }
    }

    /// The bytes, the last one filled with ones.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.put(0x7F, 7);
        self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_at_most_sixteen_bits_and_no_word_begins_another() {
        // As unequal as they can be, equal ones, and a single one.
        let mut fibonacci = [0_u32; 256];
        (fibonacci[0], fibonacci[1]) = (1, 1);
        for at in 2..40 {
            fibonacci[at] = fibonacci[at - 1] + fibonacci[at - 2];
        }
        let mut single = [0; 256];
        single[7] = 5;
        for frequencies in [fibonacci, [9; 256], single] {
            let code = Code::new(&frequencies);
            let words = code.words.iter().filter(|(_, length)| *length > 0);
            let words: Vec<_> = words.copied().collect();
            let used = frequencies.iter().filter(|frequency| **frequency > 0);
            assert_eq!(words.len(), used.count());
            for (at, (word, length)) in words.iter().enumerate() {
                assert!(*length <= 16 && u32::from(*word) < (1_u32 << length) - 1);
                for (other, longer) in words.iter().skip(at + 1) {
                    let shared = length.min(longer);
                    assert_ne!(word >> (length - shared), other >> (longer - shared));
                }
            }
        }
    }

    #[test]
    fn ones_are_stuffed_and_fill_the_last_byte() {
        let mut bits = Bits::default();
        bits.put(0xFFFF, 16);
        bits.put(0b010, 3);
        assert_eq!(bits.finish(), [0xFF, 0, 0xFF, 0, 0b0101_1111]);
        assert_eq!(Bits::default().finish(), []);
    }
}
