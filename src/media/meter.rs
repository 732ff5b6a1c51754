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

/// The work that a file has been so far, and the bytes that have paid for it.
#[derive(Debug, Default)]
pub(super) struct Meter {
    spent: u64,
    passed: u64,
}

impl Meter {
    /// So many units of work were done, or are about to be.
    pub(super) fn charge(&mut self, units: u64) {
        self.spent = self.spent.saturating_add(units);
    }

    /// Something is done `times` times, each for so many units.
    pub(super) fn charge_each(&mut self, times: usize, units: u64) {
        self.charge(super::window::length(times).saturating_mul(units));
    }

    /// The walk goes on by so many bytes of the file, in whose place it puts others if
    /// `made` says how many. No work follows before they have come.
    pub(super) fn pass(&mut self, bytes: u64, made: Option<u64>) {
        self.passed = self.passed.saturating_add(bytes);
        self.charge(bytes.saturating_mul(PASSED));
        if let Some(made) = made {
            self.charge(PLACE.saturating_add(made.saturating_mul(MADE)));
        }
    }

    /// Whether it was more work than the bytes pay for.
    pub(super) fn is_overdrawn(&self) -> bool {
        self.spent > FREE.saturating_add(self.passed.saturating_mul(PER_BYTE))
    }

    /// The units of work so far, and the bytes that were passed.
    #[cfg(test)]
    pub(super) fn reading(&self) -> (u64, u64) {
        (self.spent, self.passed)
    }
}
