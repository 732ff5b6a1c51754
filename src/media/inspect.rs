use bytes::Bytes;

use super::sniff::{Sniff, sniff};
use super::walk::{Found, Step, Walk};
use super::window::{Piece, Window, length};
use super::{MediaError, Policy, Trailing, walk};
use crate::model::Kind;

/// The longest header that is held until it is whole: an AVIF's `meta` box.
/// Everything else is far shorter or skipped by count, but for metadata that is
/// to be edited, which the policy bounds.
pub(super) const MAX_HEADER: usize = 256 * 1024;

/// The most that is held whatever the policy allows, so that no length that a file
/// claims is more than an address can say.
const MAX_HELD: usize = 32 << 20;

/// What an image's container says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// What the bytes are.
    pub kind: Kind,
    /// Pixels across, as the image is to be shown: after the orientation that
    /// Exif or an AVIF's `irot` asks for.
    pub width: u32,
    /// Pixels down, as the image is to be shown.
    pub height: u32,
    /// 1 for a still image.
    pub frames: u32,
    /// Bytes after the container's end, which were cut off.
    pub trailing: u64,
}

/// A judge of one file that does no I/O: give it the bytes as they come, and it
/// gives out what is to be stored of them. Judgement and edited file are the
/// same however the bytes are split. It holds at most one header or one piece of
/// metadata, whatever the file's length; and it keeps to its first error.
#[derive(Debug)]
pub struct Inspector {
    policy: Policy,
    kind: Option<Kind>,
    walking: Option<(Box<dyn Walk>, Found)>,
    /// A header that is not whole yet, and how long it must be to go on.
    carry: Vec<u8>,
    need: usize,
    /// Bytes to let pass without a look, and what becomes of them.
    pass: (Treatment, u64),
    done: bool,
    total: u64,
    trailing: u64,
    failed: Option<MediaError>,
    /// How often a walk was asked for a step.
    #[cfg(test)]
    looks: u64,
}

/// What becomes of bytes that pass.
#[derive(Clone, Copy, Debug)]
enum Treatment {
    Keep,
    Drop,
    Blank,
}

impl Inspector {
    /// A judge who has seen nothing yet.
    pub fn new(policy: Policy) -> Self {
        Self {
            policy,
            kind: None,
            walking: None,
            carry: Vec::new(),
            need: 0,
            pass: (Treatment::Keep, 0),
            done: false,
            total: 0,
            trailing: 0,
            failed: None,
            #[cfg(test)]
            looks: 0,
        }
    }

