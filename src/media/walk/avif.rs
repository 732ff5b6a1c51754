//! AVIF: the boxes of the file.

mod header;
mod items;
mod layout;
mod meta;
mod moov;
mod parts;
mod samples;

use super::{Ending, Found, Step, Walk};
use crate::media::MediaError;
use crate::media::boxes::{Header, rename};
use crate::media::read::Reader;
use crate::media::strip::avif::{self as strip, Metadata};
use layout::Layout;

/// A walk over an AVIF (ISO/IEC 14496-12 §4.2): boxes to the end of the file, of which
/// `ftyp`, `meta` and `moov` are read. The pixels are in `mdat`, at offsets that the other
/// two state; the file must extend as far as those do, because nothing else states where it
/// ends. Bytes after that which are not a box of an image file are not part of it.
#[derive(Debug, Default)]
pub(super) struct Avif {
    brands: Brands,
    meta: bool,
    moov: bool,
    layout: Layout,
    /// The minimum length of the file.
    reach: u64,
    /// The offset in the file that the last step led to.
    at: u64,
    state: State,
}

/// The types that the file declares (AVIF v1.1 §6). An image needs `meta`, a sequence
/// `moov`, and a file that is both needs both.
#[derive(Clone, Copy, Debug, Default)]
struct Brands {
    /// Whether the major brand is that of sequences, so that the animation is displayed
    /// instead of the still image.
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
    /// In data up to this offset, where the file ends.
    Last(u64),
    /// In an unused box, with this many bytes left.
    Blank(u64),
}

/// A top-level box with a stated length.
struct Top<'a> {
    header: Header,
    size: u64,
    /// The visible part of the box, and of the bytes after it.
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
        if step.advance() > 0 {
            found.charge_part();
        }
        self.at = self.at.saturating_add(step.advance());
        Ok(step)
    }

    /// Nothing in an AVIF states where the file ends.
    fn ending(&self, _: &[u8], _: &Found) -> Ending {
        match self.may_end() {
            true => Ending::Complete(&[]),
            false => Ending::Truncated,
        }
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
        // Before the first box has been read, the file is neither.
        let known = has_image || has_sequence;
        known && (self.meta || !has_image) && (self.moov || !has_sequence)
    }

    fn may_end(&self) -> bool {
        let open = self.layout.next_metadata(u64::MAX).is_some();
        self.is_complete() && self.reach <= self.at && !open
    }

    fn next_box(&mut self, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        let mut reader = Reader::new(window);
        let (Some(short), Some(name)) = (reader.u32_be(), reader.array::<4>()) else {
            return Ok(Step::Need(8));
        };
        if self.layout.next_metadata(self.at).is_some() {
            return Err(found.malformed("metadata is not in a data box"));
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

    /// A box that extends to the end of the file, which only makes sense for data.
    fn last_box(&mut self, header: Header, found: &Found) -> Result<Step, MediaError> {
        if &header.name != b"mdat" {
            return Err(found.malformed("a box other than a data box has no length"));
        }
        if !self.is_complete() {
            return Err(found.truncated());
        }
        self.close(header.head(), found)?;
        self.state = State::Last(self.reach);
        Ok(Step::Keep(header.head()))
    }

    /// A box that is not read. If metadata is removed, so is everything outside of data
    /// boxes.
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
            if !is_data && !matches!(&header.name, b"free" | b"skip") {
                found.note_metadata();
            }
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

    /// Marks the next `size` bytes as not being data.
    fn close(&mut self, size: u64, found: &Found) -> Result<(), MediaError> {
        let end = self.at.saturating_add(size);
        let closed = self.layout.close(self.at..end);
        closed.map_err(|reason| found.malformed(reason))
    }

    /// Advances in data up to `end`, which may include metadata.
    fn data(&mut self, end: u64, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        let Some((start, until, metadata)) = self.layout.next_metadata(end) else {
            return Ok(Step::Keep(end.saturating_sub(self.at)));
        };
        if start < self.at || until > end {
            return Err(found.malformed("metadata is not in a data box"));
        }
        if start > self.at {
            return Ok(Step::Keep(start.saturating_sub(self.at)));
        }
        let size = until.saturating_sub(start);
        if metadata == Metadata::Other {
            self.pass_metadata(size, found)?;
            return Ok(Step::Blank(size));
        }
        found.check_metadata(size)?;
        let whole = usize::try_from(size).unwrap_or(usize::MAX);
        let Some(item) = window.get(..whole) else {
            return Ok(Step::Need(whole));
        };
        self.pass_metadata(size, found)?;
        let edited = found
            .strip()
            .and_then(|level| strip::item(item, metadata, level, found.meter()));
        Ok(match edited {
            Some(edited) => Step::Replace(size, edited),
            None => Step::Keep(size),
        })
    }

    /// Marks the next `size` bytes as metadata, so that no picture may refer to them later.
    fn pass_metadata(&mut self, size: u64, found: &Found) -> Result<(), MediaError> {
        self.layout.pop_metadata();
        self.close(size, found)
    }
}
