mod header;
mod items;
mod layout;
mod meta;
mod moov;
mod parts;
mod samples;

use super::{Found, Step, Walk};
use crate::media::MediaError;
use crate::media::boxes::{Header, rename};
use crate::media::read::Reader;
use crate::media::strip::avif::{self as strip, Secret};
use layout::Layout;

/// ISO/IEC 14496-12 §4.2: boxes to the end of the file, of which `ftyp`, `meta`
/// and `moov` are read. The pixels lie in `mdat`, at offsets that the other two
/// name; the file must reach as far as those do, because nothing else says
/// where it ends. What comes after that and is no box of an image file is not
/// part of it.
#[derive(Debug, Default)]
pub(super) struct Avif {
    brands: Brands,
    meta: bool,
    moov: bool,
    layout: Layout,
    /// The offset up to which the file must reach.
    reach: u64,
    /// The offset in the file that the last step led to.
    at: u64,
    state: State,
}

/// What the file says it is (AVIF v1.1 §6). An image needs `meta`, a sequence
/// `moov`, and a file that is both needs both.
#[derive(Clone, Copy, Debug, Default)]
struct Brands {
    /// Whether the major brand is that of sequences, so that the animation is
    /// shown and not the still image beside it.
    shows_sequence: bool,
    has_image: bool,
    has_sequence: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    /// Before a box.
    #[default]
    Box,
    /// In data up to this offset.
    Data(u64),
    /// In data up to this offset, with which the file ends.
    Last(u64),
    /// In a box of no use, of which so many bytes are left.
    Blank(u64),
}

/// A box of the file, whose length is stated.
struct Top<'a> {
    header: Header,
    size: u64,
    /// What is seen of it, and of what follows it.
    window: &'a [u8],
}

impl Walk for Avif {
    fn step(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        let step = match self.state {
            State::Box => self.next_box(window, found)?,
            State::Data(end) | State::Last(end) if self.at < end => {
                self.data(end, window, found)?
            }
            State::Last(_) => Step::Done(0),
            State::Data(_) => {
                self.state = State::Box;
                Step::Keep(0)
            }
            State::Blank(left) => {
                self.state = State::Box;
                Step::Blank(left)
            }
        };
        if step.passes() > 0 {
            found.charge_part();
        }
        self.at = self.at.saturating_add(step.passes());
        Ok(step)
    }

    fn may_end(&self) -> bool {
        let open = self.layout.next_secret(u64::MAX).is_some();
        self.is_complete() && self.reach <= self.at && !open
    }

    #[cfg(test)]
    fn held(&self) -> usize {
        self.layout.held()
    }
}

impl Avif {
    fn is_complete(&self) -> bool {
        let Brands {
            has_image,
            has_sequence,
            ..
        } = self.brands;
        // Before the first box is read the file is neither.
        let known = has_image || has_sequence;
        known && (self.meta || !has_image) && (self.moov || !has_sequence)
    }

    fn next_box(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        let mut reader = Reader::new(window);
        let (Some(short), Some(name)) = (reader.u32_be(), reader.array::<4>()) else {
            return Ok(Step::Need(8));
        };
        if self.layout.next_secret(self.at).is_some() {
            return Err(found.malformed("metadata lies in no box of data"));
        }
        let more = [b"meta", b"moov", b"mdat", b"free", b"skip", b"uuid"];
        if self.may_end() && (short == 0 || !more.contains(&&name)) {
            return Ok(Step::Done(0));
        }
        let header = Header::read(window).map_err(|reason| found.malformed(reason))?;
        let Some(header) = header else {
            return Ok(Step::Need(16));
        };
        let Some(size) = header.size else {
            return self.last_box(header, found);
        };
        let top = Top {
            header,
            size,
            window,
        };
        match &name {
            b"ftyp" | b"meta" | b"moov" => self.header_box(&top, found),
            _ => self.other_box(&top, found),
        }
    }

    /// A box that has the rest of the file, of which only data makes sense.
    fn last_box(&mut self, header: Header, found: &Found) -> Result<Step, MediaError> {
        if &header.name != b"mdat" {
            return Err(found.malformed("a box that is none of data has no stated length"));
        }
        if !self.is_complete() {
            return Err(found.truncated());
        }
        self.close(header.head(), found)?;
        self.state = State::Last(self.reach);
        Ok(Step::Keep(header.head()))
    }

    /// A box that is passed. Where metadata is stripped, what is in no box of data
    /// goes.
    fn other_box(&mut self, top: &Top<'_>, found: &mut Found) -> Result<Step, MediaError> {
        let Top {
            header,
            size,
            window,
        } = *top;
        found.add_part("boxes")?;
        let end = self.at.saturating_add(size);
        let is_data = &header.name == b"mdat";
        self.close(if is_data { header.head() } else { size }, found)?;
        if is_data || found.strip().is_none() {
            self.state = State::Data(end);
            return Ok(Step::Keep(header.head()));
        }
        self.state = State::Blank(size.saturating_sub(header.head()));
        if matches!(&header.name, b"free" | b"skip") {
            return Ok(Step::Keep(header.head()));
        }
        let mut free = window.get(..header.length).unwrap_or_default().to_vec();
        rename(&mut free);
        Ok(Step::Replace(header.head(), free))
    }

    /// The next `size` bytes are no data.
    fn close(&mut self, size: u64, found: &Found) -> Result<(), MediaError> {
        let end = self.at.saturating_add(size);
        let closed = self.layout.close(self.at..end);
        closed.map_err(|reason| found.malformed(reason))
    }

    /// In data up to `end`, in which metadata may lie.
    fn data(&mut self, end: u64, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        let Some((start, until, secret)) = self.layout.next_secret(end) else {
            return Ok(Step::Keep(end.saturating_sub(self.at)));
        };
        if start < self.at || until > end {
            return Err(found.malformed("metadata lies in no box of data"));
        }
        if start > self.at {
            return Ok(Step::Keep(start.saturating_sub(self.at)));
        }
        let size = until.saturating_sub(start);
        if secret == Secret::Other {
            self.pass_secret(size, found)?;
            return Ok(Step::Blank(size));
        }
        found.check_metadata(size)?;
        let whole = usize::try_from(size).unwrap_or(usize::MAX);
        let Some(item) = window.get(..whole) else {
            return Ok(Step::Need(whole));
        };
        self.pass_secret(size, found)?;
        let edited = found
            .strip()
            .and_then(|level| strip::item(item, secret, level, found.meter()));
        Ok(match edited {
            Some(edited) => Step::Replace(size, edited),
            None => Step::Keep(size),
        })
    }

    /// The next `size` bytes are metadata, and no picture that is named later.
    fn pass_secret(&mut self, size: u64, found: &Found) -> Result<(), MediaError> {
        self.layout.pop_secret();
        self.close(size, found)
    }
}
