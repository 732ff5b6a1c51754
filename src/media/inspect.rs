//! The inspector: the driver of the walks over an upload.

use bytes::Bytes;

use super::sniff::{Sniff, is_other, sniff, sniff_whole};
use super::walk::{Depth, Ending, Found, Step, Walk};
use super::window::{Piece, Window, length};
use super::{MediaError, Policy, Trailing, walk};
use crate::model::{Kind, Traits};

/// The maximum length of a header that is buffered until it is complete: an AVIF's `meta`
/// box. Everything else is far shorter or skipped by count, except for metadata to be
/// edited, whose length the policy limits.
pub(super) const MAX_HEADER: usize = 256 * 1024;

/// The maximum number of bytes that are buffered, whatever the policy allows, so that no
/// length that a file claims exceeds the address space.
const MAX_HELD: usize = 32 << 20;

/// An image's properties according to its container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The format.
    pub kind: Kind,
    /// The width in pixels as displayed: after the orientation given by Exif or by an
    /// AVIF's `irot`.
    pub width: u32,
    /// The height in pixels as displayed.
    pub height: u32,
    /// The number of frames: 1 for a still image.
    pub frames: u32,
    /// What the stored file can stand for.
    pub traits: Traits,
    /// The number of bytes after the container's end, which were cut off. Those that were left
    /// out of a JPEG before its end was known are not counted.
    pub trailing: u64,
}

/// The verdict on a file that has ended and in which nothing is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is an image.
    Accepted(Facts),
    /// It is a JPEG without an end (EOI), as some cameras write them, or a JPEG that was cut
    /// short. An inspector that [follows its codes](Inspector::following) can tell, and is to be
    /// given the pieces to store.
    Undecided,
}

/// Inspects one file without any I/O: it takes the file's bytes as they arrive, and returns
/// the pieces to store. The verdict and the edited file do not depend on how the bytes are
/// split. An inspector holds at most one header or one piece of metadata, however long the
/// file is; after an error, it returns the same error for ever.
#[derive(Debug)]
pub struct Inspector {
    policy: Policy,
    depth: Depth,
    kind: Option<Kind>,
    walking: Option<(Box<dyn Walk>, Found)>,
    /// An incomplete header, and the length that it needs before the walk can continue.
    carry: Vec<u8>,
    need: usize,
    /// The bytes that pass without being looked at: how many, and what happens to them.
    passing: (Passing, u64),
    done: bool,
    total: u64,
    trailing: u64,
    failed: Option<MediaError>,
    /// The number of steps of the walk so far.
    #[cfg(test)]
    looks: u64,
}

/// What happens to the bytes that pass.
#[derive(Clone, Copy, Debug)]
enum Passing {
    Keep,
    Drop,
    Blank,
}

impl Inspector {
    /// Creates an inspector that has not seen any bytes.
    pub fn new(policy: Policy) -> Self {
        Self::at(Depth::Markers, policy)
    }

    /// Creates an inspector that has not seen any bytes, and that follows each code of a JPEG.
    /// That takes several times as long, but its verdict is never [`Verdict::Undecided`].
    pub fn following(policy: Policy) -> Self {
        Self::at(Depth::Codes, policy)
    }

    fn at(depth: Depth, policy: Policy) -> Self {
        Self {
            policy,
            depth,
            kind: None,
            walking: None,
            carry: Vec::new(),
            need: 0,
            passing: (Passing::Keep, 0),
            done: false,
            total: 0,
            trailing: 0,
            failed: None,
            #[cfg(test)]
            looks: 0,
        }
    }

