mod boxes;
mod items;
mod layout;
mod meta;
mod moov;

use super::{Found, Step, Walk};
use crate::media::MediaError;
use crate::media::inspect::MAX_HEADER;
use crate::media::read::Reader;
use crate::media::strip::avif::{self as strip, Secret};
use items::{Item, Place};
use layout::Layout;

pub(in crate::media) use boxes::measure;

/// ISO/IEC 14496-12 §4.2: boxes to the end of the file, of which `ftyp`, `meta`
/// and `moov` are read. The pixels lie in `mdat`, at offsets that the other two
/// name; the file must reach as far as those do, because nothing else says
/// where it ends. What comes after that and is no box of an image file is not
/// part of it.
#[derive(Debug, Default)]
pub(super) struct Avif {
    /// Whether the major brand is that of sequences, so that the animation is
    /// shown and not the still image beside it.
    sequence: bool,
    meta: bool,
    moov: bool,
    layout: Layout,
    /// The offset up to which the file must reach.
    reach: u64,
    /// The offset in the file that the last step led to.
    at: u64,
    state: State,
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

/// A box at the top of the file.
#[derive(Clone, Copy)]
struct Header {
    name: [u8; 4],
    /// The length of what tells type and size.
    length: u64,
    /// The length of all of it.
    size: u64,
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
}

impl Avif {
    fn is_complete(&self) -> bool {
        if self.sequence { self.moov } else { self.meta }
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
        let (length, size) = match short {
            0 => return self.last_box(name, found),
            1 => match reader.u64_be() {
                Some(size) => (16, size),
                None => return Ok(Step::Need(16)),
            },
            size => (8, u64::from(size)),
        };
        if size < length {
            return Err(found.malformed("a box is shorter than its header"));
        }
        let header = Header { name, length, size };
        match &name {
            b"ftyp" | b"meta" | b"moov" => self.header_box(header, window, found),
            _ => self.other_box(header, window, found),
        }
    }

    /// A box that has the rest of the file, of which only data makes sense.
    fn last_box(&mut self, name: [u8; 4], found: &Found) -> Result<Step, MediaError> {
        if matches!(&name, b"ftyp" | b"meta" | b"moov") {
            return Err(found.malformed("a header box has no stated length"));
        }
        if !self.is_complete() {
            return Err(found.truncated());
        }
        self.state = State::Last(self.reach);
        Ok(Step::Keep(8))
    }

    /// A box that is read as a whole.
    fn header_box(
        &mut self,
        header: Header,
        window: &[u8],
        found: &mut Found,
    ) -> Result<Step, MediaError> {
        let size = usize::try_from(header.size).ok();
        let Some(size) = size.filter(|size| *size <= MAX_HEADER) else {
            return Err(found.malformed("a header box is longer than 256 kB"));
        };
        let Some(whole) = window.get(..size) else {
            return Ok(Step::Need(size));
        };
        found.add_part("boxes")?;
        let start = if header.length == 16 { 16 } else { 8 };
        let content = whole.get(start..).unwrap_or_default();
        let items = match &header.name {
            b"meta" => self.meta(content, found)?,
            b"moov" => self.moov(content, found)?,
            _ if self.at > 0 => return Err(found.malformed("a second ftyp box")),
            _ => {
                self.sequence = content.starts_with(b"avis");
                return Ok(Step::Keep(header.size));
            }
        };
        let level = found.strip();
        let from = self.at.saturating_add(header.size);
        let added = self.layout.add_items(&items, from, level.is_some());
        added.map_err(|reason| found.malformed(reason))?;
        self.reach = self.reach.max(self.layout.reach());
        let Some(level) = level else {
            return Ok(Step::Keep(header.size));
        };
        let mut edited = whole.to_vec();
        let content = edited.get_mut(start..).unwrap_or_default();
        let done = if &header.name == b"meta" {
            strip::meta(content, &secrets_in_idat(&items), level, found.meter())
        } else {
            strip::moov(content)
        };
        done.ok_or_else(|| found.malformed("metadata lies outside of its box"))?;
        if edited == whole {
            return Ok(Step::Keep(header.size));
        }
        Ok(Step::Replace(header.size, edited))
    }

