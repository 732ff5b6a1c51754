//! A limit on the work that a file may cause.
//!
//! Most of a file is skipped, or looked at once. A file that is made to be costly consists
//! of beginnings only: empty chunks, endless directories, names of one letter. So work is
//! counted, in units of about a nanosecond in WebAssembly, and compared with the number of
//! bytes that have passed. A file that causes more work than its bytes justify is refused
//! midway.
//!
//! Charges depend on the file alone, never on how it is split into pushes, and so does the
//! verdict: a walk charges for the parts it reaches and for what it does with them, once it
//! has all the bytes that it asked for. Asking again because a push ended early costs the
//! caller that pushes little at a time; an `Inspector` limits that to a few steps per push.

use super::window::length;

/// The units that each byte of the file pays for.
pub(super) const PER_BYTE: u64 = 12;

/// The units that a file may use beyond that, so that small files are never refused.
pub(super) const FREE: u64 = 65_536;

/// For each byte that passes: it is searched for a marker, a length or a CRC, and
/// returned.
const PASSED: u64 = 2;

/// For each byte that is written, such as a zero in place of another byte.
const MADE: u64 = 2;

/// For the header of each part of the container: a segment, chunk, block or box.
pub(super) const PART: u64 = 64;

/// For each replacement, which also splits the stored bytes.
const REPLACEMENT: u64 = 160;

/// More per byte than any strip costs: a limit on the work that a piece of metadata may
/// cause when it is read again, however much longer it was before it was edited.
const AGAIN: u64 = 24;

/// The work that a file has caused so far, and the bytes that have paid for it.
///
/// A stored file must be accepted if it is uploaded again, so it has an account of its own:
/// bytes that are left out do not pay for those that are stored.
#[derive(Debug, Default)]
pub(super) struct Meter {
    /// The account of all bytes received.
    whole: Account,
    /// The account of the bytes stored.
    stored: Account,
    /// Units for bytes that the walk has not passed yet.
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
    /// Charges for work that was done, or is about to be.
    pub(super) fn charge(&mut self, units: u64) {
        self.open = self.open.saturating_add(units);
    }

    /// Charges for something that is done `times` times, at `units` each.
    pub(super) fn charge_each(&mut self, times: usize, units: u64) {
        self.charge(length(times).saturating_mul(units));
    }

    /// The units for which no bytes have passed yet.
    #[cfg(test)]
    pub(super) fn open(&self) -> u64 {
        self.open
    }

    /// Charges for a replacement by this many bytes.
    pub(super) fn charge_made(&mut self, bytes: u64) {
        self.charge(bytes.saturating_mul(MADE).saturating_add(REPLACEMENT));
    }

    /// Advances the walk by `bytes` of the file, for which `stored` bytes are stored. No
    /// further work follows before they have arrived.
    pub(super) fn pass(&mut self, bytes: u64, stored: u64) {
        let units = std::mem::take(&mut self.open);
        self.whole.add(units, bytes);
        if stored > 0 {
            // An edited piece will be read again in its edited form.
            let again = stored.saturating_mul(AGAIN).saturating_add(PART);
            self.stored.add(units.min(again), stored);
        }
    }

    /// Whether there was more work than the bytes pay for.
    pub(super) fn is_overdrawn(&self) -> bool {
        self.whole.is_overdrawn() || self.stored.is_overdrawn()
    }

    /// The units of work for the bytes that have passed, and the number of those bytes.
    #[cfg(test)]
    pub(super) fn reading(&self) -> (u64, u64) {
        (self.whole.units, self.whole.bytes)
    }
}
