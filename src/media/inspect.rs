use super::kind::{Sniff, sniff};
use super::walk::{Found, Step, Walk};
use super::{Kind, MediaError, walk};

/// The longest header that is kept until it is whole: an AVIF's `meta` box.
/// Everything else is far shorter or skipped by count.
pub(super) const MAX_CARRY: usize = 256 * 1024;

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
    /// Bytes after the container's end. Cameras put previews and padding there;
    /// so does who wants a file to be two things at once.
    pub trailing: u64,
}

/// What is taken. Checked as soon as the bytes tell, before the rest is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The kinds that are taken.
    pub accepted: Vec<Kind>,
    /// The most pixels, as width times height, of the canvas or of a frame.
    pub max_pixels: u64,
    /// The most frames of an animation.
    pub max_frames: u32,
}

/// A judge of one file that does no I/O: give it the bytes as they come. The
/// answer is the same however they are split. It holds at most one header, at
/// most 256 kB, whatever the file's length; and it keeps to its first error.
#[derive(Debug)]
pub struct Inspector {
    limits: Limits,
    kind: Option<Kind>,
    walking: Option<(Box<dyn Walk>, Found)>,
    /// A header that is not whole yet, and how long it must be to go on.
    carry: Vec<u8>,
    need: usize,
    /// Bytes to let pass without a look.
    skip: u64,
    done: bool,
    total: u64,
    trailing: u64,
    failed: Option<MediaError>,
}

impl Inspector {
    /// A judge who has seen nothing yet.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            kind: None,
            walking: None,
            carry: Vec::new(),
            need: 0,
            skip: 0,
            done: false,
            total: 0,
            trailing: 0,
            failed: None,
        }
    }

    /// What the file is, once its first bytes told.
    pub fn kind(&self) -> Option<Kind> {
        self.kind
    }

    /// How many bytes are held.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.carry.capacity()
    }

    /// Takes the next bytes. Fails as early as they allow, and then always.
    pub fn push(&mut self, bytes: &[u8]) -> Result<(), MediaError> {
        if let Some(error) = &self.failed {
            return Err(error.clone());
        }
        self.feed(bytes)
            .inspect_err(|error| self.failed = Some(error.clone()))
    }

    /// Takes the end of the file for known. `Ok` only if the container was
    /// complete and nothing was wrong with it.
    pub fn finish(mut self) -> Result<Facts, MediaError> {
        self.push(&[])?;
        if self.total == 0 {
            return Err(MediaError::Empty);
        }
        if !self.done && self.skip == 0 && self.carry.is_empty() {
            self.drive(&[])?;
        }
        let boundary = self.skip == 0 && self.carry.is_empty();
        let Some((walk, found)) = &mut self.walking else {
            return Err(MediaError::UnknownType);
        };
        if !self.done {
            if !boundary {
                return Err(found.truncated());
            }
            walk.at_end_of_file(self.total, found)?;
        }
        found.facts(self.trailing)
    }

    fn feed(&mut self, mut bytes: &[u8]) -> Result<(), MediaError> {
        self.total = self.total.saturating_add(length(bytes));
        while !bytes.is_empty() {
            if self.done {
                self.trailing = self.trailing.saturating_add(length(bytes));
                return Ok(());
            }
            if self.skip > 0 {
                bytes = self.let_pass(bytes);
            } else if self.carry.is_empty() {
                let rest = self.drive(bytes)?;
                if self.done {
                    bytes = rest;
                } else {
                    self.keep(rest);
                    return Ok(());
                }
            } else {
                bytes = self.complete_carry(bytes)?;
            }
        }
        Ok(())
    }

    fn let_pass<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        match usize::try_from(self.skip) {
            Ok(skip) if skip <= bytes.len() => {
                self.skip = 0;
                bytes.get(skip..).unwrap_or_default()
            }
            _ => {
                self.skip = self.skip.saturating_sub(length(bytes));
                &[]
            }
        }
    }

    /// Tops the carry up to what the walk asked for, and no further, so that
    /// what follows the header is never copied.
    fn complete_carry<'a>(&mut self, bytes: &'a [u8]) -> Result<&'a [u8], MediaError> {
        let missing = self.need.saturating_sub(self.carry.len());
        let (head, rest) = bytes.split_at_checked(missing).unwrap_or((bytes, &[]));
        self.carry.extend_from_slice(head);
        if self.carry.len() >= self.need {
            let carry = std::mem::take(&mut self.carry);
            let left = self.drive(&carry)?;
            if self.done {
                self.trailing = self.trailing.saturating_add(length(left));
            } else {
                self.keep(left);
            }
        }
        Ok(rest)
    }

    /// Holds the beginning of a header, in exactly the room for the whole.
    fn keep(&mut self, start: &[u8]) {
        if !start.is_empty() {
            self.carry = Vec::with_capacity(self.need);
            self.carry.extend_from_slice(start);
        }
    }

    /// Walks over `window` as far as it goes, and returns what must be seen
    /// again together with what follows it.
    fn drive<'a>(&mut self, window: &'a [u8]) -> Result<&'a [u8], MediaError> {
        let mut rest = window;
        loop {
            match self.step(rest)? {
                Step::Need(count) => {
                    debug_assert!(rest.len() < count && count <= MAX_CARRY);
                    self.need = count;
                    return Ok(rest);
                }
                Step::Advance(count) => {
                    let before = rest;
                    self.skip = count;
                    rest = self.let_pass(before);
                    if self.skip > 0 {
                        return Ok(rest);
                    }
                }
                Step::Done(count) => {
                    self.done = true;
                    return Ok(rest.get(count..).unwrap_or_default());
                }
            }
        }
    }

    fn step(&mut self, window: &[u8]) -> Result<Step, MediaError> {
        if let Some((walk, found)) = &mut self.walking {
            return walk.step(window, found);
        }
        match sniff(window) {
            Sniff::Need(count) => Ok(Step::Need(count)),
            Sniff::Unknown => Err(MediaError::UnknownType),
            Sniff::Known(kind) => {
                self.kind = Some(kind);
                if !self.limits.accepted.contains(&kind) {
                    return Err(MediaError::NotAccepted { kind });
                }
                let found = Found::new(kind, self.limits.max_pixels, self.limits.max_frames);
                self.walking = Some((walk::of(kind), found));
                Ok(Step::Advance(0))
            }
        }
    }
}

fn length(bytes: &[u8]) -> u64 {
    // Lossless: usize has at most 64 bits.
    u64::try_from(bytes.len()).unwrap_or(u64::MAX)
}
