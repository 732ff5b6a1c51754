//! What follows the last scan of a JPEG.

use super::markers::{EOI, next_marker};
use super::{Jpeg, Position};
use crate::media::MediaError;
use crate::media::walk::{Found, Step, length};

/// The maximum number of bytes after the last scan in which EOI is looked for.
const LOOK: usize = 64 * 1024;

/// Bytes after the last scan that may or may not be part of the image.
#[derive(Debug, Default)]
pub(super) struct Stray {
    count: usize,
    /// Whether there is anything but fill among them.
    has_data: bool,
    /// The bytes, if they are stored in case they are part of it.
    kept: Vec<u8>,
}

impl Stray {
    fn add(&mut self, bytes: &[u8], keeps: bool) {
        self.count = self.count.saturating_add(bytes.len());
        self.has_data |= bytes.iter().any(|byte| *byte != 0xFF);
        if keeps {
            self.kept.extend_from_slice(bytes);
        }
    }

    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.kept.capacity()
    }

    fn is_fill(&self) -> bool {
        !self.has_data
    }
}

impl Jpeg {
    /// Looks for the end after the last scan. EOI may follow, after stray bytes or segments.
    /// Anything else is not part of the image, but a camera's note in place of EOI, or
    /// another image.
    pub(super) fn after_picture(
        &mut self,
        window: &[u8],
        found: &mut Found,
    ) -> Result<Step, MediaError> {
        let (passed, marker) = next_marker(window);
        let passed = passed.min(LOOK.saturating_sub(self.stray.count));
        match marker {
            _ if self.stray.count == LOOK => Ok(self.end()),
            _ if passed > 0 => {
                let stray = window.get(..passed).unwrap_or_default();
                self.stray.add(stray, found.strip().is_none());
                found.set_trailing(self.stray.count);
                Ok(Step::Drop(length(passed)))
            }
            None => Ok(Step::Need(2)),
            Some(EOI) if self.stray.count == 0 => Ok(Step::Done(2)),
            Some(marker) if self.stray.count == 0 => match self.marker(marker, window, found) {
                Err(MediaError::Malformed { .. }) => Ok(self.end()),
                step => step,
            },
            Some(marker) if marker == EOI || self.stray.is_fill() => {
                // They are part of the image.
                found.set_trailing(0);
                Ok(Step::Replace(0, std::mem::take(&mut self.stray).kept))
            }
            Some(_) => Ok(self.end()),
        }
    }

    /// Ends the image with the last scan.
    fn end(&mut self) -> Step {
        self.at = Position::End;
        Step::Replace(0, vec![0xFF, EOI])
    }
}
