//! PNG and APNG, by the crate `png`. Palettes and few bits are expanded, 16 bits rounded to 8.
//! A still flows by rows: each is added to the smaller picture when it comes, the rows and
//! pixels of an interlaced one too. Frames of an animation are composed on a canvas.

mod animation;
mod chunks;
mod rows;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io::Cursor;

use darkroom_transform::Rect;

use self::animation::Animation;
use super::{Coding, Decoder, Format, Info, Wanted, budget, exif, shrink};
use crate::{Error, Frame, Image, Layout, Limits, Pause};

/// The first bytes of every PNG.
pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

type Reader<'a> = png::Reader<Cursor<Cow<'a, [u8]>>>;

pub(super) struct Png<'a> {
    info: Info,
    limits: Limits,
    layout: Layout,
    reader: Reader<'a>,
    animation: Option<Animation>,
    /// The part that is needed.
    part: Rect,
    /// Where the part that was decoded begins.
    origin: (u32, u32),
    /// Frames that were given.
    given: u32,
}

pub(super) fn open<'a>(source: &'a [u8], limits: &Limits) -> Result<Png<'a>, Error> {
    let frames = chunks::frames(source);
    // As in browsers, an animation without a sound frame is a still.
    let source = match frames {
        Some(frames) if frames.count == 0 => Cow::Owned(chunks::still(source)),
        _ => Cow::Borrowed(source),
    };
    let bytes = limits.max_memory;
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(source), png::Limits { bytes });
    decoder.set_transformations(png::Transformations::EXPAND);
    decoder.set_ignore_text_chunk(true);
    let header = decoder.read_header_info().map_err(error)?;
    budget::check(header.width, header.height, 1, limits)?;
    let reader = decoder.read_info().map_err(error)?;
    let layout = match reader.output_color_type().0 {
        png::ColorType::Grayscale => Layout::Grey,
        png::ColorType::GrayscaleAlpha => Layout::GreyAlpha,
        png::ColorType::Rgb => Layout::Rgb,
        png::ColorType::Rgba => Layout::Rgba,
        png::ColorType::Indexed => return Err(Error::undecodable("it has no palette")),
    };
    let mut info = describe(reader.info(), layout);
    if let Some(frames) = frames.filter(|frames| frames.count > 1) {
        info.frames = frames.count;
        info.has_alpha |= frames.clears;
    } else {
        info.loop_count = 1;
    }
    budget::check(info.width, info.height, info.frames, limits)?;
    Ok(Png {
        part: Rect {
            x: 0,
            y: 0,
            width: info.width,
            height: info.height,
        },
        origin: (0, 0),
        info,
        limits: *limits,
        layout,
        reader,
        animation: None,
        given: 0,
    })
}

fn describe(header: &png::Info<'_>, layout: Layout) -> Info {
    let animation = header.animation_control;
    let exif = header.exif_metadata.as_deref();
    let coded = header.coding_independent_code_points;
    // cICP precedes iCCP, both precede sRGB, and that precedes gAMA and cHRM (PNG 3 §4.3).
    let icc = header.icc_profile.as_deref().filter(|_| coded.is_none());
    Info {
        format: Format::Png,
        width: header.width,
        height: header.height,
        orientation: exif.map_or(1, exif::orientation),
        icc: icc.map(<[u8]>::to_vec),
        coding: match coded {
            Some(coded) => Some(Coding::Points {
                primaries: coded.color_primaries,
                transfer: coded.transfer_function,
            }),
            None => measured(header),
        },
        has_alpha: layout.has_alpha(),
        frames: 1,
        loop_count: animation.map_or(1, |animation| animation.num_plays),
    }
}

/// The colours that gAMA and cHRM describe, where nothing precedes them.
fn measured(header: &png::Info<'_>) -> Option<Coding> {
    if header.icc_profile.is_some() || header.srgb.is_some() {
        return None;
    }
    let gamma = header.gama_chunk.map(png::ScaledFloat::into_scaled);
    let chromaticities = header.chrm_chunk.map(|chunk| {
        [chunk.white, chunk.red, chunk.green, chunk.blue]
            .map(|(x, y)| (x.into_scaled(), y.into_scaled()))
    });
    (gamma.is_some() || chromaticities.is_some()).then_some(Coding::Measured {
        gamma,
        chromaticities,
    })
}

impl Decoder for Png<'_> {
    fn info(&self) -> &Info {
        &self.info
    }

    fn confine(&mut self, part: Rect) {
        self.part = part;
    }

    fn origin(&self) -> (u32, u32) {
        self.origin
    }

    fn next_frame(&mut self, wanted: &Wanted, pause: &dyn Pause) -> Result<Option<Frame>, Error> {
        let last = self.info.last_frame(wanted);
        if self.given >= last {
            return Ok(None);
        }
        let size = (self.info.width, self.info.height);
        let shrink = shrink::factor(size, wanted.at_least);
        // The picture that other decoders show may be no frame of the animation.
        let header = self.reader.info();
        if self.given == 0 && header.animation_control.is_some() && header.frame_control.is_none() {
            self.reader.next_frame_info().map_err(error)?;
        }
        let whole = self
            .reader
            .info()
            .frame_control
            .is_none_or(|frame| (frame.width, frame.height) == size);
        let (image, delay) = if self.info.frames == 1 && whole {
            (self.still(shrink, pause)?, 0)
        } else {
            let animation = match &mut self.animation {
                Some(animation) => animation,
                none => none.insert(Animation::new(size, self.layout, &self.limits)?),
            };
            let Some(delay) = animation.next(&mut self.reader, self.given, pause)? else {
                self.given = last;
                return Ok(None);
            };
            let image = animation.picture(self.info.has_alpha)?;
            (shrink::shrink(image, shrink, &self.limits, pause)?, delay)
        };
        self.given += 1;
        Ok(Some(Frame {
            image,
            shrink: shrink.into(),
            delay,
        }))
    }
}

impl Png<'_> {
    /// The part of a still that is needed, or all of it.
    fn still(&mut self, shrink: u32, pause: &dyn Pause) -> Result<Image, Error> {
        let (layout, limits) = (self.layout, &self.limits);
        if self.reader.info().interlaced {
            return rows::interlaced(&mut self.reader, layout, shrink, limits, pause);
        }
        // Whole pixels of the smaller picture.
        let along = |start: u32, length: u32, side: u32| {
            let end = start.saturating_add(length).min(side);
            let start = start.min(end.saturating_sub(1)) / shrink * shrink;
            let end = end.checked_next_multiple_of(shrink).unwrap_or(side);
            (start, end.min(side) - start)
        };
        let (x, width) = along(self.part.x, self.part.width, self.info.width);
        let (y, height) = along(self.part.y, self.part.height, self.info.height);
        let part = Rect {
            x,
            y,
            width,
            height,
        };
        self.origin = (x, y);
        rows::part(&mut self.reader, layout, (shrink, part), limits, pause)
    }
}

fn error(error: png::DecodingError) -> Error {
    Error::undecodable(error.to_string())
}
