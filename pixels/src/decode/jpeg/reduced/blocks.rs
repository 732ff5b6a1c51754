//! Decodes the coefficients of a block that a reduced picture needs: one (the mean) for 1/8, four
//! for 1/4, which has two by two samples of each block.

use super::bits::Bits;
use super::huffman::{Code, Skipper};

/// The coefficients of a block that are kept, at the places 0, 1, 2 and 4 of the zigzag order. The
/// last one kept is at this place.
pub(super) const LAST: u32 = 4;

/// The index of a kept coefficient by its place in the zigzag order.
const KEPT: [Option<usize>; LAST as usize + 1] = [Some(0), Some(1), Some(2), None, Some(3)];

fn kept(block: &mut [i16], place: u32) -> Option<&mut i16> {
    let index = (*KEPT.get(place as usize)?)?;
    block.get_mut(index)
}

/// Takes the difference of a block's mean from the one before, and adds it.
#[inline]
fn mean(bits: &mut Bits<'_>, code: &Code, prediction: &mut i32) -> i32 {
    bits.refill();
    let size = u32::from(code.take(bits) & 15);
    *prediction = prediction.wrapping_add(bits.take_signed(size));
    *prediction
}

/// A block of a sequential scan (§F.2.2).
#[inline]
pub(super) fn sequential<const KEEP: usize>(
    bits: &mut Bits<'_>,
    dc: &Code,
    (ac, skipper): (&Code, &Skipper),
    prediction: &mut i32,
    block: &mut [i16],
) {
    block[0] = mean(bits, dc, prediction) as i16;
    let mut next = 1;
    if KEEP > 1 {
        while next <= LAST {
            bits.refill();
            let symbol = ac.take(bits);
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            match (run, size) {
                (15, 0) => next += 16,
                (_, 0) => return,
                _ => {
                    next += run;
                    let value = bits.take_signed(size);
                    if let Some(place) = kept(block, next) {
                        *place = value as i16;
                    }
                    next += 1;
                }
            }
        }
    }
    skipper.skip(ac, bits, next);
}

/// The mean of a block, in the first scan of a progressive picture that has it (§G.1.2.1).
#[inline]
pub(super) fn first_mean(
    bits: &mut Bits<'_>,
    dc: &Code,
    low: u32,
    prediction: &mut i32,
    block: &mut [i16],
) {
    block[0] = (mean(bits, dc, prediction) << low) as i16;
}

/// One more bit of the mean.
#[inline]
pub(super) fn refine_mean(bits: &mut Bits<'_>, low: u32, block: &mut [i16]) {
    bits.refill();
    if bits.take(1) == 1 {
        block[0] |= 1 << low;
    }
}

/// A scan of other coefficients of a progressive picture.
pub(super) struct Band<'a> {
    pub(super) ac: &'a Code,
    /// The first and the last place in the zigzag order.
    pub(super) first: u32,
    pub(super) last: u32,
    /// The position of the lowest bit that the scan has.
    pub(super) low: u32,
    /// So many blocks have no further symbols.
    pub(super) ended_blocks: u32,
}

impl Band<'_> {
    /// A block of the first scan that has these coefficients (§G.1.2.2). `nonzero` has a bit for
    /// each place whose coefficient is not 0.
    #[inline]
    pub(super) fn first(&mut self, bits: &mut Bits<'_>, block: &mut [i16], nonzero: &mut u64) {
        if self.ended_blocks > 0 {
            self.ended_blocks -= 1;
            return;
        }
        let mut next = self.first;
        while next <= self.last {
            bits.refill();
            let symbol = self.ac.take(bits);
            let (run, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
            match (run, size) {
                (15, 0) => next += 16,
                (_, 0) => {
                    self.ended_blocks = (1 << run) - 1 + bits.take(run);
                    return;
                }
                _ => {
                    next += run;
                    let value = bits.take_signed(size) << self.low;
                    if next > self.last {
                        return;
                    }
                    *nonzero |= 1 << next;
                    if let Some(place) = kept(block, next) {
                        *place = value as i16;
                    }
                    next += 1;
                }
            }
        }
    }

    /// A block of a scan that has one more bit of these coefficients (§G.1.2.3).
    #[inline]
    pub(super) fn refine(&mut self, bits: &mut Bits<'_>, block: &mut [i16], nonzero: &mut u64) {
        let mut next = self.first;
        while self.ended_blocks == 0 && next <= self.last {
            bits.refill();
            let symbol = self.ac.take(bits);
            let (run, size) = (u32::from(symbol >> 4), symbol & 15);
            if size == 0 && run < 15 {
                self.ended_blocks = (1 << run) + bits.take(run);
                break;
            }
            let value = if size == 0 {
                0
            } else if bits.take(1) == 1 {
                1 << self.low
            } else {
                -1 << self.low
            };
            // The new coefficient is behind `run` zeros; those between them that are not 0 have
            // a bit each.
            let mut zeros = !*nonzero & places(next, self.last + 1);
            for _ in 0..run {
                zeros &= zeros.wrapping_sub(1);
            }
            let place = zeros.trailing_zeros().min(self.last + 1);
            self.correct(bits, block, *nonzero & places(next, place));
            if value != 0 && place <= self.last {
                *nonzero |= 1 << place;
                if let Some(coefficient) = kept(block, place) {
                    *coefficient = value;
                }
            }
            next = place + 1;
        }
        if self.ended_blocks > 0 {
            self.correct(bits, block, *nonzero & places(next, self.last + 1));
            self.ended_blocks -= 1;
        }
    }

    /// Takes a bit for each of these places.
    #[inline]
    fn correct(&self, bits: &mut Bits<'_>, block: &mut [i16], mut set: u64) {
        let bit = 1_i16 << self.low;
        while set & places(0, LAST + 1) != 0 {
            let place = set.trailing_zeros();
            set &= set - 1;
            bits.refill();
            let grows = bits.take(1) == 1;
            if let Some(coefficient) =
                kept(block, place).filter(|value| grows && **value & bit == 0)
            {
                let away = if *coefficient < 0 { -bit } else { bit };
                *coefficient = coefficient.wrapping_add(away);
            }
        }
        bits.skip(set.count_ones());
    }
}

/// A bit for each place from `first` up to `end`, without it.
#[inline]
fn places(first: u32, end: u32) -> u64 {
    let below = |place: u32| {
        if place >= 64 {
            u64::MAX
        } else {
            (1 << place) - 1
        }
    };
    below(end) & !below(first)
}
