//! Huffman codes (ITU T.81 Annexes C and F.2.2.3).

/// The codes that a DHT segment defines for one table (B.2.4.2).
#[derive(Clone, Debug)]
pub(super) struct Definition {
    /// The number of codes of each length, from 1 to 16 bits.
    counts: [u8; 16],
    /// The symbols, in the order of their codes.
    symbols: Vec<u8>,
}

impl Definition {
    /// Reads a definition from the beginning of `bytes`, and returns the bytes after it.
    pub(super) fn read(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (counts, rest) = bytes.split_first_chunk::<16>()?;
        let symbols: usize = counts.iter().copied().map(usize::from).sum();
        let (symbols, rest) = rest.split_at_checked(symbols)?;
        let definition = Self {
            counts: *counts,
            symbols: symbols.to_vec(),
        };
        Some((definition, rest))
    }
}

/// The maximum length of a code that is found by a single look.
const SHORT: u32 = 8;
/// The maximum length of a code.
pub(super) const LONG: u32 = 16;

/// A table that finds the symbol of a code.
#[derive(Debug)]
pub(super) struct Table {
    /// The code that a byte begins with; of length 0 if it is longer than the byte.
    short: [Code; 1 << SHORT],
    /// The codes of each length: the first one, the one after the last, and the place of the
    /// first symbol.
    lengths: [(u32, u32, u32); 16],
    symbols: Vec<u8>,
}

/// A code: what it stands for, and its length in bits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) symbol: u8,
    pub(super) length: u8,
}

impl Table {
    /// `None` if there are more codes than their lengths allow.
    pub(super) fn new(definition: &Definition) -> Option<Self> {
        let mut short = [Code::default(); 1 << SHORT];
        let mut lengths = [(0, 0, 0); 16];
        let mut symbols = definition.symbols.iter();
        let (mut next, mut place) = (0_u32, 0_u32);
        let counted = definition.counts.iter().zip(&mut lengths);
        for (length, (count, entry)) in (1_u8..).zip(counted) {
            let first = next;
            next = next.checked_add((*count).into())?;
            if next > 1_u32.checked_shl(length.into())? {
                return None;
            }
            *entry = (first, next, place);
            place = place.checked_add((*count).into())?;
            for (code, symbol) in (first..next).zip(symbols.by_ref()) {
                let Some(unused) = SHORT.checked_sub(length.into()) else {
                    break;
                };
                // Every byte that begins with the code.
                let start = usize::try_from(code.checked_shl(unused)?).ok()?;
                let bytes = short.get_mut(start..)?.iter_mut();
                let symbol = *symbol;
                bytes
                    .take(1_usize.checked_shl(unused)?)
                    .for_each(|byte| *byte = Code { symbol, length });
            }
            next = next.checked_mul(2)?;
        }
        Some(Self {
            short,
            lengths,
            symbols: definition.symbols.clone(),
        })
    }

    /// The code that these 16 bits begin with.
    #[inline]
    pub(super) fn find(&self, bits: [u8; 2]) -> Option<Code> {
        let [byte, _] = bits;
        match self.short.get(usize::from(byte)) {
            Some(code) if code.length > 0 => Some(*code),
            _ => self.find_long(u16::from_be_bytes(bits).into()),
        }
    }

    #[cold]
    fn find_long(&self, bits: u32) -> Option<Code> {
        let lengths = (1..=LONG).zip(&self.lengths);
        let longer = lengths.skip_while(|(length, _)| *length <= SHORT);
        for (length, (first, end, place)) in longer {
            let code = bits.wrapping_shr(LONG.saturating_sub(length));
            if (*first..*end).contains(&code) {
                let index = place.saturating_add(code.saturating_sub(*first));
                let symbol = *self.symbols.get(usize::try_from(index).ok()?)?;
                let length = u8::try_from(length).ok()?;
                return Some(Code { symbol, length });
            }
        }
        None
    }
}

/// The number of bits that are looked at for several codes of AC.
pub(super) const WIDE: u32 = 11;

/// Codes of AC in a sequential scan (F.2.2.2), as many as fit into a few bits. Most codes are
/// so short that this saves half of the looks.
#[derive(Debug)]
pub(super) struct Runs {
    runs: Box<[Run; 1 << WIDE]>,
}

/// Codes of AC with the bits that follow them.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Run {
    /// Their length; 0 if not even the first of them fits.
    pub(super) bits: u8,
    /// The number of coefficients that they pass.
    pub(super) passed: u8,
    /// Whether the last of them ends the block.
    pub(super) ends: bool,
}

impl Runs {
    pub(super) fn new(table: &Table) -> Self {
        let mut runs = Box::new([Run::default(); 1 << WIDE]);
        for (bits, run) in (0_u32..).zip(runs.iter_mut()) {
            *run = Run::of(bits.wrapping_shl(32_u32.saturating_sub(WIDE)), table);
        }
        Self { runs }
    }

    /// The codes that these 16 bits begin with.
    #[inline]
    pub(super) fn find(&self, bits: [u8; 2]) -> Run {
        let place = u16::from_be_bytes(bits) >> (16 - WIDE);
        let run = self.runs.get(usize::from(place));
        run.copied().unwrap_or_default()
    }
}

impl Run {
    /// Reads the highest bits of a word.
    fn of(word: u32, table: &Table) -> Self {
        let mut run = Self::default();
        while !run.ends {
            let [high, low, ..] = word.wrapping_shl(run.bits.into()).to_be_bytes();
            let Some(code) = table.find([high, low]) else {
                break;
            };
            let extra = code.symbol & 15;
            let bits = run.bits.saturating_add(code.length).saturating_add(extra);
            if u32::from(bits) > WIDE {
                break;
            }
            run.bits = bits;
            match code.symbol {
                0xF0 => run.passed = run.passed.saturating_add(16),
                _ if extra == 0 => run.ends = true,
                symbol => run.passed = run.passed.saturating_add(symbol >> 4).saturating_add(1),
            }
        }
        run
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_assigned_in_the_order_of_their_lengths() {
        // Table K.3 of the standard: the luminance of DC.
        let counts = [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0];
        let bytes = [
            &counts[..],
            &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
            b"rest",
        ]
        .concat();
        let (definition, rest) = Definition::read(&bytes).expect("complete");
        assert_eq!(rest, b"rest");
        assert!(Definition::read(&bytes[..27]).is_none());
        let table = Table::new(&definition).expect("a prefix code");
        for (bits, symbol, length) in [
            (0b00, 0, 2),
            (0b010, 1, 3),
            (0b110, 5, 3),
            (0b1110, 6, 4),
            (0b1_1111_1110, 11, 9),
        ] {
            let code = Some(Code { symbol, length });
            let bits: u16 = bits << (16 - u32::from(length));
            assert_eq!(table.find(bits.to_be_bytes()), code, "{bits:b}");
        }
        assert_eq!(table.find([0xFF; 2]), None);
    }

    #[test]
    fn a_table_with_too_many_codes_is_refused() {
        for counts in [[3, 0], [2, 1], [1, 3]] {
            let mut bytes = [0; 32];
            bytes[..2].copy_from_slice(&counts);
            let (definition, _) = Definition::read(&bytes).expect("complete");
            assert!(Table::new(&definition).is_none(), "{counts:?}");
        }
    }
}
