//! The bits of entropy-coded data (ITU-T T.81 §F.2.2.5), up to a marker.

use super::super::segments::marker;

/// A reader of bits. It is small, and what is seldom needed takes it as a value: so it can be in
/// registers while a block is decoded. Behind the data there are zeros without end, so nothing fails here; whether
/// more bits were taken than there are is asked from time to time.
#[derive(Clone, Copy)]
pub(super) struct Bits<'a> {
    source: &'a [u8],
    /// The next byte to load.
    at: usize,
    /// The next bits, from the highest. Below the loaded ones may be some that are not counted yet.
    bits: u64,
    /// How many bits are loaded; negative if more were taken than there were.
    count: i32,
    /// Whether a marker or the end of the source was reached.
    ended: bool,
}

/// Where a restart marker was looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Restart {
    /// The data after it follows.
    Found,
    /// The data up to a later restart marker is lost.
    Lost,
    /// The scan is over.
    End,
}

impl<'a> Bits<'a> {
    pub(super) fn new(source: &'a [u8], at: usize) -> Self {
        Self {
            source,
            at,
            bits: 0,
            count: 0,
            ended: false,
        }
    }

    /// Where the next marker is looked for.
    pub(super) fn position(&self) -> usize {
        self.at
    }

    /// Whether more bits were taken than there are.
    pub(super) fn is_overdrawn(&self) -> bool {
        self.count < 0
    }

    /// Loads bits, so that there are 32, or all that are left.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if self.count < 32 && !self.ended {
            self.load();
        }
    }

    #[inline(always)]
    fn load(&mut self) {
        if let Some(bytes) = self
            .source
            .get(self.at..)
            .and_then(|rest| rest.first_chunk())
        {
            let word = u64::from_be_bytes(*bytes);
            if !contains_ff(word) {
                self.bits |= word >> self.count;
                let whole = (63 - self.count) / 8;
                self.at += whole as usize;
                self.count += whole * 8;
                return;
            }
        }
        *self = self.with_bytes();
    }

    #[cold]
    #[inline(never)]
    fn with_bytes(mut self) -> Self {
        while self.count <= 56 {
            let byte = match (self.source.get(self.at), self.source.get(self.at + 1)) {
                // A stuffed zero follows a byte of data.
                (Some(0xFF), Some(0)) => {
                    self.at += 2;
                    0xFF
                }
                // A fill byte precedes something else.
                (Some(0xFF), Some(0xFF)) => {
                    self.at += 1;
                    continue;
                }
                (Some(0xFF), _) | (None, _) => {
                    self.ended = true;
                    return self;
                }
                (Some(byte), _) => {
                    self.at += 1;
                    *byte
                }
            };
            self.bits |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
        self
    }

    /// The next 12 bits.
    #[inline(always)]
    pub(super) fn window(&self) -> usize {
        (self.bits >> 52) as usize
    }

    /// Shows the next 12 bits again and again, at least once, until fewer than 32 are loaded. Each
    /// time, `take` says how many to pass over, at most 31, and whether to go on; or to stop.
    #[inline(always)]
    pub(super) fn while_loaded(&mut self, mut take: impl FnMut(usize) -> Option<(u32, bool)>) {
        let (mut bits, mut count) = (self.bits, self.count);
        while let Some((taken, goes_on)) = take((bits >> 52) as usize) {
            bits <<= taken & 31;
            count -= (taken & 31) as i32;
            if !goes_on || count < 32 {
                break;
            }
        }
        (self.bits, self.count) = (bits, count);
    }

    /// The next 16 bits.
    #[inline(always)]
    pub(super) fn code(&self) -> u32 {
        (self.bits >> 48) as u32
    }

    /// Passes over at most 31 bits.
    #[inline(always)]
    pub(super) fn consume(&mut self, count: u32) {
        self.bits <<= count & 31;
        self.count -= (count & 31) as i32;
    }

    /// Takes at most 16 bits as a number.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> u32 {
        // Two shifts, because one by 64 is none.
        let number = (self.bits >> 1 >> (63 - count)) as u32;
        self.consume(count);
        number
    }

    /// Takes a number of `size` bits in its signed form (§F.2.2.1): at most 15.
    #[inline(always)]
    pub(super) fn take_signed(&mut self, size: u32) -> i32 {
        signed(self.take(size) as i32, size)
    }

    /// Passes over any number of bits.
    pub(super) fn skip(&mut self, mut count: u32) {
        while count > 0 {
            self.refill();
            let some = count.min(31);
            self.consume(some);
            count -= some;
        }
    }

    /// Passes over the restart marker with this number, as libjpeg's `jpeg_resync_to_restart` does:
    /// one a little ahead means that data is lost, others were left over.
    pub(super) fn restart(&mut self, expected: u8) -> Restart {
        (self.bits, self.count, self.ended) = (0, 0, false);
        loop {
            let rest = self.source.get(self.at..).unwrap_or_default();
            let Some(start) = memchr::memchr(0xFF, rest) else {
                return Restart::End;
            };
            self.at += start;
            let Some(found) = rest.get(start + 1) else {
                return Restart::End;
            };
            match *found {
                0xFF => self.at += 1,
                marker::RST0..=marker::RST7 => {
                    match (found - marker::RST0).wrapping_sub(expected) & 7 {
                        1 | 2 => return Restart::Lost,
                        6 | 7 => self.at += 2,
                        _ => {
                            self.at += 2;
                            return Restart::Found;
                        }
                    }
                }
                marker::SOF0.. => return Restart::End,
                // Data, or a marker that means nothing.
                _ => self.at += 2,
            }
        }
    }
}