    fn meta(&mut self, content: &[u8], found: &mut Found) -> Result<Vec<Item>, MediaError> {
        if self.meta {
            return Err(found.malformed("a second meta box"));
        }
        let image = meta::parse(content).map_err(|reason| found.malformed(reason))?;
        self.meta = true;
        if self.sequence {
            found.check_pixels(image.width, image.height)?;
        } else {
            found.set_canvas(image.width, image.height)?;
            found.set_transposed(Some(image.transposed));
            found.set_frames(1)?;
        }
        Ok(image.items)
    }

    fn moov(&mut self, content: &[u8], found: &mut Found) -> Result<Vec<Item>, MediaError> {
        if self.moov {
            return Err(found.malformed("a second moov box"));
        }
        let movie = moov::parse(content).map_err(|reason| found.malformed(reason))?;
        self.moov = true;
        let in_idat = |item: &Item| matches!(item.place, Place::Idat(_));
        if found.strip().is_some() && (movie.other || movie.items.iter().any(in_idat)) {
            return Err(found.malformed("a track has metadata where none is looked for"));
        }
        let added = self.layout.add_pictures(movie.samples);
        added.map_err(|reason| found.malformed(reason))?;
        // Beside a still image a movie is something that viewers leave alone.
        if self.sequence {
            let Some(track) = movie.pictures else {
                return Err(found.malformed("the sequence has no track of pictures"));
            };
            found.set_canvas(track.width, track.height)?;
            found.set_frames(track.frames)?;
        }
        Ok(movie.items)
    }

    /// A box that is passed. Where metadata is stripped, what is in no box of data
    /// goes, but for pictures, if there are any.
    fn other_box(
        &mut self,
        header: Header,
        window: &[u8],
        found: &mut Found,
    ) -> Result<Step, MediaError> {
        found.add_part("boxes")?;
        let end = self.at.saturating_add(header.size);
        let is_data = &header.name == b"mdat" || self.layout.has_pictures_in(&(self.at..end));
        if is_data || found.strip().is_none() {
            self.state = State::Data(end);
            return Ok(Step::Keep(header.length));
        }
        self.state = State::Blank(header.size - header.length);
        if matches!(&header.name, b"free" | b"skip") {
            return Ok(Step::Keep(header.length));
        }
        let head = usize::try_from(header.length).unwrap_or(8);
        let mut free = window.get(..head).unwrap_or_default().to_vec();
        strip::rename(&mut free);
        Ok(Step::Replace(header.length, free))
    }

    /// In data up to `end`, in which metadata may lie.
    fn data(&mut self, end: u64, window: &[u8], found: &mut Found) -> Result<Step, MediaError> {
        let Some((start, until, secret)) = self.layout.next_secret(end) else {
            return Ok(Step::Keep(end - self.at));
        };
        if start < self.at || until > end {
            return Err(found.malformed("metadata lies in no box of data"));
        }
        if start > self.at {
            return Ok(Step::Keep(start - self.at));
        }
        let size = until - start;
        if secret == Secret::Other {
            self.layout.pop_secret();
            return Ok(Step::Blank(size));
        }
        found.check_metadata(size)?;
        let whole = usize::try_from(size).unwrap_or(usize::MAX);
        let Some(item) = window.get(..whole) else {
            return Ok(Step::Need(whole));
        };
        self.layout.pop_secret();
        let edited = found
            .strip()
            .and_then(|level| strip::item(item, secret, level, found.meter()));
        Ok(match edited {
            Some(edited) => Step::Replace(size, edited),
            None => Step::Keep(size),
        })
    }
}

/// The metadata that lies in `idat`, by its offsets there.
fn secrets_in_idat(items: &[Item]) -> Vec<(std::ops::Range<u64>, Secret)> {
    let in_idat = |item: &Item| match &item.place {
        Place::Idat(ranges) => strip::secret(&item.name, item.xmp).map(|secret| {
            let ranges = ranges.clone().into_iter();
            ranges.map(move |range| (range, secret)).collect::<Vec<_>>()
        }),
        _ => None,
    };
    items.iter().filter_map(in_idat).flatten().collect()
}
