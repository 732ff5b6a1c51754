//! A scan: its head, and the order of its blocks (ITU-T T.81 §B.2.3 and §A.2).

use super::bits::{Bits, Restart};
use super::grid::{Block, Grid};
use crate::decode::jpeg::header::{Header, Process};
use crate::decode::reader::Reader;
use crate::{Error, Pause};

/// The head of a scan.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) components: Vec<Selection>,
    /// The first and the last coefficient in the zigzag order.
    pub(super) first: u32,
    pub(super) last: u32,
    /// The bit position of the scan before, or 0 if this is the first; and of this scan.
    pub(super) high: u32,
    pub(super) low: u32,
}

/// A component of a scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Selection {
    /// The index of the component in the frame header.
    pub(super) component: usize,
    /// The numbers of its tables, 0 to 3.
    pub(super) dc: usize,
    pub(super) ac: usize,
}

impl Scan {
    pub(super) fn read(content: &[u8], header: &Header) -> Result<Self, Error> {
        let invalid = || Error::undecodable("the head of a scan is invalid");
        let mut reader = Reader::new(content);
        let count = reader.u8().ok_or_else(invalid)?;
        let mut components: Vec<Selection> = Vec::new();
        for _ in 0..count {
            let [id, tables] = reader.array().ok_or_else(invalid)?;
            let mut known = header.components.iter();
            let component = known
                .position(|component| component.id == id)
                .ok_or_else(invalid)?;
            let (dc, ac) = (usize::from(tables >> 4), usize::from(tables & 15));
            if dc > 3 || ac > 3 || components.iter().any(|other| other.component == component) {
                return Err(invalid());
            }
            components.push(Selection { component, dc, ac });
        }
        let [first, last, bits] = reader.array().ok_or_else(invalid)?;
        let scan = Self {
            components,
            first: first.into(),
            last: last.into(),
            high: u32::from(bits >> 4),
            low: u32::from(bits & 15),
        };
        let valid = match (header.process, scan.first) {
            // Sequential scans have all coefficients, whatever their head says.
            (Process::Sequential, _) => true,
            // The mean has scans of its own, and other coefficients have one for each component.
            (_, 0) => scan.last == 0 && scan.low <= 13,
            (_, first) => first <= scan.last && scan.last < 64 && scan.low <= 13 && count == 1,
        };
        if scan.components.is_empty() || !valid {
            return Err(invalid());
        }
        Ok(scan)
    }
}

/// Decodes the blocks of a scan.
pub(super) trait Blocks {
    /// Decodes a block of a component, by its index in the scan.
    fn block(&mut self, bits: &mut Bits<'_>, component: usize, block: Block);

    /// Forgets what came before, at the beginning of an interval.
    fn reset(&mut self);
}

/// Visits the blocks of a scan in their order, down to the last row that is kept, and passes over
/// restart markers. Where data is missing, blocks are left as they are. Returns the number of units
/// (§A.2.2) that were there.
pub(super) fn visit(
    bits: &mut Bits<'_>,
    scan: &Scan,
    grid: &Grid,
    interval: u32,
    pause: &dyn Pause,
    blocks: &mut impl Blocks,
) -> u64 {
    let (columns, rows) = grid.units(scan);
    let rows = rows.min(grid.last_row(scan));
    let mut state = Interval {
        length: interval,
        left: interval,
        next: 0,
        lost: false,
    };
    let mut done = 0;
    for y in 0..rows {
        for x in 0..columns {
            if state.is_over() && !state.restart(bits, blocks) {
                return done;
            }
            if state.lost {
                continue;
            }
            match scan.components[..] {
                // A single component has a block per unit.
                [only] => blocks.block(bits, 0, grid.block(only.component, x, y)),
                _ => grid.each_block(scan, x, y, |component, block| {
                    blocks.block(bits, component, block)
                }),
            }
            if bits.is_overdrawn() {
                if interval == 0 {
                    return done;
                }
                state.lost = true;
            } else {
                done += 1;
            }
        }
        pause.pause();
    }
    done
}

/// What is left of the interval between two restart markers.
struct Interval {
    /// Units in an interval; 0 if there are no markers.
    length: u32,
    left: u32,
    /// The number of the next marker.
    next: u8,
    /// Whether the rest of the interval is missing.
    lost: bool,
}

impl Interval {
    /// Counts a unit. Whether a marker precedes it.
    fn is_over(&mut self) -> bool {
        if self.length == 0 {
            return false;
        }
        match self.left.checked_sub(1) {
            Some(left) => {
                self.left = left;
                false
            }
            None => {
                self.left = self.length - 1;
                true
            }
        }
    }

    /// Whether the scan goes on after the marker.
    fn restart(&mut self, bits: &mut Bits<'_>, blocks: &mut impl Blocks) -> bool {
        let found = bits.restart(self.next);
        self.next = (self.next + 1) & 7;
        self.lost = found == Restart::Lost;
        blocks.reset();
        found != Restart::End
    }
}
