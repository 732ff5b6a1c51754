//! Scans of a band of AC, in progressive pictures (ITU T.81 G.1.2.2 and G.1.2.3). Each of
//! their units is a block.

use super::{Budget, Scan, high, low};
use crate::media::walk::jpeg::stream::{Short, Stream};

impl Scan {
    /// Reads codes to the end of the band in this block, or in several (G.1.2.2).
    pub(super) fn ac_first(
        &mut self,
        stream: &mut Stream<'_>,
        budget: &mut Budget,
    ) -> Option<Result<(), Short>> {
        let table = self.tables.first()?;
        // Copies that can stay in registers.
        let (mut local, mut next, mut found) = (*stream, self.next, self.found);
        let blocks = loop {
            let Ok((symbol, value)) = local.code(table, extra_of_band)? else {
                break 0;
            };
            match (high(symbol), low(symbol)) {
                (15, 0) => next = next.saturating_add(16),
                (run, 0) => break end_of_band(run, value)?,
                (run, _) => {
                    next = next.saturating_add(run);
                    (next <= self.band.1).then_some(())?;
                    found |= 1_u64.wrapping_shl(next.into());
                    next = next.saturating_add(1);
                }
            }
            if next > self.band.1 {
                break 1;
            }
        };
        (*stream, self.next, self.found) = (local, next, found);
        if blocks == 0 {
            return Some(Err(Short));
        }
        self.pass_blocks(blocks, budget)?;
        Some(Ok(()))
    }

    /// Reads codes, and the bits that they lead to, to the end of the band in this block, or
    /// in several (G.1.2.3).
    pub(super) fn ac_next(
        &mut self,
        stream: &mut Stream<'_>,
        budget: &mut Budget,
    ) -> Option<Result<(), Short>> {
        let (table, last) = (self.tables.first()?, self.band.1);
        // Copies that can stay in registers.
        let (mut local, mut next, mut found) = (*stream, self.next, self.found);
        let mut known = self.known & band(next, last);
        let (blocks, skip) = loop {
            let Ok((symbol, value)) = local.code(table, extra_of_band)? else {
                break (0, 0);
            };
            let skip = match (high(symbol), low(symbol)) {
                // A bit for each coefficient that is known in the rest of this block.
                (run @ 0..15, 0) => break (end_of_band(run, value)?, known.count_ones()),
                (run, 0 | 1) => {
                    let (at, passed) = land(next, last, known, run)?;
                    found |= u64::from(low(symbol)).wrapping_shl(at.into());
                    next = at.saturating_add(1);
                    known &= band(next, last);
                    passed
                }
                _ => return None,
            };
            let is_whole = next > last;
            let missing = local.pass(skip.into());
            if is_whole || missing > 0 {
                break (is_whole.into(), u32::try_from(missing).ok()?);
            }
        };
        (*stream, self.next, self.found) = (local, next, found);
        self.skip = skip.into();
        match blocks {
            0 => return Some(if skip > 0 { Ok(()) } else { Err(Short) }),
            1 => {}
            _ => {
                // The same in the other blocks.
                let others = usize::try_from(blocks).ok()?.checked_sub(1)?;
                let (start, all) = (self.place.checked_add(1)?, band(self.band.0, last));
                let (there, looks) = self.history.count(start, others, all);
                budget.looks = budget.looks.checked_sub(looks)?;
                self.skip = self.skip.saturating_add(there);
            }
        }
        self.pass_blocks(blocks, budget)?;
        Some(Ok(()))
    }

    /// Ends this many blocks of a scan of AC, each of which is a unit.
    pub(super) fn pass_blocks(&mut self, count: u64, budget: &mut Budget) -> Option<()> {
        self.pass_units(count)?;
        let found = std::mem::take(&mut self.found);
        self.history.add(self.place, found, &mut budget.pages)?;
        self.place = self.place.checked_add(usize::try_from(count).ok()?)?;
        self.next = self.band.0;
        self.known = self.history.get(self.place);
        Some(())
    }
}

/// Passes `run` coefficients that are zero from `next` on, and those that are known among
/// them. Returns the place of the one after, which is zero, and the number of those known.
fn land(next: u8, last: u8, mut known: u64, run: u8) -> Option<(u8, u32)> {
    let (mut next, mut zeros, mut passed) = (next, run, 0_u32);
    loop {
        let end = last.saturating_add(1);
        let stop = u8::try_from(known.trailing_zeros()).ok()?.min(end);
        let gap = stop.checked_sub(next)?;
        if zeros < gap {
            return Some((next.saturating_add(zeros), passed));
        }
        (stop < end).then_some(())?;
        zeros = zeros.saturating_sub(gap);
        next = stop.saturating_add(1);
        passed = passed.saturating_add(1);
        known &= known.wrapping_sub(1);
    }
}

/// The number of bits after a code of AC in a band: of a coefficient, or of the number of
/// blocks whose band ends.
fn extra_of_band(symbol: u8) -> u8 {
    match (high(symbol), low(symbol)) {
        (15, 0) => 0,
        (run, 0) => run,
        (_, length) => length,
    }
}

/// The number of blocks whose band ends, G.1.2.2.
fn end_of_band(run: u8, value: u32) -> Option<u64> {
    1_u64.checked_shl(run.into())?.checked_add(value.into())
}

/// The bits of the coefficients `first` to `last`.
fn band(first: u8, last: u8) -> u64 {
    let from = u64::MAX.wrapping_shl(first.into());
    let to = u64::MAX.wrapping_shr(63_u32.saturating_sub(last.into()));
    if first > last { 0 } else { from & to }
}
