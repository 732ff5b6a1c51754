//! What the first bytes of a file say: an upload that will be refused is refused at once.

use bytes::Bytes;

use super::{Declared, Service, UploadError, UploadTerms};
use crate::media::Inspector;

/// How many of the first bytes are judged: enough for the type of every file, and for the
/// dimensions of most.
pub(super) const HEAD_BYTES: u64 = 64 << 10;

/// Judges the first bytes of a file, from the beginning of the file.
pub(super) struct Judge {
    inspector: Inspector,
    seen: u64,
}

impl Judge {
    pub(super) fn new(service: &Service, terms: &UploadTerms) -> Self {
        Self {
            inspector: Inspector::new(service.policy(terms)),
            seen: 0,
        }
    }

    /// Takes the next bytes. Returns whether there is nothing more to judge.
    pub(super) fn take(
        &mut self,
        service: &Service,
        bytes: &Bytes,
        declared: &Declared,
        terms: &UploadTerms,
    ) -> Result<bool, UploadError> {
        let left = usize::try_from(HEAD_BYTES.saturating_sub(self.seen)).unwrap_or(usize::MAX);
        let head = bytes.slice(..bytes.len().min(left));
        self.seen += head.len() as u64;
        // What would be stored is not needed here.
        self.inspector.push(head, &mut Vec::new())?;
        service.refuse_mismatch(declared, self.inspector.kind(), terms)?;
        Ok(self.seen >= HEAD_BYTES)
    }

    /// Refuses a file of which nothing more arrives for now, if no more bytes would make it an
    /// image.
    pub(super) fn pause(&self) -> Result<(), UploadError> {
        Ok(self.inspector.refuse_other()?)
    }
}