    /// What the file is, once its first bytes told.
    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// How many bytes are held.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        let walk = self.walking.as_ref().map_or(0, |(walk, _)| walk.held());
        self.carry.capacity().saturating_add(walk)
    }

    /// The units of work so far, the bytes that were passed, and how often a walk was
    /// asked for a step.
    #[cfg(test)]
    pub(super) fn work(&self) -> (u64, u64, u64) {
        let found = self.walking.as_ref().map(|(_, found)| found);
        let (spent, passed) = found.map_or((0, 0), Found::work);
        (spent, passed, self.looks)
    }

    /// Takes the next bytes, and adds to `pieces` what is decided. Fails as early
    /// as the bytes allow, and then always.
    pub fn push(&mut self, bytes: Bytes, pieces: &mut Vec<Piece>) -> Result<(), MediaError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.total = self.total.saturating_add(length(bytes.len()));
        self.feed(bytes, pieces)
            .inspect_err(|error| self.failed = Some(error.clone()))
    }

    /// Takes the end of the file for known, and adds the last pieces. `Ok` only if
    /// the container was complete and nothing was wrong with it.
    pub fn finish(mut self, pieces: &mut Vec<Piece>) -> Result<Facts, MediaError> {
        self.push(Bytes::new(), pieces)?;
        if self.total == 0 {
            return Err(MediaError::Empty);
        }
        if !self.done && self.pass.1 == 0 && self.carry.is_empty() {
            self.drive(&mut Window::new(Bytes::new(), pieces))?;
        }
        // What the walk wants to pass now, too, is missing.
        let (_, passing) = self.pass;
        let Some((walk, found)) = &mut self.walking else {
            return Err(MediaError::UnknownType);
        };
        if !self.done {
            if passing > 0 || !walk.may_end() {
                return Err(found.truncated());
            }
            self.done = true;
            let rest = std::mem::take(&mut self.carry);
            self.feed(rest.into(), pieces)?;
        }
        match &self.walking {
            Some((_, found)) => found.facts(self.trailing),
            None => Err(MediaError::UnknownType),
        }
    }

    fn feed(&mut self, mut bytes: Bytes, pieces: &mut Vec<Piece>) -> Result<(), MediaError> {
        while !self.carry.is_empty() {
            // Topped up to what the walk asked for, and no further, so that
            // what follows the header is never copied.
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
                // All that is left came just now. It is looked at with what it came
                // with, or else a run would be carried on byte by byte.
                passed = all_but_left;
                self.carry = Vec::new();
            }
            let _ = bytes.split_to(passed);
        }
        self.look(bytes, pieces)
    }

    /// Goes over `bytes`, and holds the beginning of a header at their end.
    fn look(&mut self, bytes: Bytes, pieces: &mut Vec<Piece>) -> Result<(), MediaError> {
        if bytes.is_empty() {
            return Ok(());
        }
        let mut window = Window::new(bytes, pieces);
        self.let_pass(&mut window);
        if !self.done && !window.rest().is_empty() {
            self.drive(&mut window)?;
        }
        if self.done {
            self.trail(&mut window)?;
        } else if !window.rest().is_empty() {
            // In exactly the room for the whole.
            self.carry = Vec::with_capacity(self.need);
            self.carry.extend_from_slice(window.rest());
        }
        window.flush();
        Ok(())
    }

    fn let_pass(&mut self, window: &mut Window<'_>) {
        let (treatment, count) = self.pass;
        let passed = match treatment {
            Treatment::Keep => window.keep(count),
            Treatment::Drop => window.drop(count),
            Treatment::Blank => window.blank(count),
        };
        self.pass = (treatment, count.saturating_sub(passed));
    }

    /// Walks over the window as far as it goes. What is left of it must be seen
    /// again together with what follows it.
    fn drive(&mut self, window: &mut Window<'_>) -> Result<(), MediaError> {
        loop {
            self.pass = match self.step(window.rest())? {
                Step::Need(count) if count > MAX_HELD => {
                    return Err(MediaError::MetadataTooLarge {
                        size: length(count),
                        max: length(MAX_HELD),
                    });
                }
                Step::Need(count) => {
                    debug_assert!(window.rest().len() < count);
                    self.need = count;
                    return Ok(());
                }
                Step::Keep(count) => (Treatment::Keep, count),
                Step::Drop(count) => (Treatment::Drop, count),
                Step::Blank(count) => (Treatment::Blank, count),
                Step::Replace(count, bytes) => {
                    window.drop(count);
                    window.add(bytes);
                    (Treatment::Keep, 0)
                }
                Step::Done(count) => {
                    window.keep(count);
                    self.done = true;
                    return Ok(());
                }
            };
            self.let_pass(window);
            if self.pass.1 > 0 {
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
            Sniff::Unknown => Err(MediaError::UnknownType),
            Sniff::Known(kind) => {
                self.kind = Some(kind);
                if !self.policy.accepted.contains(&kind) {
                    return Err(MediaError::NotAccepted { kind });
                }
                let found = Found::new(kind, self.policy.clone());
                self.walking = Some((walk::of(kind), found));
                Ok(Step::Keep(0))
            }
        }
    }

    /// What is left of the window comes after the container's end.
    fn trail(&mut self, window: &mut Window<'_>) -> Result<(), MediaError> {
        let count = length(window.rest().len());
        if let (Trailing::Reject, Some(kind), 1..) = (self.policy.trailing, self.kind, count) {
            return Err(MediaError::TrailingData { kind });
        }
        self.trailing = self.trailing.saturating_add(window.drop(count));
        Ok(())
    }
}
