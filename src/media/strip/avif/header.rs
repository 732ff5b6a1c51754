//! Header boxes, of which everything that a decoder does not need is removed.
//!
//! There is a list of the boxes that are needed in each kind of box. Others are emptied in
//! place, so that no length, offset or number of a property changes.

use std::ops::Range;

use super::{Metadata, item};
use crate::media::Strip;
use crate::media::boxes::{BoxMut, MAX_DEPTH, Reason, SHORT, first_mut};
use crate::media::meter::{Meter, PART};

/// Walks over header boxes and edits them. Their sizes and depth are checked even if no
/// metadata is removed.
#[derive(Debug)]
pub(in crate::media) struct Headers<'a> {
    strip: Option<Strip>,
    /// Metadata in the `idat` box, by its offsets there.
    metadata: &'a [(Range<u64>, Metadata)],
    meter: &'a mut Meter,
}

/// The kind of box that contains another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Parent {
    Meta,
    Items,
    Properties,
    /// `ipco`, and what follows the fields of a sample's description.
    PropertyList,
    Sources,
    SourceList,
    Movie,
    Track,
    Edits,
    Media,
    MediaInformation,
    Samples,
    Descriptions,
}

/// The treatment of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Keep,
    /// Keep this many bytes, then walk over the boxes that follow.
    Inside(usize, Parent),
    /// Keep this many bytes, and of the texts that follow those that encoders write.
    Text(usize),
    /// The entries of items, which begin at an offset that depends on the version.
    Entries,
    /// An item's entry: like `Text`, at an offset that depends on the version.
    Entry,
    /// Keep this many bytes, and clear the rest.
    Head(usize),
    /// A description of AV1 samples.
    Description,
    /// The times of creation and modification, which are metadata.
    Times,
    /// A colour profile, or a substitute for one.
    Colour,
    /// Data of items.
    Data,
    Empty,
    /// Refuse the file, because readers would interpret it differently.
    Refuse,
}

/// Boxes that affect how others are read.
const CONTAINERS: [&[u8; 4]; 12] = [
    b"moov", b"trak", b"edts", b"mdia", b"minf", b"dinf", b"stbl", b"stsd", b"meta", b"iinf",
    b"iprp", b"ipco",
];

/// ISO/IEC 14496-12 table 1, ISO/IEC 23008-12 §6.5 and §9.
fn rule(parent: Parent, name: &[u8; 4]) -> Rule {
    match (parent, name) {
        (Parent::Movie | Parent::Track, b"meta") => Rule::Inside(4, Parent::Meta),
        (Parent::Meta, b"pitm" | b"iloc" | b"iref" | b"grpl") => Rule::Keep,
        (Parent::Meta, b"idat") => Rule::Data,
        (Parent::Meta, b"iinf") => Rule::Entries,
        (Parent::Items, b"infe") => Rule::Entry,
        (Parent::Meta, b"iprp") => Rule::Inside(0, Parent::Properties),
        (Parent::Properties, b"ipco") => Rule::Inside(0, Parent::PropertyList),
        (Parent::Properties, b"ipma") => Rule::Keep,
        (Parent::PropertyList, b"colr") => Rule::Colour,
        (Parent::PropertyList, name) if PROPERTIES.contains(&name) => Rule::Keep,
        (Parent::Meta | Parent::Media | Parent::MediaInformation, b"hdlr") => Rule::Text(24),
        (Parent::Meta | Parent::MediaInformation, b"dinf") => Rule::Inside(0, Parent::Sources),
        (Parent::Sources, b"dref") => Rule::Inside(8, Parent::SourceList),
        // References to other files, of which there are none.
        (Parent::SourceList, _) => Rule::Head(4),
        (Parent::Movie, b"mvhd") | (Parent::Track, b"tkhd") => Rule::Times,
        (Parent::Media, b"mdhd") => Rule::Times,
        (Parent::Track, b"tref") | (Parent::Edits, b"elst") => Rule::Keep,
        (Parent::Movie, b"trak") => Rule::Inside(0, Parent::Track),
        (Parent::Track, b"edts") => Rule::Inside(0, Parent::Edits),
        (Parent::Track, b"mdia") => Rule::Inside(0, Parent::Media),
        (Parent::Media, b"minf") => Rule::Inside(0, Parent::MediaInformation),
        (Parent::MediaInformation, b"vmhd" | b"smhd" | b"nmhd" | b"hmhd") => Rule::Keep,
        (Parent::MediaInformation, b"stbl") => Rule::Inside(0, Parent::Samples),
        (Parent::Samples, b"stsd") => Rule::Inside(8, Parent::Descriptions),
        (Parent::Samples, name) if TABLES.contains(&name) => Rule::Keep,
        (Parent::Descriptions, b"av01") => Rule::Description,
        (Parent::Descriptions, b"uuid" | b"free" | b"skip") => Rule::Empty,
        (_, name) if CONTAINERS.contains(&name) => Rule::Refuse,
        // Descriptions of sound.
        (Parent::Descriptions, _) => Rule::Keep,
        _ => Rule::Empty,
    }
}

