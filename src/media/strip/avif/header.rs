//! What header boxes hold besides what a decoder needs.
//!
//! Each kind of box has a list of those that may be in it and are needed. Others
//! are emptied in place, so that no length, offset or number of a property changes.

use std::ops::Range;

use super::{Secret, item};
use crate::media::Strip;
use crate::media::boxes::{BoxMut, MAX_DEPTH, Reason, SHORT, first_mut};
use crate::media::meter::{Meter, PART};

/// Goes over header boxes, whatever becomes of metadata: their sizes and how deep
/// they lie are checked in any case.
#[derive(Debug)]
pub(in crate::media) struct Headers<'a> {
    strip: Option<Strip>,
    /// Metadata in the `idat` box, by its offsets there.
    secrets: &'a [(Range<u64>, Secret)],
    meter: &'a mut Meter,
}

/// What boxes lie in.
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

/// What becomes of a box.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Rule {
    Keep,
    /// So many bytes stay, and what boxes come then is looked at.
    Inside(usize, Parent),
    /// So many bytes stay, and what text comes then if an encoder gives it.
    Text(usize),
    /// The entries of items, which begin where the version says.
    Entries,
    /// An item's entry: as `Text`, from where the version says.
    Entry,
    /// So many bytes stay, and no more.
    Head(usize),
    /// A description of AV1 samples.
    Description,
    /// What it begins with, when something was made and changed, is metadata.
    Times,
    /// A colour profile or what stands for one.
    Colour,
    /// Data of items.
    Data,
    Empty,
    /// Readers would differ in what they make of it.
    Refuse,
}

/// Boxes that hold what decides about others.
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
        // Where else data may be: none is.
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
        // Of sound.
        (Parent::Descriptions, _) => Rule::Keep,
        _ => Rule::Empty,
    }
}

/// Properties that tell how a picture is decoded and shown.
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

/// What encoders write where there is room for a name.
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
        secrets: &'a [(Range<u64>, Secret)],
        meter: &'a mut Meter,
    ) -> Self {
        Self {
            strip,
            secrets,
            meter,
        }
    }

    /// Edits what a `meta` box holds.
    pub(in crate::media) fn meta(mut self, content: &mut [u8]) -> Result<(), Reason> {
        // After version and flags.
        let boxes = content.get_mut(4..).ok_or(SHORT)?;
        self.boxes(boxes, Parent::Meta, MAX_DEPTH)
    }

    /// Edits what a `moov` box holds.
    pub(in crate::media) fn moov(mut self, content: &mut [u8]) -> Result<(), Reason> {
        self.boxes(content, Parent::Movie, MAX_DEPTH)
    }

    /// Edits boxes that may lie in each other as deep as `depth` says.
    fn boxes(&mut self, mut rest: &mut [u8], parent: Parent, depth: u32) -> Result<(), Reason> {
        let deep = "boxes lie in each other more than eight deep";
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
            (Rule::Refuse, _) => Err("a box lies in one that cannot hold it"),
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
        for (range, secret) in self.secrets {
            let start = usize::try_from(range.start).ok();
            let range = start.zip(usize::try_from(range.end).ok());
            let bytes = range.and_then(|(start, end)| idat.get_mut(start..end));
            let bytes = bytes.ok_or("metadata lies outside of its box")?;
            if let Some(edited) = item(bytes, *secret, strip, self.meter) {
                bytes.copy_from_slice(&edited);
            }
        }
        Ok(())
    }
}

/// The length of the fields before the boxes in a description of pictures
/// (ISO/IEC 14496-12 §12.1.3).
const DESCRIPTION: usize = 78;

/// Takes the name of a compressor away, but for the one of AV1's reference. It has
/// 32 bytes, of which the first says how many of them it needs.
fn clear_compressor(fields: &mut [u8]) {
    if let Some(name) = fields.get_mut(42..74) {
        let rest = name.strip_prefix(b"\x0aAOM Coding");
        if !rest.is_some_and(|rest| rest.iter().all(|byte| *byte == 0)) {
            name.fill(0);
        }
    }
}

/// Takes two times away, which have 64 bits each from version 1 on.
fn clear_times(content: &mut [u8]) {
    let end = match content.first() {
        Some(1..) => 20,
        _ => 12,
    };
    if let Some(times) = content.get_mut(4..end) {
        times.fill(0);
    }
}

/// What can be decided of a box by itself.
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

/// An item's entry (§8.11.6): its number, which is longer from version 3 on, its
/// type, and texts: its name, and what its type is more closely.
fn clear_entry(infe: &mut [u8]) {
    let start = match infe.first() {
        Some(3..) => 14,
        _ => 12,
    };
    if let Some((head, texts)) = infe.split_at_mut_checked(start) {
        clear_texts(texts, head.ends_with(b"mime"));
    }
}

/// Makes spaces of texts, each of which ends with a zero, but for a first that is
/// the name of something and a second that says that this is XMP.
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