/// The signed form of a number of `size` bits.
#[inline]
pub(super) fn signed(number: i32, size: u32) -> i32 {
    let least = (1 << size) >> 1;
    if number < least {
        number - (1 << size) + 1
    } else {
        number
    }
}

/// Whether a byte of the word is 0xFF.
#[inline]
fn contains_ff(word: u64) -> bool {
    const ONES: u64 = 0x0101_0101_0101_0101;
    (!word).wrapping_sub(ONES) & word & (ONES << 7) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_bytes_give_the_same_bits() {
        let mut source: Vec<u8> = (0..200_u32).map(|number| (number * 37) as u8).collect();
        source.extend([0xFF, 0, 0xFF, 0xFF, 0, 1, 2, 3, 0xFF, 0xD9, 9]);
        let mut data: Vec<u8> = source[..200].to_vec();
        data.retain(|byte| *byte != 0xFF);
        source.splice(..200, data.iter().copied());
        data.extend([0xFF, 0xFF, 1, 2, 3]);
        let expect: Vec<u32> = data
            .iter()
            .flat_map(|byte| (0..8).rev().map(move |bit| u32::from(byte >> bit & 1)))
            .collect();
        for step in 1..=16_usize {
            let mut bits = Bits::new(&source, 0);
            for group in expect.chunks_exact(step) {
                bits.refill();
                let number = group.iter().fold(0, |number, bit| number << 1 | bit);
                assert_eq!(bits.take(step as u32), number);
                assert!(!bits.is_overdrawn());
            }
            bits.refill();
            bits.skip(expect.len() as u32 % step as u32);
            assert!(!bits.is_overdrawn());
            bits.skip(1);
            assert!(bits.is_overdrawn());
        }
    }

    #[test]
    fn signed_numbers() {
        let check = |byte: u8, size: u32, expect: i32| {
            let source = [byte];
            let mut bits = Bits::new(&source, 0);
            bits.refill();
            assert_eq!(bits.take_signed(size), expect);
        };
        check(0, 0, 0);
        check(0b1000_0000, 1, 1);
        check(0b0000_0000, 1, -1);
        check(0b0110_0000, 3, -4);
        check(0b1000_0000, 3, 4);
    }

    #[test]
    fn restart_markers_are_found_again() {
        let check = |source: &[u8], expected: u8, expect: Restart, position: usize| {
            let mut bits = Bits::new(source, 0);
            assert_eq!(bits.restart(expected), expect, "{source:02x?}");
            assert_eq!(bits.position(), position, "{source:02x?}");
        };
        check(&[0xFF, 0xD3, 1], 3, Restart::Found, 2);
        check(
            &[1, 0xFF, 0, 0xFF, 0x9F, 0xFF, 0xFF, 0xD3],
            3,
            Restart::Found,
            8,
        );
        check(&[0xFF, 0xD4, 1], 3, Restart::Lost, 0);
        check(&[0xFF, 0xD2, 0xFF, 0xD3], 3, Restart::Found, 4);
        check(&[0xFF, 0xD9], 3, Restart::End, 0);
        check(&[1, 2, 3], 3, Restart::End, 0);
        check(&[0xFF], 3, Restart::End, 0);
    }
}
