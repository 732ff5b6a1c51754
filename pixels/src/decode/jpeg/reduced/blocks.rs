//! Decodes the coefficients of a block that a picture needs: one (the mean) for 1/8, those of the
//! lowest two, three or four frequencies in each direction for 1/4, 3/8 and 1/2, and all for the whole picture.

use super::bits::Bits;
use super::huffman::{Code, Lookups};

/// Which coefficients of a block are kept.
#[derive(Debug)]
pub(super) struct Places {
    /// The place of the last one in the zigzag order.
    last: u32,
    /// By the place in the zigzag order, the index among those that are kept, by rows; or `NONE`.
    indices: [u8; 64],
}

const NONE: u8 = u8::MAX;

/// The row and the column of each place in the zigzag order (ITU-T T.81 figure 5).
const ZIGZAG: [[u8; 2]; 64] = zigzag();

const fn zigzag() -> [[u8; 2]; 64] {
    let mut order = [[0; 2]; 64];
    let (mut row, mut column) = (0_u8, 0_u8);
    let mut place = 0;
    while place < 64 {
        order[place] = [row, column];
        let up = (row + column).is_multiple_of(2);
        match (up, row, column) {
            (true, _, 7) | (false, 0..7, 0) => row += 1,
            (true, 0, _) | (false, 7, _) => column += 1,
            (true, ..) => (row, column) = (row - 1, column + 1),
            (false, ..) => (row, column) = (row + 1, column - 1),
        }
        place += 1;
    }
    order
}

impl Places {
    /// The lowest `frequencies` in each direction: 1, 2, 3, 4 or 8.
    const fn new(frequencies: u8) -> Self {
        let mut places = Self {
            last: 0,
            indices: [NONE; 64],
        };
        let mut place = 0;
        while place < ZIGZAG.len() {
            let [row, column] = ZIGZAG[place];
            if row < frequencies && column < frequencies {
                places.last = place as u32;
                places.indices[place] = row * frequencies + column;
            }
            place += 1;
        }
        places
    }

    /// Those of so many coefficients: 1, 4, 9, 16 or 64.
    pub(super) const fn of(kept: usize) -> &'static Self {
        const ONE: Places = Places::new(1);
        const TWO: Places = Places::new(2);
        const THREE: Places = Places::new(3);
        const FOUR: Places = Places::new(4);
        const ALL: Places = Places::new(8);
        match kept {
            1 => &ONE,
            4 => &TWO,
            9 => &THREE,
            16 => &FOUR,
            _ => &ALL,
        }
    }

    /// The coefficient at a place, if it is kept.
    #[inline]
    fn kept<'a>(&self, block: &'a mut [i16], place: u32) -> Option<&'a mut i16> {
        block.get_mut(usize::from(*self.indices.get(place as usize)?))
    }
}

/// Takes the difference of a block's mean from the one before, and adds it.
#[inline(always)]
fn mean(bits: &mut Bits<'_>, code: &Code, prediction: &mut i32) -> i32 {
    bits.refill();
    let size = u32::from(code.take(bits) & 15);
    *prediction = prediction.wrapping_add(bits.take_signed(size));
    *prediction
}

/// A block of a sequential scan (§F.2.2).
#[inline]
pub(super) fn sequential<const KEEP: usize>(
    shared: &mut Bits<'_>,
    dc: &Code,
    (ac, lookups): (&Code, &Lookups),
    prediction: &mut i32,
    block: &mut [i16],
) {
    // A copy that nothing refers to can be in registers.
    let mut bits = *shared;
    block[0] = mean(&mut bits, dc, prediction) as i16;
    let places = const { Places::of(KEEP) };
    let mut next = 1;
    if KEEP > 1 {
        while next <= places.last {
            bits.refill();
            let (run, value) = lookups.values.take(ac, &mut bits);
            match (run, value) {
                (15, 0) => next += 16,
                (_, 0) => {
                    *shared = bits;
                    return;
                }
                _ => {
                    next += run;
                    if let Some(place) = places.kept(block, next) {
                        *place = value;
                    }
                    next += 1;
                }
            }
        }
    }
    lookups.skipper.skip(ac, &mut bits, next);
    *shared = bits;
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
    pub(super) places: &'static Places,
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
                    if let Some(place) = self.places.kept(block, next) {
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
            let mut zeros = !*nonzero & span(next, self.last + 1);
            for _ in 0..run {
                zeros &= zeros.wrapping_sub(1);
            }
            let place = zeros.trailing_zeros().min(self.last + 1);
            self.correct(bits, block, *nonzero & span(next, place));
            if value != 0 && place <= self.last {
                *nonzero |= 1 << place;
                if let Some(coefficient) = self.places.kept(block, place) {
                    *coefficient = value;
                }
            }
            next = place + 1;
        }
        if self.ended_blocks > 0 {
            self.correct(bits, block, *nonzero & span(next, self.last + 1));
            self.ended_blocks -= 1;
        }
    }

    /// Takes a bit for each of these places.
    #[inline]
    fn correct(&self, bits: &mut Bits<'_>, block: &mut [i16], mut set: u64) {
        let bit = 1_i16 << self.low;
        while set & span(0, self.places.last + 1) != 0 {
            let place = set.trailing_zeros();
            set &= set - 1;
            bits.refill();
            let grows = bits.take(1) == 1;
            if let Some(coefficient) = self
                .places
                .kept(block, place)
                .filter(|value| grows && **value & bit == 0)
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
fn span(first: u32, end: u32) -> u64 {
    let below = |place: u32| {
        if place >= 64 {
            u64::MAX
        } else {
            (1 << place) - 1
        }
    };
    below(end) & !below(first)
}

/// The quantization steps by rows, of steps in the zigzag order.
pub(super) fn by_rows(steps: &[u16; 64]) -> [i32; 64] {
    let mut rows = [0; 64];
    for (step, [row, column]) in steps.iter().zip(ZIGZAG) {
        rows[usize::from(row) * 8 + usize::from(column)] = i32::from(*step);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_zigzag_visits_every_place_once() {
        let mut places: Vec<[u8; 2]> = ZIGZAG.to_vec();
        assert_eq!(
            places[..7],
            [[0, 0], [0, 1], [1, 0], [2, 0], [1, 1], [0, 2], [0, 3]]
        );
        assert_eq!(places[35..37], [[7, 0], [7, 1]]);
        assert_eq!(places[61..], [[6, 7], [7, 6], [7, 7]]);
        places.sort_unstable();
        places.dedup();
        assert_eq!(places.len(), 64);
        assert_eq!(Places::of(4).last, 4);
        assert_eq!(Places::of(9).last, 12);
        assert_eq!(Places::of(16).last, 24);
    }
}
