//! WebP, by the crate `image-webp`, which composes the frames of animations. Pictures are in
//! memory as a whole, and are reduced there.

use std::io::Cursor;

use image_webp::{LoopCount, WebPDecoder};

use super::{Decoder, Format, Info, Wanted, budget, exif, shrink};
use crate::{Error, Frame, Image, Layout, Limits, Pause};

pub(super) struct Webp<'a> {
    info: Info,
    limits: Limits,
    decoder: WebPDecoder<Cursor<&'a [u8]>>,
    animated: bool,
    /// Frames that were given.
    given: u32,
}

pub(super) fn open<'a>(source: &'a [u8], limits: &Limits) -> Result<Webp<'a>, Error> {
    let mut decoder = WebPDecoder::new(Cursor::new(source)).map_err(error)?;
    decoder.set_memory_limit(limits.max_memory);
    let (width, height) = decoder.dimensions();
    let animated = decoder.is_animated();
    let frames = if animated { decoder.num_frames() } else { 1 };
    budget::check(width, height, frames, limits)?;
    let pixels = u64::from(width) * u64::from(height);
    // Lossy planes or a lossless picture of four channels, and the result; an animation has a
    // canvas, too.
    let bytes = if animated { 16 } else { 8 };
    budget::check_memory(pixels.saturating_mul(bytes), limits)?;
    if animated {
        // Browsers ignore the colour that the file states.
        decoder.set_background_color([0; 4]).map_err(error)?;
    }
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
            LoopCount::Forever => 0,
            LoopCount::Times(times) => times.get().into(),
        },
    };
    Ok(Webp {
        info,
        limits: *limits,
        decoder,
        animated,
        given: 0,
    })
}

impl Decoder for Webp<'_> {
    fn info(&self) -> &Info {
        &self.info
    }

    fn next_frame(&mut self, wanted: &Wanted, pause: &dyn Pause) -> Result<Option<Frame>, Error> {
        let last = if wanted.first_frame_only {
            1
        } else {
            self.info.frames
        };
        if self.given >= last {
            return Ok(None);
        }
        // The decoder takes a buffer of exactly this length.
        let length = self.decoder.output_buffer_size().unwrap_or(usize::MAX);
        let mut pixels = budget::zeros(length, &self.limits)?;
        let decoded = if self.animated {
            self.decoder.read_frame(&mut pixels)
        } else {
            self.decoder.read_image(&mut pixels).map(|()| 0)
        };
        pause.pause();
        let delay = match decoded {
            Ok(delay) => delay,
            // An animation ends before its first damaged frame.
            Err(_) if self.given > 0 => {
                self.given = last;
                return Ok(None);
            }
            Err(problem) => return Err(error(problem)),
        };
        self.given += 1;
        let layout = if self.info.has_alpha {
            Layout::Rgba
        } else {
            Layout::Rgb
        };
        let (width, height) = (self.info.width, self.info.height);
        let image = Image::new(width, height, layout, pixels)?;
        let shrink = shrink::factor((width, height), wanted.at_least);
        let image = shrink::shrink(image, shrink, &self.limits, pause)?;
        Ok(Some(Frame {
            image,
            shrink,
            delay,
        }))
    }
}

fn error(error: image_webp::DecodingError) -> Error {
    Error::undecodable(error.to_string())
}
