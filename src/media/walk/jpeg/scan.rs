//! The entropy-coded data of one scan (ITU T.81 F.2.2, G.1.2, G.2), followed to its last block.
//!
//! Codes are counted, not decoded: no coefficient is computed. What damage does to the
//! pixels does not matter here, only whether the data of every block is there.

mod bands;
mod blocks;

use super::history::History;
use super::huffman::{Runs, Table};
use super::stream::{Bits, Short, Stream};

/// How a scan codes its blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// All coefficients of a block, one after the other.
    Sequential,
    /// The first bits of DC.
    DcFirst,
    /// One more bit of DC.
    DcNext,
    /// The first bits of a band of AC.
    AcFirst,
    /// One more bit of a band of AC.
    AcNext,
}

/// The size of a scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Extent {
    /// The number of units that it codes (MCU, A.2).
    pub(super) units: u64,
    /// The number of units between two restarts; 0 if there are none.
    pub(super) interval: u64,
    /// The band of coefficients: the first and the last.
    pub(super) band: (u8, u8),
}

/// A scan whose data is being followed.
#[derive(Debug)]
pub(super) struct Scan {
    coding: Coding,
    /// For each block of a unit, the tables of DC and of AC, as far as they are used.
    plan: Vec<[usize; 2]>,
    tables: Vec<Table>,
    /// Of the tables of AC in a sequential scan.
    runs: Vec<Option<Runs>>,
    band: (u8, u8),
    /// The number of units that are left, and of those that are left before a restart.
    left: u64,
    interval: u64,
    until_restart: u64,
    /// Whether a restart comes next, and its number.
    restarts: bool,
    restart: u8,
    bits: Bits,
    /// The number of bits to pass before the next code.
    skip: u64,
    /// The current block in its unit, and its next coefficient.
    block: usize,
    next: u8,
    /// The number of the current block in its component, and those of its coefficients that
    /// earlier scans left different from zero.
    place: usize,
    known: u64,
    /// Those that this scan finds in the block.
    found: u64,
    /// What earlier scans of the component found, if the band is one of AC.
    pub(super) history: History,
}

/// What follows the bytes that were shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// More of the scan.
    More,
    /// The scan ended after this many of them.
    Ended(usize),
    /// They are not the data of the scan, or it would be too much work to follow them.
    Lost,
}

/// Why the reading of codes pauses.
#[derive(Debug, PartialEq, Eq)]
enum Pause {
    Short,
    Restart,
    End,
}

/// The limits of the work on a whole picture.
#[derive(Debug)]
pub(super) struct Budget {
    /// The number of pages of history.
    pub(super) pages: usize,
    /// The number of looks at a block's history that no bits pay for.
    pub(super) looks: u64,
}

impl Scan {
    pub(super) fn new(
        coding: Coding,
        plan: Vec<[usize; 2]>,
        tables: Vec<Table>,
        extent: Extent,
        history: History,
    ) -> Self {
        let Extent {
            units,
            interval,
            band,
        } = extent;
        let of_ac = |index: usize| plan.iter().any(|[_, ac]| *ac == index);
        let runs = tables.iter().enumerate().map(|(index, table)| {
            let is_used = coding == Coding::Sequential && of_ac(index);
            is_used.then(|| Runs::new(table))
        });
        let runs = runs.collect();
        let mut scan = Self {
            coding,
            runs,
            plan,
            tables,
            band,
            left: units,
            interval,
            until_restart: interval,
            restarts: false,
            restart: 0,
            bits: Bits::default(),
            skip: 0,
            block: 0,
            next: band.0,
            place: 0,
            known: history.get(0),
            found: 0,
            history,
        };
        scan.reserve();
        scan
    }

