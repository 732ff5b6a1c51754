//! `moov`: the tracks of a sequence.

use std::ops::Range;

use super::items::{self, Items};
use super::{meta, samples};
use crate::media::boxes::{MISSING, Reason, SHORT, boxes, full, only, table};
use crate::media::strip::avif::DESCRIPTION;

/// The contents of `moov`.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Movie {
    /// The first track of pictures.
    pub(super) pictures: Option<Track>,
    /// The positions of the tracks' samples in the file.
    pub(super) samples: Vec<Range<u64>>,
    /// The items of its own `meta` box and of those of its tracks.
    pub(super) items: Vec<Items>,
    /// Whether there is a track of neither pictures nor sound.
    pub(super) other: bool,
}

/// A track of pictures.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Track {
    pub(super) width: u32,
    pub(super) height: u32,
    /// How it is turned to be shown, 1 to 8, as Exif has it.
    pub(super) orientation: u8,
    pub(super) frames: u32,
    /// Whether every frame has a position, and bytes there.
    pub(super) whole: bool,
}

/// Parses `moov` (ISO/IEC 14496-12 §8.2 to §8.8, ISO/IEC 23008-12 §7). Alpha is in a track
/// of its own, which does not count as pictures.
pub(super) fn parse(content: &[u8]) -> Result<Movie, Reason> {
    let mut movie = Movie::default();
    let [meta] = only(content, [b"meta"])?;
    movie.add_items(meta)?;
    for found in boxes(content) {
        let (name, track) = found?;
        if &name == b"trak" {
            movie.add_track(track)?;
        }
    }
    Ok(movie)
}

impl Movie {
    fn add_items(&mut self, meta: Option<&[u8]>) -> Result<(), Reason> {
        if let Some(meta) = meta {
            let (_, _, inner) = full(meta)?;
            let [iloc, iinf] = only(inner.rest(), [b"iloc", b"iinf"])?;
            self.items.push(items::parse(iloc, iinf)?);
        }
        Ok(())
    }

    fn add_track(&mut self, track: &[u8]) -> Result<(), Reason> {
        let [header, media, meta, edits] = only(track, [b"tkhd", b"mdia", b"meta", b"edts"])?;
        self.add_items(meta)?;
        check_edits(edits)?;
        let [handler, information] = only(media.ok_or(MISSING)?, [b"hdlr", b"minf"])?;
        let (_, _, mut handler) = full(handler.ok_or(MISSING)?)?;
        handler.u32_be().ok_or(SHORT)?;
        let handler: [u8; 4] = handler.array().ok_or(SHORT)?;
        self.other |= !matches!(&handler, b"pict" | b"auxv" | b"vide" | b"soun");
        let [tables] = only(information.ok_or(MISSING)?, [b"stbl"])?;
        let tables = tables.ok_or(MISSING)?;
        let samples = samples::add(tables, &mut self.samples)?;
        if &handler == b"pict" && self.pictures.is_none() {
            if samples.stated == 0 {
                return Err("the sequence has no frames");
            }
            let (width, height) = size(header.ok_or(MISSING)?)?;
            self.pictures = Some(Track {
                width,
                height,
                orientation: orientation(tables)?,
                frames: samples.stated,
                whole: samples.located == u64::from(samples.stated) && !samples.empty,
            });
        }
        Ok(())
    }
}

/// How the frames of a track are turned to be shown, according to the description of AV1 samples
/// (`stsd`, §8.5.2) in its tables. Decoders take the rotation of a track from there alone: not
/// from the items of the file, nor from Exif.
fn orientation(tables: &[u8]) -> Result<u8, Reason> {
    let [descriptions] = only(tables, [b"stsd"])?;
    let Some(descriptions) = descriptions else {
        return Ok(1);
    };
    let (_, _, mut entries) = full(descriptions)?;
    entries.u32_be().ok_or(SHORT)?;
    for found in boxes(entries.rest()) {
        let (name, content) = found?;
        if &name == b"av01" {
            let properties = content.get(DESCRIPTION..).ok_or(SHORT)?;
            let [rotation] = only(properties, [b"irot"])?;
            return meta::orientation(rotation, None);
        }
    }
    Ok(1)
}

/// Checks that `elst` has as many entries as it declares (§8.6.6).
fn check_edits(edits: Option<&[u8]>) -> Result<(), Reason> {
    let [list] = only(edits.unwrap_or_default(), [b"elst"])?;
    let Some(list) = list else {
        return Ok(());
    };
    match list.first() {
        Some(1) => table::<20>(list).map(|_| ()),
        _ => table::<12>(list).map(|_| ()),
    }
}

/// Width and height: the last two fields, in 16.16 fixed point (§8.3.2).
fn size(tkhd: &[u8]) -> Result<(u32, u32), Reason> {
    let (version, _, mut reader) = full(tkhd)?;
    // Times of 64 or 32 bits, and the fields between them and the size.
    let before = if version == 1 { 32 + 52 } else { 20 + 52 };
    reader.take(before).ok_or(SHORT)?;
    let (width, height) = reader.u32_be().zip(reader.u32_be()).ok_or(SHORT)?;
    Ok((width >> 16, height >> 16))
}