/// Properties that say how a picture is decoded and displayed.
const PROPERTIES: [&[u8; 4]; 23] = [
    b"ispe", b"pixi", b"av1C", b"a1op", b"a1lx", b"lsel", b"pasp", b"clap", b"irot", b"imir",
    b"iscl", b"rloc", b"auxC", b"auxi", b"clli", b"mdcv", b"cclv", b"amve", b"reve", b"ndwt",
    b"rref", b"ccst", b"btrt",
];

/// Tables of samples.
const TABLES: [&[u8; 4]; 13] = [
    b"stts", b"ctts", b"cslg", b"stsc", b"stsz", b"stz2", b"stco", b"co64", b"stss", b"sdtp",
    b"sbgp", b"sgpd", b"subs",
];

/// Names that encoders write.
const NAMES: [&[u8]; 11] = [
    b"Color",
    b"Alpha",
    b"GMap",
    b"SampleTransform",
    b"Exif",
    b"XMP",
    b"libavif",
    b"PictureHandler",
    b"VideoHandler",
    b"SoundHandler",
    b"GPAC pict Handler",
];

impl<'a> Headers<'a> {
    pub(in crate::media) fn new(
        strip: Option<Strip>,
        metadata: &'a [(Range<u64>, Metadata)],
        meter: &'a mut Meter,
    ) -> Self {
        Self {
            strip,
            metadata,
            meter,
        }
    }

    /// Edits the content of a `meta` box.
    pub(in crate::media) fn meta(mut self, content: &mut [u8]) -> Result<(), Reason> {
        // After version and flags.
        let boxes = content.get_mut(4..).ok_or(SHORT)?;
        self.boxes(boxes, Parent::Meta, MAX_DEPTH)
    }

    /// Edits the content of a `moov` box.
    pub(in crate::media) fn moov(mut self, content: &mut [u8]) -> Result<(), Reason> {
        self.boxes(content, Parent::Movie, MAX_DEPTH)
    }

    /// Edits boxes that may be nested up to `depth`.
    fn boxes(&mut self, mut rest: &mut [u8], parent: Parent, depth: u32) -> Result<(), Reason> {
        let deep = "boxes are nested more than eight deep";
        let depth = depth.checked_sub(1).ok_or(deep)?;
        while let Some((found, after)) = first_mut(rest)? {
            self.edit(found, parent, depth)?;
            rest = after;
        }
        Ok(())
    }

