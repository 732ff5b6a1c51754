//! The boxes that are read as a whole: `ftyp`, `meta` and `moov`.

use super::items::{Items, Origin};
use super::layout::Layout;
use super::{Avif, Brands, Top, meta, moov};
use crate::media::MediaError;
use crate::media::inspect::MAX_HEADER;
use crate::media::strip::avif::{Headers, Metadata};
use crate::media::walk::{Found, Step};

/// The cost of each byte of a header box: its tables are read, sorted and compared.
const READ: u64 = 6;

/// The items and samples that a box locates.
#[derive(Default)]
struct Named {
    items: Vec<Items>,
    samples: Vec<std::ops::Range<u64>>,
}

impl Avif {
    /// A box that is read as a whole.
    pub(super) fn header_box(
        &mut self,
        top: &Top<'_>,
        found: &mut Found,
    ) -> Result<Step, MediaError> {
        let Top {
            header,
            size,
            window,
        } = *top;
        let long = usize::try_from(size).ok();
        let Some(long) = long.filter(|long| *long <= MAX_HEADER) else {
            return Err(found.malformed("a header box is longer than 256 kB"));
        };
        let Some(whole) = window.get(..long) else {
            return Ok(Step::Need(long));
        };
        found.add_part("boxes")?;
        self.close(size, found)?;
        let content = whole.get(header.length..).unwrap_or_default();
        let named = match &header.name {
            b"meta" => self.meta(content, found)?,
            b"moov" => self.moov(content, found)?,
            _ if self.at > 0 => return Err(found.malformed("a second ftyp box")),
            _ => {
                self.brands = Brands::read(content);
                return Ok(Step::Keep(size));
            }
        };
        let metadata = metadata_in_idat(&named.items, found)?;
        let Named { items, samples } = named;
        let end = self.at.saturating_add(size);
        let from = found.strip().map(|_| end);
        let added = self.layout.add(&items, Origin::File, samples, from);
        added.map_err(|reason| found.malformed(reason))?;
        self.reach = self.reach.max(self.layout.reach());
        let mut edited = whole.to_vec();
        let content = edited.get_mut(header.length..).unwrap_or_default();
        found.meter().charge_each(long, READ);
        let headers = Headers::new(found.strip(), &metadata, found.meter());
        let done = match &header.name {
            b"meta" => headers.meta(content),
            _ => headers.moov(content),
        };
        done.map_err(|reason| found.malformed(reason))?;
        if edited == whole {
            return Ok(Step::Keep(size));
        }
        Ok(Step::Replace(size, edited))
    }

    fn meta(&mut self, content: &[u8], found: &mut Found) -> Result<Named, MediaError> {
        if self.meta {
            return Err(found.malformed("a second meta box"));
        }
        let image = meta::parse(content).map_err(|reason| found.malformed(reason))?;
        self.meta = true;
        for (width, height) in image.sizes {
            found.check_pixels(width, height)?;
        }
        found.check_metadata(image.profile)?;
        if !self.brands.shows_sequence {
            found.set_canvas(image.width, image.height)?;
            found.set_orientation(Some(image.orientation));
            found.set_frames(1)?;
            if image.has_alpha {
                found.note_alpha();
            }
            if !image.has_standard_colours {
                found.note_special_colours();
            }
        }
        if image.has_metadata {
            found.note_metadata();
        }
        Ok(Named {
            items: vec![image.items],
            ..Named::default()
        })
    }

    fn moov(&mut self, content: &[u8], found: &mut Found) -> Result<Named, MediaError> {
        if self.moov {
            return Err(found.malformed("a second moov box"));
        }
        let movie = moov::parse(content).map_err(|reason| found.malformed(reason))?;
        self.moov = true;
        // One beside a still image is more than the image.
        if !self.brands.shows_sequence || movie.items.iter().any(Items::have_metadata) {
            found.note_metadata();
        }
        let in_idat = |items: &Items| items.iter().any(|(item, _)| item.origin == Origin::Idat);
        let in_idat = movie.items.iter().any(in_idat);
        if found.strip().is_some() && (movie.other || in_idat) {
            return Err(found.malformed("a track has metadata in an unsupported place"));
        }
        // Next to a still image, viewers ignore a movie.
        if self.brands.shows_sequence {
            let Some(track) = movie.pictures else {
                return Err(found.malformed("the sequence has no track of pictures"));
            };
            found.set_canvas(track.width, track.height)?;
            found.set_orientation(Some(track.orientation));
            // The descriptions of samples are not read for more than that.
            found.note_alpha();
            found.note_special_colours();
            found.set_frames(track.frames)?;
            if !track.whole {
                return Err(found.malformed("a frame of the sequence has no bytes"));
            }
        }
        Ok(Named {
            items: movie.items,
            samples: movie.samples,
        })
    }
}

impl Brands {
    /// Reads the major brand and, after its version, the compatible brands.
    fn read(ftyp: &[u8]) -> Self {
        let brands = ftyp.as_chunks::<4>().0.iter().enumerate();
        let brands = brands.filter(|(index, _)| *index != 1);
        let has = |wanted: &[u8; 4]| brands.clone().any(|(_, brand)| brand == wanted);
        Self {
            shows_sequence: ftyp.starts_with(b"avis"),
            has_image: has(b"avif"),
            has_sequence: has(b"avis"),
        }
    }
}

/// The metadata in `idat`, by its offsets there. The rules for items in the file apply to
/// these as well.
fn metadata_in_idat(
    items: &[Items],
    found: &Found,
) -> Result<Vec<(std::ops::Range<u64>, Metadata)>, MediaError> {
    let mut layout = Layout::default();
    let from = found.strip().map(|_| 0);
    let added = layout.add(items, Origin::Idat, Vec::new(), from);
    added.map_err(|reason| found.malformed(reason))?;
    let metadata = layout.into_metadata();
    for (range, metadata) in &metadata {
        if *metadata != Metadata::Other {
            found.check_metadata(range.end.saturating_sub(range.start))?;
        }
    }
    Ok(metadata)
}