    /// The kind of the file, once its first bytes have determined it.
    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// The number of bytes that are buffered.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let walk = self.walking.as_ref().map_or(0, |(walk, _)| walk.held());
        self.carry.capacity().saturating_add(walk)
    }

    /// The units of work so far, the number of bytes that have passed, and the number of
    /// steps of the walk.
    #[cfg(test)]
    pub(super) fn work(&self) -> (u64, u64, u64) {
        let found = self.walking.as_ref().map(|(_, found)| found);
        let (spent, passed) = found.map_or((0, 0), Found::work);
        (spent, passed, self.looks)
    }

    /// Takes the next bytes, and adds the resulting pieces to `pieces`. Fails as early as
    /// the bytes allow, and on every call after that.
    pub fn push(&mut self, bytes: Bytes, pieces: &mut Vec<Piece>) -> Result<(), MediaError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.total = self.total.saturating_add(length(bytes.len()));
        self.feed(bytes, pieces)
            .inspect_err(|error| self.failed = Some(error.clone()))
    }

    /// Refuses a file that cannot be accepted whatever follows, although [`push`](Self::push) waits
    /// for more bytes to tell what it is.
    pub fn refuse_other(&self) -> Result<(), MediaError> {
        if self.walking.is_none() && is_other(&self.carry) {
            return Err(self.not_accepted(sniff_whole(&self.carry)));
        }
        Ok(())
    }

    /// Ends the file, and adds the last pieces. Accepts it only if the container is complete
    /// and valid.
    pub fn finish(mut self, pieces: &mut Vec<Piece>) -> Result<Verdict, MediaError> {
        self.push(Bytes::new(), pieces)?;
        if self.total == 0 {
            return Err(MediaError::Empty);
        }
        if !self.done && self.passing.1 == 0 && self.carry.is_empty() {
            self.drive(&mut Window::new(Bytes::new(), pieces))?;
        }
        // Bytes that the walk expects to pass after the end are missing, too.
        let (_, passing) = self.passing;
        let Some((walk, found)) = &mut self.walking else {
            return Err(self.not_accepted(sniff_whole(&self.carry)));
        };
        if !self.done {
            match walk.ending(&self.carry, found) {
                Ending::Complete([]) if passing == 0 => {}
                Ending::Complete(end) if passing == 0 => {
                    pieces.push(Piece::Added(Bytes::from_static(end)));
                }
                Ending::Undecided => {
                    if !self.carry.is_empty() {
                        pieces.push(Piece::Kept(self.carry.into()));
                    }
                    return Ok(Verdict::Undecided);
                }
                Ending::Complete(_) | Ending::Truncated => return Err(found.truncated()),
            }
            self.done = true;
            let rest = std::mem::take(&mut self.carry);
            self.feed(rest.into(), pieces)?;
        }
        match &self.walking {
            Some((_, found)) => found.facts(self.trailing).map(Verdict::Accepted),
            None => Err(self.not_accepted(None)),
        }
    }

    fn feed(&mut self, mut bytes: Bytes, pieces: &mut Vec<Piece>) -> Result<(), MediaError> {
        while !self.carry.is_empty() {
            // Filled up to the length that the walk asked for and no further, so that
            // the bytes after the header are never copied.
            let missing = self.need.saturating_sub(self.carry.len());
            let head = bytes.slice(..missing.min(bytes.len()));
            self.carry.extend_from_slice(&head);
            if self.carry.len() < self.need {
                return Ok(());
            }
            let carry = std::mem::take(&mut self.carry);
            self.look(carry.into(), pieces)?;
            let mut passed = head.len();
            if let Some(all_but_left) = passed.checked_sub(self.carry.len()) {
                // The remaining bytes all come from this push. They are looked at in
                // place, or else a run would be carried on byte by byte.
                passed = all_but_left;
                self.carry = Vec::new();
            }
            let _ = bytes.split_to(passed);
        }
        self.look(bytes, pieces)
    }

    /// Walks over `bytes`, and buffers an incomplete header at their end.
    fn look(&mut self, bytes: Bytes, pieces: &mut Vec<Piece>) -> Result<(), MediaError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let mut window = Window::new(bytes, pieces);
        self.advance(&mut window);
        if !self.done && !window.rest().is_empty() {
            self.drive(&mut window)?;
        }
        if self.done {
            self.trail(&mut window)?;
        } else if !window.rest().is_empty() {
            // Has exactly the capacity for the complete header.
            self.carry = Vec::with_capacity(self.need);
            self.carry.extend_from_slice(window.rest());
        }
        window.flush();
        Ok(())
    }

    fn advance(&mut self, window: &mut Window<'_>) {
        let (mode, count) = self.passing;
        let passed = match mode {
            Passing::Keep => window.keep(count),
            Passing::Drop => window.drop(count),
            Passing::Blank => window.blank(count),
        };
        self.passing = (mode, count.saturating_sub(passed));
    }

    /// Walks over the window as far as possible. The rest of the window must be seen again
    /// together with the bytes that follow it.
    fn drive(&mut self, window: &mut Window<'_>) -> Result<(), MediaError> {
        loop {
            self.passing = match self.step(window.rest())? {
                Step::Need(count) if count > MAX_HELD => {
                    return Err(MediaError::MetadataTooLarge {
                        size: length(count),
                        max: length(MAX_HELD),
                    });
                }
                Step::Need(count) => {
                    assert!(window.rest().len() < count);
                    self.need = count;
                    return Ok(());
                }
                Step::Keep(count) => (Passing::Keep, count),
                Step::Drop(count) => (Passing::Drop, count),
                Step::Blank(count) => (Passing::Blank, count),
                Step::Replace(count, bytes) => {
                    window.drop(count);
                    window.add(bytes);
                    (Passing::Keep, 0)
                }
                Step::Done(count) => {
                    window.keep(count);
                    self.done = true;
                    return Ok(());
                }
            };
            self.advance(window);
            if self.passing.1 > 0 {
                return Ok(());
            }
        }
    }

    fn step(&mut self, window: &[u8]) -> Result<Step, MediaError> {
        #[cfg(test)]
        {
            self.looks = self.looks.saturating_add(1);
        }
        if let Some((walk, found)) = &mut self.walking {
            let step = walk.step(window, found)?;
            found.account(&step)?;
            return Ok(step);
        }
        match sniff(window) {
            Sniff::Need(count) => Ok(Step::Need(count)),
            Sniff::Other(media_type) => Err(self.not_accepted(media_type)),
            Sniff::Known(kind) => {
                self.kind = Some(kind);
                if !self.policy.accepted.contains(&kind) {
                    return Err(self.not_accepted(Some(kind.media_type())));
                }
                let found = Found::new(kind, self.policy.clone());
                self.walking = Some((walk::of(kind, self.depth), found));
                Ok(Step::Keep(0))
            }
        }
    }

    fn not_accepted(&self, detected: Option<&'static str>) -> MediaError {
        MediaError::NotAccepted {
            detected,
            accepted: self.policy.accepted.clone(),
        }
    }

    /// The rest of the window is data after the container's end.
    fn trail(&mut self, window: &mut Window<'_>) -> Result<(), MediaError> {
        let count = length(window.rest().len());
        if let (Trailing::Reject, Some(kind), 1..) = (self.policy.trailing, self.kind, count) {
            return Err(MediaError::TrailingData { kind });
        }
        self.trailing = self.trailing.saturating_add(window.drop(count));
        Ok(())
    }
}
