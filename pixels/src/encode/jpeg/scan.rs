//! The coefficients of one progressive scan as symbols and bits (ITU-T T.81 §G.1.2).

use super::huffman::{Bits, Code};
use crate::decode::jpeg::parts::Block;

/// What a scan has of its coefficients.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Band {
    /// The first and the last coefficient in the zigzag order.
    pub(super) first: usize,
    pub(super) last: usize,
    /// The bit position of the scan before, or 0 if this is the first; and of this scan.
    pub(super) high: u32,
    pub(super) low: u32,
}

/// The place of each coefficient in a block, in the zigzag order (figure 5).
const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// A symbol with the bits behind it, or bits alone, in 32 bits: whether there is a symbol, the
/// symbol, the number of bits, and the bits.
#[derive(Clone, Copy)]
struct Token(u32);

impl Token {
    fn new(symbol: Option<u8>, bits: u32, count: u32) -> Self {
        let symbol = symbol.map_or(0, |symbol| 1 << 31 | u32::from(symbol) << 21);
        Self(symbol | count << 16 | (bits & 0xFFFF))
    }

    fn symbol(self) -> Option<u8> {
        (self.0 >> 31 == 1).then_some((self.0 >> 21) as u8)
    }

    fn count(self) -> u32 {
        self.0 >> 16 & 31
    }
}

/// The symbols of a scan, or of one component of a scan of means.
#[derive(Default)]
pub(super) struct Tokens {
    tokens: Vec<Token>,
    /// The blocks since the last one with something in this scan.
    ended: u32,
    /// The bits that refine coefficients of those blocks.
    refining: Vec<bool>,
}

/// The most blocks that one symbol ends.
const MOST_ENDED: u32 = 0x7FFF;
/// The most bits that wait for a symbol, so that little memory is used.
const MOST_REFINING: usize = 900;

/// How many bits a number has.
fn size(number: u32) -> u32 {
    u32::BITS - number.leading_zeros()
}

/// The bits of a number in its signed form (§F.1.2.1): of a negative one, those of its complement.
fn signed(value: i32) -> u32 {
    (if value < 0 { value - 1 } else { value }) as u32
}

impl Tokens {
    fn put(&mut self, symbol: Option<u8>, bits: u32, count: u32) {
        self.tokens.push(Token::new(symbol, bits, count));
    }

    /// The difference of a mean from the one before.
    pub(super) fn mean(&mut self, block: &Block, low: u32, prediction: &mut i32) {
        let mean = i32::from(block[0]) >> low;
        let difference = mean - std::mem::replace(prediction, mean);
        let size = size(difference.unsigned_abs());
        self.put(Some(size as u8), signed(difference), size);
    }

    /// One more bit of a mean.
    pub(super) fn refined_mean(&mut self, block: &Block, low: u32) {
        self.put(None, (i32::from(block[0]) >> low) as u32 & 1, 1);
    }

    /// The highest bits of other coefficients (§G.1.2.2).
    pub(super) fn first(&mut self, block: &Block, band: &Band) {
        let mut run = 0;
        for place in &ZIGZAG[band.first..=band.last] {
            let value = i32::from(block[usize::from(*place)]);
            let shifted = value.unsigned_abs() >> band.low;
            if shifted == 0 {
                run += 1;
                continue;
            }
            self.end_blocks();
            while run > 15 {
                self.put(Some(0xF0), 0, 0);
                run -= 16;
            }
            let size = size(shifted);
            let shifted = shifted as i32;
            let shifted = if value < 0 { -shifted } else { shifted };
            self.put(Some(run << 4 | size as u8), signed(shifted), size);
            run = 0;
        }
        if run > 0 {
            self.ended += 1;
            if self.ended == MOST_ENDED {
                self.end_blocks();
            }
        }
    }

    /// One more bit of other coefficients (§G.1.2.3).
    pub(super) fn refine(&mut self, block: &Block, band: &Band) {
        let values = ZIGZAG[band.first..=band.last].iter().map(|place| {
            let value = block[usize::from(*place)];
            (u32::from(value.unsigned_abs()) >> band.low, value < 0)
        });
        // Behind the last coefficient that becomes something, all is left to the end.
        let last = values.clone().rposition(|(value, _)| value == 1);
        let mut refining = Vec::new();
        let mut run = 0;
        for (at, (value, is_negative)) in values.enumerate() {
            if value == 0 {
                run += 1;
                continue;
            }
            while run > 15 && Some(at) <= last {
                self.end_blocks();
                self.put(Some(0xF0), 0, 0);
                self.put_all(&mut refining);
                run -= 16;
            }
            if value > 1 {
                refining.push(value & 1 == 1);
                continue;
            }
            self.end_blocks();
            self.put(Some(run << 4 | 1), u32::from(!is_negative), 1);
            self.put_all(&mut refining);
            run = 0;
        }
        if run > 0 || !refining.is_empty() {
            self.ended += 1;
            self.refining.append(&mut refining);
            if self.ended == MOST_ENDED || self.refining.len() > MOST_REFINING {
                self.end_blocks();
            }
        }
    }

    /// Says how many blocks have ended, and what refines them.
    pub(super) fn end_blocks(&mut self) {
        if self.ended > 0 {
            let size = size(self.ended) - 1;
            self.put(Some((size as u8) << 4), self.ended, size);
            self.ended = 0;
            let mut refining = std::mem::take(&mut self.refining);
            self.put_all(&mut refining);
            self.refining = refining;
        }
    }

    fn put_all(&mut self, bits: &mut Vec<bool>) {
        for some in bits.chunks(16) {
            let number = some
                .iter()
                .fold(0, |number, bit| number << 1 | u32::from(*bit));
            self.put(None, number, some.len() as u32);
        }
        bits.clear();
    }

    /// The code that suits the symbols.
    pub(super) fn code(&self) -> Code {
        let mut frequencies = [0; 256];
        for symbol in self.tokens.iter().filter_map(|token| token.symbol()) {
            frequencies[usize::from(symbol)] += 1;
        }
        Code::new(&frequencies)
    }

    /// Writes all of them.
    pub(super) fn write(&self, code: &Code, bits: &mut Bits) {
        for at in 0..self.tokens.len() {
            self.write_one(at, code, bits);
        }
    }

    /// Writes one of them.
    pub(super) fn write_one(&self, at: usize, code: &Code, bits: &mut Bits) {
        let Some(token) = self.tokens.get(at) else {
            return;
        };
        if let Some(symbol) = token.symbol() {
            code.put(symbol, bits);
        }
        bits.put(token.0, token.count());
    }
}
