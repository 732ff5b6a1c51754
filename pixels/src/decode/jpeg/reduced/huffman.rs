//! Huffman codes (ITU-T T.81 annex C), and tables that take symbols together with the bits behind
//! them.

use super::bits::{Bits, signed};
use crate::Error;

/// Codes of at most so many bits are looked up at once.
const WINDOW: u32 = 12;

/// A Huffman code.
pub(super) struct Code {
    /// By the next 12 bits: the length of the code word in the high byte, its symbol in the
    /// low one; 0 if the word is longer.
    lookup: Box<[u16; 1 << WINDOW]>,
    /// For each length, the first 16-bit number behind its code words.
    ends: [u32; 17],
    /// For each length, its first code word, and the index of its symbol.
    firsts: [(u32, usize); 17],
    symbols: Vec<u8>,
}

impl Code {
    /// Builds a code from the number of words of each length, and the symbols in their order.
    pub(super) fn new(counts: &[u8; 16], symbols: &[u8]) -> Result<Self, Error> {
        let mut code = Self {
            lookup: Box::new([0; 1 << WINDOW]),
            ends: [0; 17],
            firsts: [(0, 0); 17],
            symbols: symbols.to_vec(),
        };
        let mut word = 0_u32;
        let mut index = 0;
        for (length, count) in (1_u32..).zip(counts) {
            code.firsts[length as usize] = (word, index);
            for symbol in symbols.iter().skip(index).take((*count).into()) {
                if word >> length > 0 {
                    return Err(Error::undecodable("a Huffman table has too many codes"));
                }
                if let Some(spare) = WINDOW.checked_sub(length) {
                    let start = (word << spare) as usize;
                    let entry = (length as u16) << 8 | u16::from(*symbol);
                    code.lookup[start..start + (1 << spare)].fill(entry);
                }
                word += 1;
            }
            index += usize::from(*count);
            code.ends[length as usize] = word << (16 - length);
            word <<= 1;
        }
        Ok(code)
    }

    /// Takes a symbol. Bits that are no code word are passed over as the symbol 0, as libjpeg does.
    #[inline(always)]
    pub(super) fn take(&self, bits: &mut Bits<'_>) -> u8 {
        let entry = self.lookup[bits.window()];
        if entry == 0 {
            let (symbol, length) = self.long(bits.code());
            bits.consume(length);
            return symbol;
        }
        bits.consume(u32::from(entry >> 8));
        entry as u8
    }

    /// The symbol whose code word begins the 16 bits, and its length.
    #[cold]
    #[inline(never)]
    fn long(&self, next: u32) -> (u8, u32) {
        for length in WINDOW as usize + 1..=16 {
            if next < self.ends[length] {
                let (first, index) = self.firsts[length];
                let word = next >> (16 - length);
                let index = index + word.saturating_sub(first) as usize;
                let symbol = self.symbols.get(index).copied().unwrap_or(0);
                return (symbol, length as u32);
            }
        }
        (0, 16)
    }
}

/// Tables of a code for sequential scans.
pub(super) struct Lookups {
    pub(super) values: Values,
    pub(super) skipper: Skipper,
}

impl Lookups {
    /// The tables of a code. Without values, coefficients can only be passed over quickly.
    pub(super) fn new(code: &Code, values: bool) -> Self {
        Self {
            values: if values {
                Values::new(code)
            } else {
                Values::empty()
            },
            skipper: Skipper::new(code),
        }
    }
}

/// A table that takes a symbol and the value behind it at once.
pub(super) struct Values {
    /// By the next 12 bits, if the symbol and the value are within them: the bits that they take
    /// (8 bits), the run of zeros (8 bits), and the value (16 bits). 0 if they are not.
    lookup: Box<[i32; 1 << WINDOW]>,
}

impl Values {
    fn empty() -> Self {
        Self {
            lookup: Box::new([0; 1 << WINDOW]),
        }
    }

    fn new(code: &Code) -> Self {
        let mut values = Self::empty();
        for (window, place) in (0_u32..).zip(values.lookup.iter_mut()) {
            let entry = code.lookup[window as usize];
            let length = u32::from(entry >> 8);
            let (run, size) = (i32::from(entry as u8 >> 4), u32::from(entry as u8 & 15));
            if length == 0 || length + size > WINDOW {
                continue;
            }
            let number = (window >> (WINDOW - length - size) & ((1 << size) - 1)) as i32;
            let value = signed(number, size);
            *place = value << 16 | run << 8 | (length + size) as i32;
        }
        values
    }

    /// Takes a symbol: the run of zeros, and the value behind it, which is 0 if the symbol has none.
    #[inline(always)]
    pub(super) fn take(&self, code: &Code, bits: &mut Bits<'_>) -> (u32, i16) {
        let entry = self.lookup[bits.window()];
        if entry != 0 {
            bits.consume((entry & 0xFF) as u32);
            return ((entry >> 8 & 0xFF) as u32, (entry >> 16) as i16);
        }
        let symbol = code.take(bits);
        let value = bits.take_signed(u32::from(symbol & 15));
        (u32::from(symbol >> 4), value as i16)
    }
}

/// A table that passes over several coefficients of a sequential scan at once.
pub(super) struct Skipper {
    /// By the next 12 bits, for the symbols that begin with a whole code word in them: the bits
    /// that they take (8 bits), the coefficients that they advance by (8 bits), and whether the
    /// last ends the block. The value of the last may lie outside of the 12 bits. 0 if there is none.
    lookup: Box<[u32; 1 << WINDOW]>,
}

const END: u32 = 1 << 16;

impl Skipper {
    pub(super) fn new(code: &Code) -> Self {
        let mut lookup = Box::new([0; 1 << WINDOW]);
        for (window, entry) in (0_u32..).zip(lookup.iter_mut()) {
            *entry = Self::entry(code, window);
        }
        Self { lookup }
    }

    fn entry(code: &Code, window: u32) -> u32 {
        let (mut taken, mut advance) = (0, 0);
        while taken < WINDOW {
            let rest = window << taken & ((1 << WINDOW) - 1);
            let entry = code.lookup[rest as usize];
            let length = u32::from(entry >> 8);
            if length == 0 || taken + length > WINDOW {
                break;
            }
            let (run, size) = (u32::from(entry as u8 >> 4), u32::from(entry as u8 & 15));
            taken += length + size;
            match (run, size) {
                (15, 0) => advance += 16,
                (_, 0) => return taken | advance << 8 | END,
                _ => advance += run + 1,
            }
        }
        taken | advance << 8
    }

    /// Passes over the coefficients of a block from the `next` one.
    #[inline(always)]
    pub(super) fn skip(&self, code: &Code, bits: &mut Bits<'_>, mut next: u32) {
        while next < 64 {
            bits.refill();
            let mut is_long = false;
            // While there are bits enough, nothing else of the reader is needed.
            bits.while_loaded(|window| {
                let entry = self.lookup[window];
                let (taken, advance, end) = (entry & 0xFF, entry >> 8 & 0xFF, entry >> 16);
                // Symbols behind the last coefficient belong to the next block.
                if taken == 0 || next + advance + end > 64 {
                    is_long = true;
                    return None;
                }
                next += advance + end * 64;
                Some((taken, next < 64))
            });
            if is_long {
                let symbol = code.take(bits);
                let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
                bits.consume(size);
                next += match (run, size) {
                    (15, 0) => 16,
                    (_, 0) => 64,
                    _ => run + 1,
                };
            }
        }
    }
}
