use std::ops::Range;

use super::boxes::{Reason, SHORT, boxes, expect, find, full};
use super::items::{self, Item};
use crate::media::read::Reader;

/// What `moov` says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Movie {
    /// The first track of pictures.
    pub(super) pictures: Option<Track>,
    /// Where in the file the tracks' samples lie.
    pub(super) samples: Vec<Range<u64>>,
    /// What is located by `meta` boxes of its own and of its tracks.
    pub(super) items: Vec<Item>,
    /// Whether there is a track of neither pictures nor sound.
    pub(super) other: bool,
}

/// A track of pictures.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Track {
    pub(super) width: u32,
    pub(super) height: u32,
    pub(super) frames: u32,
}

/// Reads ISO/IEC 14496-12 §8.2 to §8.8, ISO/IEC 23008-12 §7. Alpha is in a track
/// of its own that is no picture.
pub(super) fn parse(content: &[u8]) -> Result<Movie, Reason> {
    let mut movie = Movie::default();
    movie.add_items(content)?;
    for found in boxes(content) {
        let (name, track) = found?;
        if &name == b"trak" {
            movie.add_track(track)?;
            movie.add_items(track)?;
        }
    }
    Ok(movie)
}

impl Movie {
    fn add_items(&mut self, parent: &[u8]) -> Result<(), Reason> {
        if let Some(meta) = find(parent, b"meta")? {
            let (_, _, inner) = full(meta)?;
            self.items.extend(items::parse(inner.rest())?);
        }
        Ok(())
    }

    fn add_track(&mut self, track: &[u8]) -> Result<(), Reason> {
        let media = expect(track, b"mdia")?;
        let (_, _, mut handler) = full(expect(media, b"hdlr")?)?;
        handler.u32_be().ok_or(SHORT)?;
        let handler: [u8; 4] = handler.array().ok_or(SHORT)?;
        self.other |= !matches!(&handler, b"pict" | b"auxv" | b"vide" | b"soun");
        let table = expect(expect(media, b"minf")?, b"stbl")?;
        let (_, _, mut sizes) = full(expect(table, b"stsz")?)?;
        let (uniform, frames) = sizes.u32_be().zip(sizes.u32_be()).ok_or(SHORT)?;
        let samples = Samples { uniform, sizes };
        self.add_samples(table, samples)?;
        if &handler == b"pict" && self.pictures.is_none() {
            if frames == 0 {
                return Err("the sequence has no frames");
            }
            let (width, height) = size(expect(track, b"tkhd")?)?;
            self.pictures = Some(Track {
                width,
                height,
                frames,
            });
        }
        Ok(())
    }

    /// §8.7.4 and §8.7.5: samples lie in chunks, which say where they begin and
    /// by runs how many samples each has.
    fn add_samples(&mut self, table: &[u8], mut samples: Samples<'_>) -> Result<(), Reason> {
        let mut runs = runs(expect(table, b"stsc")?)?.into_iter().peekable();
        let mut per_chunk = 0;
        for (chunk, offset) in (1u32..).zip(chunk_offsets(table)?) {
            while let Some((_, count)) = runs.next_if(|(first, _)| *first <= chunk) {
                per_chunk = count;
            }
            let size = samples.next(per_chunk).ok_or(SHORT)?;
            self.samples.push(offset..offset.saturating_add(size));
        }
        Ok(())
    }
}

/// §8.3.2: the last two fields, in 16.16 fixed point.
fn size(tkhd: &[u8]) -> Result<(u32, u32), Reason> {
    let (version, _, mut reader) = full(tkhd)?;
    let times = if version == 1 { 32 } else { 20 };
    reader.take(times + 52).ok_or(SHORT)?;
    let (width, height) = reader.u32_be().zip(reader.u32_be()).ok_or(SHORT)?;
    Ok((width >> 16, height >> 16))
}

/// §8.7.3: the samples' sizes, one for all or one each.
struct Samples<'a> {
    uniform: u32,
    sizes: Reader<'a>,
}

impl Samples<'_> {
    /// The size of the next `count` samples together.
    fn next(&mut self, count: u32) -> Option<u64> {
        if self.uniform != 0 {
            return Some(u64::from(self.uniform) * u64::from(count));
        }
        let mut sum: u64 = 0;
        for _ in 0..count {
            sum = sum.saturating_add(self.sizes.u32_be()?.into());
        }
        Some(sum)
    }
}

/// The first chunk of each run, and the samples in each of its chunks.
fn runs(stsc: &[u8]) -> Result<Vec<(u32, u32)>, Reason> {
    let (_, _, mut reader) = full(stsc)?;
    let count = reader.u32_be().ok_or(SHORT)?;
    let run = |_| {
        let run = reader.u32_be().zip(reader.u32_be());
        reader.u32_be().and(run).ok_or(SHORT)
    };
    (0..count).map(run).collect()
}

fn chunk_offsets(table: &[u8]) -> Result<Vec<u64>, Reason> {
    for found in boxes(table) {
        let (name, content) = found?;
        let wide = match &name {
            b"stco" => false,
            b"co64" => true,
            _ => continue,
        };
        let (_, _, mut reader) = full(content)?;
        let count = reader.u32_be().ok_or(SHORT)?;
        let offset = |_| {
            let offset = if wide {
                reader.u64_be()
            } else {
                reader.u32_be().map(u64::from)
            };
            offset.ok_or(SHORT)
        };
        return (0..count).map(offset).collect();
    }
    Err("the sequence's frames have no place")
}
