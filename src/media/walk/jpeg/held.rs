//! Segments that are held back until all parts of an extended XMP packet are there.

use super::markers::APP1;
use crate::media::meter::Meter;
use crate::media::strip::jpeg::extended::{self, Parts};
use crate::media::walk::{Found, Step, length};

/// What is stored of the segments from the first that contains a part of a packet up to
/// anything but metadata. Other metadata may come between the parts.
#[derive(Debug, Default)]
pub(super) struct Held {
    bytes: Vec<u8>,
    parts: Parts,
}

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// Holds back what a step over a segment stores, if it is or follows a part of a packet.
    /// No more is held than a piece of metadata may have.
    pub(super) fn hold(&mut self, step: Step, window: &[u8], found: &mut Found) -> Step {
        let count = step.advance();
        let passed = usize::try_from(count)
            .ok()
            .and_then(|end| window.get(..end));
        let Some(passed @ [_, ..]) = passed else {
            return step;
        };
        let fits = |bytes: usize| found.check_metadata(length(bytes)).is_ok();
        let content = match passed {
            [0xFF, APP1, _, _, content @ ..] => content,
            _ => &[],
        };
        let part_of = extended::packet_of_part(content);
        if self.is_empty() && !part_of.is_some_and(fits) {
            return step;
        }
        let stored = match &step {
            Step::Keep(_) => passed,
            Step::Replace(_, bytes) => bytes,
            _ => &[],
        };
        let end = self.bytes.len().saturating_add(stored.len());
        if !fits(end) {
            let mut bytes = self.release(found.meter());
            bytes.extend_from_slice(stored);
            return Step::Replace(count, bytes);
        }
        self.bytes.extend_from_slice(stored);
        if part_of.is_some() {
            self.parts.note(content, end);
        }
        Step::Drop(count)
    }

    /// Everything that is held, without what describes appended data.
    pub(super) fn release(&mut self, meter: &mut Meter) -> Vec<u8> {
        let Self { mut bytes, parts } = std::mem::take(self);
        parts.remove_index(&mut bytes, meter);
        bytes
    }

    /// The number of bytes that are held.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.bytes.capacity()
    }
}
