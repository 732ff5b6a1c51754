//! A sequence: a track of frames, and mostly one of their alpha (ISO/IEC 23008-12 §7).

use super::Display;
use super::av1::Av1;
use super::boxes::{MISSING, SHORT, boxes, find, full, malformed};
use super::compose::{Parts, compose};
use super::layer::Layer;
use super::property::{Configuration, Property};
use super::samples::{self, Sample};
use crate::decode::reader::Reader;
use crate::decode::{Decoder, Info, Wanted, budget, shrink};
use crate::{Error, Frame, Limits, Pause};

pub(super) struct Sequence<'a> {
    source: &'a [u8],
    info: Info,
    limits: Limits,
    colour: Track<'a>,
    alpha: Option<Track<'a>>,
    colours: super::Colours,
    full_alpha: bool,
    part: [u32; 4],
    /// Frames that were given.
    given: u32,
}

/// A track, and its decoder once it has begun.
struct Track<'a> {
    size: (u32, u32),
    samples: Vec<Sample>,
    /// Units of time in a second.
    timescale: u32,
    properties: Vec<Property<'a>>,
    loop_count: u32,
    /// Whether its colours are multiplied by alpha.
    premultiplied: bool,
    decoder: Option<Av1>,
}

pub(super) fn open<'a>(
    moov: &'a [u8],
    source: &'a [u8],
    limits: &Limits,
) -> Result<Sequence<'a>, Error> {
    let (mut colour, mut alpha) = (None, None);
    for found in boxes(moov) {
        let (name, content) = found?;
        if &name != b"trak" {
            continue;
        }
        match &handler(content)? {
            b"pict" if colour.is_none() => colour = Some(Track::read(content, limits)?),
            b"auxv" if alpha.is_none() => alpha = Some(Track::read(content, limits)?),
            _ => {}
        }
    }
    let colour = colour.ok_or(malformed("the sequence has no track of pictures"))?;
    let (width, height) = colour.size;
    let frames = u32::try_from(colour.samples.len()).unwrap_or(u32::MAX);
    budget::check(width, height, frames, limits)?;
    budget::check_memory(
        colour.memory() + alpha.as_ref().map_or(0, Track::memory),
        limits,
    )?;
    let display = Display::new(colour.properties.iter());
    let colours = display.colours(&colour.bytes(0, source)?);
    let full_alpha = match &alpha {
        Some(alpha) => {
            Display::new(alpha.properties.iter())
                .colours(&alpha.bytes(0, source)?)
                .full_range
        }
        None => true,
    };
    let part = display.part(colour.size);
    let info = Info {
        has_alpha: alpha.is_some(),
        frames,
        loop_count: if frames > 1 { colour.loop_count } else { 1 },
        ..display.info(part, &colours)
    };
    Ok(Sequence {
        source,
        info,
        limits: *limits,
        colour,
        alpha,
        colours,
        full_alpha,
        part,
        given: 0,
    })
}

/// What a track has, according to its handler.
fn handler(trak: &[u8]) -> Result<[u8; 4], Error> {
    let media = find(trak, b"mdia")?.ok_or(MISSING)?;
    let (_, _, mut reader) = full(find(media, b"hdlr")?.ok_or(MISSING)?)?;
    reader.u32_be().ok_or(SHORT)?;
    reader.array().ok_or(SHORT)
}

impl<'a> Track<'a> {
    fn read(trak: &'a [u8], limits: &Limits) -> Result<Self, Error> {
        let media = find(trak, b"mdia")?.ok_or(MISSING)?;
        let information = find(media, b"minf")?.ok_or(MISSING)?;
        let tables = find(information, b"stbl")?.ok_or(MISSING)?;
        let (size, properties) = description(find(tables, b"stsd")?.ok_or(MISSING)?)?;
        Ok(Self {
            size,
            samples: samples::read(tables, limits)?,
            timescale: timescale(find(media, b"mdhd")?.ok_or(MISSING)?)?,
            properties,
            loop_count: loop_count(trak)?,
            premultiplied: find(find(trak, b"tref")?.unwrap_or_default(), b"prem")?.is_some(),
            decoder: None,
        })
    }

    fn memory(&self) -> u64 {
        const UNKNOWN: Configuration = Configuration {
            deep: true,
            monochrome: false,
            halved: (false, false),
        };
        let mut properties = self.properties.iter();
        let configuration = properties.find_map(|property| match property {
            Property::Configuration(configuration) => Some(*configuration),
            _ => None,
        });
        // The frames that others are predicted from: up to eight, mostly fewer.
        let pixels = u64::from(self.size.0) * u64::from(self.size.1);
        configuration
            .unwrap_or(UNKNOWN)
            .bytes(pixels)
            .saturating_mul(4)
    }

    fn bytes(&self, index: usize, source: &[u8]) -> Result<Vec<u8>, Error> {
        let sample = self
            .samples
            .get(index)
            .ok_or(malformed("a frame is missing"))?;
        let start = usize::try_from(sample.bytes.start).ok();
        let end = usize::try_from(sample.bytes.end).ok();
        let bytes = start
            .zip(end)
            .and_then(|(start, end)| source.get(start..end));
        let bytes = bytes.filter(|bytes| !bytes.is_empty());
        bytes
            .map(<[u8]>::to_vec)
            .ok_or(malformed("a frame has no bytes"))
    }

