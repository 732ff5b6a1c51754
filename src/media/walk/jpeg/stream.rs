//! The data of a scan as bits.

use super::huffman::{LONG, Runs, Table};

/// Bits that have been taken from the data of a scan but not read, from the highest one down.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bits {
    bits: u64,
    count: u32,
}

impl Bits {
    fn add(&mut self, bits: u64, count: u32) {
        let room = 64_u32.saturating_sub(self.count).saturating_sub(count);
        self.bits |= bits.wrapping_shl(room);
        self.count = self.count.saturating_add(count);
    }
}

/// The data of a scan in front of its reader.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stream<'a> {
    bits: Bits,
    data: &'a [u8],
}

/// There are too few bits. They may continue in the next bytes of the scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Short;

impl<'a> Stream<'a> {
    /// The bits that are left of the bytes before, followed by these bytes.
    pub(super) fn new(bits: Bits, data: &'a [u8]) -> Self {
        Self { bits, data }
    }

    /// The bits that were not read, and the bytes that they do not come from.
    pub(super) fn rest(&self) -> (Bits, &'a [u8]) {
        (self.bits, self.data)
    }

    /// The number of whole bytes that were taken but not read.
    pub(super) fn ahead(&self) -> u32 {
        self.bits.count / 8
    }

    /// Leaves out the bits before a restart, and the bytes up to `data`.
    pub(super) fn restart(&mut self, data: &'a [u8]) {
        *self = Self::new(Bits::default(), data);
    }

    /// Takes bytes, without the zeros that follow FF, as long as there is room and no marker.
    #[inline]
    fn fill(&mut self) {
        if let Some((four, rest)) = self.data.split_first_chunk::<4>() {
            let word = u32::from_be_bytes(*four);
            if self.bits.count <= 32 && !has_ff(word) {
                self.bits.add(word.into(), 32);
                self.data = rest;
                return;
            }
        }
        *self = self.filled_by_bytes();
    }

    #[cold]
    fn filled_by_bytes(mut self) -> Self {
        while self.bits.count <= 56 {
            let (byte, rest) = match self.data {
                [0xFF, 0, rest @ ..] => (0xFF, rest),
                [0xFF, ..] | [] => break,
                [byte, rest @ ..] => (*byte, rest),
            };
            self.bits.add(byte.into(), 8);
            self.data = rest;
        }
        self
    }

    /// The symbol of the next code, and the value of the bits after it, of which there are as
    /// many as `extra` says, at most 16. `None` if there is no such code.
    #[inline]
    pub(super) fn code(
        &mut self,
        table: &Table,
        extra: impl Fn(u8) -> u8,
    ) -> Option<Result<(u8, u32), Short>> {
        if self.bits.count < 32 {
            self.fill();
        }
        let [high, low, ..] = self.bits.bits.to_be_bytes();
        // No code is the beginning of another, so missing bits cannot change it.
        let Some(code) = table.find([high, low]) else {
            return (self.bits.count < LONG).then_some(Err(Short));
        };
        let extra = u32::from(extra(code.symbol));
        let whole = extra.wrapping_add(code.length.into());
        if whole > self.bits.count {
            return Some(Err(Short));
        }
        Some(Ok((code.symbol, self.take(whole, extra))))
    }

    /// Reads codes of AC in a sequential block from the coefficient `next` on. Returns the
    /// coefficient after them, which is 64 or more at the end of the block.
    #[inline]
    pub(super) fn run(&mut self, runs: &Runs, next: u8) -> Option<u8> {
        if self.bits.count < 32 {
            self.fill();
        }
        let [high, low, ..] = self.bits.bits.to_be_bytes();
        let run = runs.find([high, low]);
        let after = next.wrapping_add(run.passed);
        // Codes after the last coefficient would be those of another block.
        let fits = run.bits > 0 && u32::from(run.bits) <= self.bits.count && after < 64;
        if !fits {
            return None;
        }
        self.take(run.bits.into(), 0);
        Some(if run.ends { 64 } else { after })
    }

    /// Removes this many bits, at most 32, and returns the lowest `value` of them.
    #[inline]
    fn take(&mut self, count: u32, value: u32) -> u32 {
        let taken = self.bits.bits.wrapping_shr(64_u32.wrapping_sub(count));
        let mask = 1_u64.wrapping_shl(value).wrapping_sub(1);
        self.bits.bits = self.bits.bits.wrapping_shl(count);
        self.bits.count = self.bits.count.wrapping_sub(count);
        u32::try_from(taken & mask).unwrap_or(u32::MAX)
    }

    /// Passes bits, and returns how many of them are missing.
    pub(super) fn pass(&mut self, mut count: u64) -> u64 {
        while count > 0 {
            if self.bits.count < 32 {
                self.fill();
            }
            let some = u64::from(self.bits.count.min(32)).min(count);
            if some == 0 {
                break;
            }
            self.take(u32::try_from(some).unwrap_or(0), 0);
            count = count.saturating_sub(some);
        }
        count
    }
}

/// Whether one of the four bytes is FF.
fn has_ff(word: u32) -> bool {
    let inverted = !word;
    inverted.wrapping_sub(0x0101_0101) & word & 0x8080_8080 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bits_are_read_up_to_a_marker() {
        let data = [0xA5, 0xFF, 0, 0x3C, 0xFF, 0xD0, 1];
        let mut stream = Stream::new(Bits::default(), &data);
        assert_eq!(stream.pass(3), 0);
        assert_eq!(stream.ahead(), 2);
        assert_eq!(stream.take(5, 2), 0b01);
        assert_eq!(stream.take(12, 4), 0x3);
        let (bits, rest) = stream.rest();
        assert_eq!(rest, [0xFF, 0xD0, 1]);
        // The bits that are left are followed by those of other bytes.
        let mut stream = Stream::new(bits, &[0x81]);
        assert_eq!(stream.pass(4), 0);
        assert_eq!(stream.pass(9), 1);
    }

    #[test]
    fn any_ff_in_a_word_is_noticed() {
        for word in [0, 0x7F80_FE00, 0xFEFE_FEFE, 0x0100_8001] {
            assert!(!has_ff(word), "{word:08x}");
            for byte in 0..4 {
                assert!(has_ff(word | 0xFF << (8 * byte)), "{word:08x}");
            }
        }
    }
}
