//! How much work a file may be.
//!
//! Most of a file is passed over, or looked at once. A file that is made to be work has
//! nothing but beginnings: chunks of no length, directories without end, names of one
//! letter. So work is counted, in units of about a nanosecond in WebAssembly, and held
//! against the bytes that were passed. A file that is more work than so many bytes can be
//! is refused in its middle.
//!
//! What is charged follows from the file alone, never from how it is cut into pushes, and
//! so does the judgement: a walk charges for the parts it comes to and for what it does
//! with them, once it has all that it asked for. To be asked once more, because a push
//! ended early, costs whoever pushes so little at a time; an `Inspector` keeps that to a
//! few looks for each push.

use super::window::length;

/// The units that a byte of the file pays for.
pub(super) const PER_BYTE: u64 = 12;

/// The units that a file may take beyond that, so that a small one may be as it likes.
pub(super) const FREE: u64 = 65_536;

/// For each byte that is passed: it is looked at for a marker, a length or a CRC, and
/// given out.
const PASSED: u64 = 2;

/// For each byte that is made, such as a zero in the place of another.
const MADE: u64 = 2;

/// For a part of the container: a segment, chunk, block or box, as far as its header.
pub(super) const PART: u64 = 64;

/// For what is put in the place of something else, which cuts what is stored, too.
const PLACE: u64 = 160;

/// More than any strip takes for a byte: what the work on a piece of metadata can be once
/// more, however much longer it was before it was edited.
const AGAIN: u64 = 24;

/// The work that a file has been so far, and the bytes that have paid for it.
///
/// What is stored must be taken again, so it is held to the same by itself: bytes that
/// are left out do not pay for those that stay.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// Of all that came.
    whole: Account,
    /// Of what is stored.
    stored: Account,
    /// Units for what the walk has not passed yet.
    open: u64,
}

#[derive(Debug, Default)]
struct Account {
    units: u64,
    bytes: u64,
}

impl Account {
    fn add(&mut self, units: u64, bytes: u64) {
        let passed = bytes.saturating_mul(PASSED);
        self.units = self.units.saturating_add(units).saturating_add(passed);
        self.bytes = self.bytes.saturating_add(bytes);
    }

    fn is_overdrawn(&self) -> bool {
        self.units > FREE.saturating_add(self.bytes.saturating_mul(PER_BYTE))
    }
}

impl Meter {
    /// So many units of work were done, or are about to be.
    pub(super) fn charge(&mut self, units: u64) {
        self.open = self.open.saturating_add(units);
    }

    /// Something is done `times` times, each for so many units.
    pub(super) fn charge_each(&mut self, times: usize, units: u64) {
        self.charge(length(times).saturating_mul(units));
    }

    /// The units that nothing was passed for yet.
    #[cfg(test)]
    pub(super) fn open(&self) -> u64 {
        self.open
    }

    /// So many bytes are put in the place of others.
    pub(super) fn charge_made(&mut self, bytes: u64) {
        self.charge(bytes.saturating_mul(MADE).saturating_add(PLACE));
    }

    /// The walk goes on by so many bytes of the file, for which so many are stored. No
    /// work follows before they have come.
    pub(super) fn pass(&mut self, bytes: u64, stored: u64) {
        let units = std::mem::take(&mut self.open);
        self.whole.add(units, bytes);
        if stored > 0 {
            // What was edited is read again as what it has become.
            let again = stored.saturating_mul(AGAIN).saturating_add(PART);
            self.stored.add(units.min(again), stored);
        }
    }

    /// Whether it was more work than the bytes pay for.
    pub(super) fn is_overdrawn(&self) -> bool {
        self.whole.is_overdrawn() || self.stored.is_overdrawn()
    }

    /// The units of work for the bytes that were passed, and those.
    #[cfg(test)]
    pub(super) fn reading(&self) -> (u64, u64) {
        (self.whole.units, self.whole.bytes)
    }
}
