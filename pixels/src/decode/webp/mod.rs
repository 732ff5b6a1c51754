//! WebP, by the crate `image-webp`. Pictures are in memory as a whole, and are reduced there. Each
//! frame of an animation is decoded as a file of its own, and drawn on a canvas.

mod animation;
#[cfg(test)]
mod tests;

use std::io::{BufRead, Cursor, Seek};

use image_webp::{LoopCount, WebPDecoder};

use self::animation::Animation;
use super::{Decoder, Format, Info, Wanted, budget, exif, shrink};
use crate::{Error, Frame, Image, Layout, Limits, Pause};

pub(super) struct Webp<'a> {
    info: Info,
    limits: Limits,
    decoder: WebPDecoder<Cursor<&'a [u8]>>,
    animation: Option<Animation<'a>>,
    /// Frames that were given.
    given: u32,
}

pub(super) fn open<'a>(source: &'a [u8], limits: &Limits) -> Result<Webp<'a>, Error> {
    let mut decoder = WebPDecoder::new(Cursor::new(source)).map_err(error)?;
    decoder.set_memory_limit(limits.max_memory);
    let (width, height) = decoder.dimensions();
    let animation = decoder
        .is_animated()
        .then(|| Animation::new(source, (width, height)));
    let frames = animation.as_ref().map_or(1, Animation::frames);
    budget::check(width, height, frames, limits)?;
    // Lossy planes or a lossless picture of four channels, and the result.
    let pixels = u64::from(width) * u64::from(height);
    budget::check_memory(pixels.saturating_mul(8), limits)?;
    // A file may announce a profile and not have it.
    let icc = decoder.icc_profile().ok().flatten();
    let exif = decoder.exif_metadata().ok().flatten();
    let info = Info {
        format: Format::Webp,
        width,
        height,
        orientation: exif.as_deref().map_or(1, exif::orientation),
        icc,
        coding: None,
        has_alpha: decoder.has_alpha(),
        frames,
        loop_count: match decoder.loop_count() {
            _ if frames == 1 => 1,
            LoopCount::Forever => 0,
            LoopCount::Times(times) => times.get().into(),
        },
    };
    Ok(Webp {
        info,
        limits: *limits,
        decoder,
        animation,
        given: 0,
    })
}

impl Decoder for Webp<'_> {
    fn info(&self) -> &Info {
        &self.info
    }

    fn next_frame(&mut self, wanted: &Wanted, pause: &dyn Pause) -> Result<Option<Frame>, Error> {
        let last = self.info.last_frame(wanted);
        if self.given >= last {
            return Ok(None);
        }
        let (width, height) = (self.info.width, self.info.height);
        let (image, delay) = match &mut self.animation {
            None => (picture(&mut self.decoder, &self.limits)?, 0),
            Some(animation) => match animation.next(&self.limits, pause) {
                Ok(delay) => {
                    let delay = if self.info.frames > 1 { delay } else { 0 };
                    (animation.picture(self.info.has_alpha)?, delay)
                }
                // An animation ends before its first damaged frame.
                Err(_) if self.given > 0 => {
                    self.given = last;
                    return Ok(None);
                }
                Err(error) => return Err(error),
            },
        };
        pause.pause();
        self.given += 1;
        let shrink = shrink::factor((width, height), wanted.at_least);
        let image = shrink::shrink(image, shrink, &self.limits, pause)?;
        Ok(Some(Frame {
            image,
            shrink: shrink.into(),
            delay,
        }))
    }
}

/// Decodes a still.
fn picture<R: BufRead + Seek>(
    decoder: &mut WebPDecoder<R>,
    limits: &Limits,
) -> Result<Image, Error> {
    let (width, height) = decoder.dimensions();
    let layout = if decoder.has_alpha() {
        Layout::Rgba
    } else {
        Layout::Rgb
    };
    // The decoder takes a buffer of exactly this length.
    let length = decoder.output_buffer_size().unwrap_or(usize::MAX);
    let mut pixels = budget::zeros(length, limits)?;
    decoder.read_image(&mut pixels).map_err(error)?;
    Ok(Image::new(width, height, layout, pixels)?)
}

fn error(error: image_webp::DecodingError) -> Error {
    Error::undecodable(error.to_string())
}
