//! Scans of all coefficients, and of DC (ITU T.81 F.2.2 and G.1.2.1).

use super::{Scan, high, low};
use crate::media::walk::jpeg::huffman::{Runs, Table};
use crate::media::walk::jpeg::stream::{Short, Stream};

impl Scan {
    /// The end of a block in a scan of all coefficients, or of DC.
    fn end_block(&mut self) -> Option<()> {
        self.next = 0;
        self.block = self.block.saturating_add(1);
        if self.block >= self.plan.len() {
            self.block = 0;
            self.pass_units(1)?;
        }
        Some(())
    }

    /// Reads a unit (F.2.2).
    pub(super) fn sequential(&mut self, stream: &mut Stream<'_>) -> Option<Result<(), Short>> {
        let unit = self.left;
        while self.left == unit {
            let [dc, ac] = *self.plan.get(self.block)?;
            if self.next == 0 {
                if dc_code(stream, self.tables.get(dc)?)?.is_err() {
                    return Some(Err(Short));
                }
                self.next = 1;
            }
            let (table, runs) = (self.tables.get(ac)?, self.runs.get(ac)?.as_ref()?);
            let (next, read) = ac_codes(stream, table, runs, self.next)?;
            self.next = next;
            if read.is_err() {
                return Some(Err(Short));
            }
            (self.next == 64).then_some(())?;
            self.end_block()?;
        }
        Some(Ok(()))
    }

    /// Reads a block (G.1.2.1).
    pub(super) fn dc_first(&mut self, stream: &mut Stream<'_>) -> Option<Result<(), Short>> {
        let [dc, _] = *self.plan.get(self.block)?;
        let read = dc_code(stream, self.tables.get(dc)?)?;
        if read.is_ok() {
            self.end_block()?;
        }
        Some(read)
    }
}

/// Reads a code of DC, and the bits after it.
fn dc_code(stream: &mut Stream<'_>, table: &Table) -> Option<Result<(), Short>> {
    match stream.code(table, |length| length.min(16))? {
        Ok((0..16, _)) => Some(Ok(())),
        Ok(_) => None,
        Err(Short) => Some(Err(Short)),
    }
}

/// Reads the codes of AC from the coefficient `next` on. Returns the coefficient after them.
fn ac_codes(
    stream: &mut Stream<'_>,
    table: &Table,
    runs: &Runs,
    mut next: u8,
) -> Option<(u8, Result<(), Short>)> {
    // A copy that can stay in registers.
    let mut local = *stream;
    let mut read = Ok(());
    while next < 64 {
        if let Some(after) = local.run(runs, next) {
            next = after;
            continue;
        }
        match local.code(table, low)? {
            Ok((0xF0, _)) => next = next.wrapping_add(16),
            Ok((symbol, _)) if low(symbol) == 0 => next = 64,
            Ok((symbol, _)) => next = next.wrapping_add(high(symbol)).wrapping_add(1),
            Err(short) => {
                read = Err(short);
                break;
            }
        }
    }
    *stream = local;
    Some((next, read))
}