    /// Follows the next bytes, which end with a byte of data or with a restart marker.
    pub(super) fn follow(&mut self, data: &[u8], budget: &mut Budget) -> Reach {
        let mut stream = Stream::new(self.bits, data);
        let reach = self.follow_stream(&mut stream, budget);
        let (bits, rest) = stream.rest();
        self.bits = bits;
        match reach {
            None => Reach::Lost,
            Some(Pause::Short) if rest.is_empty() => Reach::More,
            // The data ends at a marker.
            Some(Pause::Short | Pause::Restart) => Reach::Lost,
            Some(Pause::End) => {
                let read = data.len().saturating_sub(rest.len());
                end(data.get(..read).unwrap_or_default(), stream.ahead())
            }
        }
    }

    fn follow_stream(&mut self, stream: &mut Stream<'_>, budget: &mut Budget) -> Option<Pause> {
        loop {
            if !self.restarts {
                let pause = self.read(stream, budget)?;
                if pause != Pause::Restart {
                    return Some(pause);
                }
                // Less than a byte of padding.
                (stream.ahead() == 0).then_some(())?;
                self.restarts = true;
            }
            let (_, mut rest) = stream.rest();
            while let [0xFF, 0xFF, ..] = rest {
                rest = rest.get(1..)?;
            }
            match rest {
                // A last FF is fill, or the marker would be here too.
                [] | [0xFF] => {
                    stream.restart(&[]);
                    return Some(Pause::Short);
                }
                [0xFF, number, after @ ..] if *number == 0xD0 | self.restart => {
                    stream.restart(after);
                    self.restart = self.restart.wrapping_add(1) & 7;
                    self.restarts = false;
                    self.until_restart = self.interval;
                    self.reserve();
                }
                _ => return None,
            }
        }
    }

    /// In a scan of single bits, plans to pass all those up to the next restart.
    fn reserve(&mut self) {
        if self.coding == Coding::DcNext {
            let blocks = u64::try_from(self.plan.len()).unwrap_or(u64::MAX);
            self.skip = self.stretch().saturating_mul(blocks);
        }
    }

    /// The number of units up to the next restart or the end.
    fn stretch(&self) -> u64 {
        match self.interval {
            0 => self.left,
            _ => self.left.min(self.until_restart),
        }
    }

    /// Reads codes until there are too few bits, or the end of a stretch. `None` if they do
    /// not belong to the scan.
    fn read(&mut self, stream: &mut Stream<'_>, budget: &mut Budget) -> Option<Pause> {
        loop {
            self.skip = stream.pass(self.skip);
            if self.skip > 0 {
                return Some(Pause::Short);
            }
            if self.left == 0 {
                return Some(Pause::End);
            }
            if self.interval > 0 && self.until_restart == 0 {
                return Some(Pause::Restart);
            }
            let read = match self.coding {
                Coding::Sequential => self.sequential(stream)?,
                Coding::DcFirst => self.dc_first(stream)?,
                Coding::DcNext => Ok(self.pass_units(self.stretch())?),
                Coding::AcFirst => self.ac_first(stream, budget)?,
                Coding::AcNext => self.ac_next(stream, budget)?,
            };
            if read == Err(Short) {
                return Some(Pause::Short);
            }
        }
    }

    /// Ends this many units.
    fn pass_units(&mut self, count: u64) -> Option<()> {
        self.left = self.left.checked_sub(count)?;
        if self.interval > 0 {
            self.until_restart = self.until_restart.checked_sub(count)?;
        }
        Some(())
    }
}

/// The end of a scan whose data was taken up to the end of `taken`, but the last `ahead` bytes
/// of it were not read. All of these are in `taken`, or the end would have been found before.
fn end(taken: &[u8], ahead: u32) -> Reach {
    let mut used = taken;
    for _ in 0..ahead {
        used = match used {
            [used @ .., 0xFF, 0] | [used @ .., _] => used,
            [] => return Reach::Lost,
        };
    }
    Reach::Ended(used.len())
}

fn high(symbol: u8) -> u8 {
    symbol >> 4
}

fn low(symbol: u8) -> u8 {
    symbol & 15
}
