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

use self::animation::Animation;
use super::{Coding, Decoder, Format, Info, Wanted, budget, exif, shrink};
use crate::{Error, Frame, Layout, Limits, Pause};

/// The first bytes of every PNG.
pub(super) const SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

type Reader<'a> = png::Reader<Cursor<Cow<'a, [u8]>>>;

pub(super) struct Png<'a> {
    info: Info,
    limits: Limits,
    layout: Layout,
    reader: Reader<'a>,
    animation: Option<Animation>,
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
    // cICP precedes iCCP, and both precede sRGB (PNG 3 §4.3).
    let icc = header.icc_profile.as_deref().filter(|_| coded.is_none());
    Info {
        format: Format::Png,
        width: header.width,
        height: header.height,
        orientation: exif.map_or(1, exif::orientation),
        icc: icc.map(<[u8]>::to_vec),
        coding: coded.map(|coded| Coding {
            primaries: coded.color_primaries,
            transfer: coded.transfer_function,
        }),
        has_alpha: layout.has_alpha(),
        frames: 1,
        loop_count: animation.map_or(1, |animation| animation.num_plays),
    }
}

impl Decoder for Png<'_> {
    fn info(&self) -> &Info {
        &self.info
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
            (
                rows::still(&mut self.reader, self.layout, shrink, &self.limits, pause)?,
                0,
            )
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

fn error(error: png::DecodingError) -> Error {
    Error::undecodable(error.to_string())
}