    /// Decodes a frame, after those before it.
    fn frame(
        &mut self,
        index: usize,
        source: &[u8],
        limits: &Limits,
    ) -> Result<Layer<'static>, Error> {
        let bytes = self.bytes(index, source)?;
        let decoder = match &mut self.decoder {
            Some(decoder) => decoder,
            none => none.insert(Av1::new(limits, 0)?),
        };
        Ok(Layer::of_planes(
            decoder.decode(bytes, self.size)?,
            self.size,
        ))
    }

    /// How long a frame is shown, in milliseconds.
    fn delay(&self, index: usize) -> u32 {
        let duration = self
            .samples
            .get(index)
            .map_or(0, |sample| u64::from(sample.duration));
        let scale = u64::from(self.timescale.max(1));
        u32::try_from((duration * 1000 + scale / 2) / scale).unwrap_or(u32::MAX)
    }
}

/// The size and the properties in the description of AV1 samples (`stsd`, §8.5.2).
fn description(stsd: &[u8]) -> Result<((u32, u32), Vec<Property<'_>>), Error> {
    /// The length of a visual sample entry without boxes (§12.1.3).
    const ENTRY: usize = 78;
    let (_, _, mut reader) = full(stsd)?;
    reader.u32_be().ok_or(SHORT)?;
    for found in boxes(reader.rest()) {
        let (name, content) = found?;
        if &name != b"av01" {
            continue;
        }
        let mut fields = Reader::new(content.get(24..).ok_or(SHORT)?);
        let (width, height) = fields.u16_be().zip(fields.u16_be()).ok_or(SHORT)?;
        let properties = boxes(content.get(ENTRY..).ok_or(SHORT)?).map(|found| {
            let (name, content) = found?;
            Property::read(&name, content)
        });
        return Ok((
            (width.into(), height.into()),
            properties.collect::<Result<_, _>>()?,
        ));
    }
    Err(malformed("the sequence has no AV1 samples"))
}

/// The units of time in a second (`mdhd`, §8.4.2).
fn timescale(mdhd: &[u8]) -> Result<u32, Error> {
    let (version, _, mut reader) = full(mdhd)?;
    reader
        .take(if version == 1 { 16 } else { 8 })
        .ok_or(SHORT)?;
    reader.u32_be().ok_or(SHORT)
}

/// How often the track is played: 0 is for ever, which is also what it is if nothing is said.
/// An edit list that repeats (`elst`, §8.6.6) fills the duration of the track (`tkhd`, §8.3.2).
fn loop_count(trak: &[u8]) -> Result<u32, Error> {
    let Some(list) = find(find(trak, b"edts")?.unwrap_or_default(), b"elst")? else {
        return Ok(0);
    };
    let (version, flags, mut list) = full(list)?;
    let count = list.u32_be().ok_or(SHORT)?;
    if flags & 1 == 0 || count != 1 {
        return Ok(1);
    }
    let segment = if version == 1 {
        list.u64_be()
    } else {
        list.u32_be().map(u64::from)
    };
    let (version, _, mut header) = full(find(trak, b"tkhd")?.ok_or(MISSING)?)?;
    // Two times, the number of the track, and a reserved field.
    header
        .take(if version == 1 { 24 } else { 16 })
        .ok_or(SHORT)?;
    let duration = if version == 1 {
        header.u64_be().filter(|duration| *duration != u64::MAX)
    } else {
        header
            .u32_be()
            .filter(|duration| *duration != u32::MAX)
            .map(u64::from)
    };
    let times = duration.zip(segment.filter(|segment| *segment > 0));
    let times = times.map_or(0, |(duration, segment)| duration.div_ceil(segment));
    Ok(u32::try_from(times).unwrap_or(0))
}

impl Decoder for Sequence<'_> {
    fn info(&self) -> &Info {
        &self.info
    }

    fn next_frame(&mut self, wanted: &Wanted, pause: &dyn Pause) -> Result<Option<Frame>, Error> {
        let last = self.info.last_frame(wanted);
        if self.given >= last {
            return Ok(None);
        }
        let index = self.given as usize;
        let colour = self.colour.frame(index, self.source, &self.limits);
        let alpha = self
            .alpha
            .as_mut()
            .map(|track| track.frame(index, self.source, &self.limits));
        pause.pause();
        let (colour, alpha) = match (colour, alpha.transpose()) {
            (Ok(colour), Ok(alpha)) => (colour, alpha),
            // A sequence ends before its first damaged frame.
            _ if index > 0 => {
                self.given = last;
                return Ok(None);
            }
            (Err(error), _) | (_, Err(error)) => return Err(error),
        };
        self.given += 1;
        let parts = Parts {
            colour,
            alpha,
            colours: self.colours,
            full_alpha: self.full_alpha,
            premultiplied: self.colour.premultiplied,
            part: self.part,
        };
        let shrink = shrink::factor((self.info.width, self.info.height), wanted.at_least);
        let image = compose(parts, shrink, &self.limits, pause)?;
        let delay = if self.info.frames > 1 {
            self.colour.delay(index)
        } else {
            0
        };
        Ok(Some(Frame {
            image,
            shrink: shrink.into(),
            delay,
        }))
    }
}