    fn edit(&mut self, mut found: BoxMut<'_>, parent: Parent, depth: u32) -> Result<(), Reason> {
        self.meter.charge(PART);
        let rule = rule(parent, &found.name);
        match (rule, self.strip) {
            (Rule::Refuse, _) => Err("a box is inside one that cannot contain it"),
            (Rule::Inside(start, inner), _) => {
                let boxes = found.content().get_mut(start..).ok_or(SHORT)?;
                self.boxes(boxes, inner, depth)
            }
            (Rule::Entries, _) => {
                let wide = matches!(found.content().first(), Some(1..));
                let boxes = found.content().get_mut(if wide { 8 } else { 6 }..);
                self.boxes(boxes.ok_or(SHORT)?, Parent::Items, depth)
            }
            (Rule::Description, strip) => {
                let (fields, boxes) = found
                    .content()
                    .split_at_mut_checked(DESCRIPTION)
                    .ok_or(SHORT)?;
                if strip.is_some() {
                    clear_compressor(fields);
                }
                self.boxes(boxes, Parent::PropertyList, depth)
            }
            (Rule::Times, Some(Strip::All)) => {
                clear_times(found.content());
                Ok(())
            }
            (Rule::Data, Some(strip)) => self.data(found.content(), strip),
            (rule, Some(_)) => {
                clean(&mut found, rule);
                Ok(())
            }
            (_, None) => Ok(()),
        }
    }

    fn data(&mut self, idat: &mut [u8], strip: Strip) -> Result<(), Reason> {
        for (range, metadata) in self.metadata {
            let start = usize::try_from(range.start).ok();
            let range = start.zip(usize::try_from(range.end).ok());
            let bytes = range.and_then(|(start, end)| idat.get_mut(start..end));
            let bytes = bytes.ok_or("metadata extends beyond the box that contains it")?;
            if let Some(edited) = item(bytes, *metadata, strip, self.meter) {
                bytes.copy_from_slice(&edited);
            }
        }
        Ok(())
    }
}

/// The length of the fields before the boxes in a description of pictures
/// (ISO/IEC 14496-12 §12.1.3).
pub(in crate::media) const DESCRIPTION: usize = 78;

/// Clears the name of a compressor, unless it is AV1's reference encoder. The name has 32
/// bytes, the first of which is the number of bytes used.
fn clear_compressor(fields: &mut [u8]) {
    if let Some(name) = fields.get_mut(42..74) {
        let rest = name.strip_prefix(b"\x0aAOM Coding");
        if !rest.is_some_and(|rest| rest.iter().all(|byte| *byte == 0)) {
            name.fill(0);
        }
    }
}

/// Clears two times, which have 64 bits each from version 1 on.
fn clear_times(content: &mut [u8]) {
    let end = match content.first() {
        Some(1..) => 20,
        _ => 12,
    };
    if let Some(times) = content.get_mut(4..end) {
        times.fill(0);
    }
}

/// Applies the rules that need only the box itself.
fn clean(found: &mut BoxMut<'_>, rule: Rule) {
    match rule {
        Rule::Empty => found.empty(),
        Rule::Head(start) => {
            let rest = found.content().get_mut(start..);
            rest.unwrap_or_default().fill(0);
        }
        Rule::Text(start) => {
            let texts = found.content().get_mut(start..);
            clear_texts(texts.unwrap_or_default(), false);
        }
        Rule::Entry => clear_entry(found.content()),
        Rule::Colour => {
            let kind = found.content().first_chunk::<4>();
            if !matches!(kind, Some(b"nclx" | b"nclc" | b"prof" | b"rICC")) {
                found.empty();
            }
        }
        _ => {}
    }
}

/// Clears the texts of an item's entry (§8.11.6): the name, and details of the type. They
/// follow the number, which is longer from version 3 on, and the type.
fn clear_entry(infe: &mut [u8]) {
    let start = match infe.first() {
        Some(3..) => 14,
        _ => 12,
    };
    if let Some((head, texts)) = infe.split_at_mut_checked(start) {
        clear_texts(texts, head.ends_with(b"mime"));
    }
}

/// Replaces texts, each of which ends with a zero, by spaces. Kept are a first text that is
/// a known name, and a second one that identifies XMP.
fn clear_texts(texts: &mut [u8], may_be_xmp: bool) {
    for (index, text) in texts.split_mut(|byte| *byte == 0).enumerate() {
        let stays = match index {
            0 => NAMES.contains(&&*text),
            1 => may_be_xmp && text == b"application/rdf+xml",
            _ => false,
        };
        if !stays {
            text.fill(b' ');
        }
    }
}

#[cfg(test)]
mod tests;
