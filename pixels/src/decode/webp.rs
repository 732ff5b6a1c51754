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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::NoPause;
    use crate::testing::{picture, psnr_of};

    const FULL: Wanted = Wanted {
        at_least: (u32::MAX, u32::MAX),
        first_frame_only: false,
    };

    fn read(file: &[u8], wanted: &Wanted) -> (Info, Vec<Frame>) {
        let mut decoder = super::super::open(file, &Limits::default()).unwrap();
        let mut frames = Vec::new();
        while let Some(frame) = decoder.next_frame(wanted, &NoPause).unwrap() {
            frames.push(frame);
        }
        (decoder.info().clone(), frames)
    }

    fn chunk(name: &[u8; 4], content: &[u8]) -> Vec<u8> {
        let padding = &[0][..content.len() % 2];
        let length = (content.len() as u32).to_le_bytes();
        [&name[..], &length, content, padding].concat()
    }

    /// Encodes a picture without loss, with metadata.
    fn lossless(image: &Image) -> Vec<u8> {
        let colours = match image.layout() {
            Layout::Rgba => image_webp::ColorType::Rgba8,
            _ => image_webp::ColorType::Rgb8,
        };
        let mut file = Vec::new();
        let mut encoder = image_webp::WebPEncoder::new(&mut file);
        encoder.set_icc_profile(vec![5; 100]);
        encoder.set_exif_metadata(
            b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x08\0\0".to_vec(),
        );
        encoder
            .encode(image.pixels(), image.width(), image.height(), colours)
            .unwrap();
        file
    }

    #[test]
    fn what_is_coded_without_loss_comes_out_as_it_went_in() {
        for layout in [Layout::Rgb, Layout::Rgba] {
            let image = picture(33, 21, layout);
            let (info, frames) = read(&lossless(&image), &FULL);
            assert_eq!(
                (info.format, info.width, info.height),
                (Format::Webp, 33, 21)
            );
            assert_eq!((info.orientation, info.icc), (8, Some(vec![5; 100])));
            assert_eq!(
                (info.has_alpha, info.frames, info.loop_count),
                (layout.has_alpha(), 1, 1)
            );
            assert_eq!(
                frames,
                [Frame {
                    image,
                    shrink: 1,
                    delay: 0
                }]
            );
        }
    }

    #[test]
    fn lossy_pictures_and_animations_are_decoded() {
        let (info, frames) = read(include_bytes!("../../../tests/fixtures/lossy.webp"), &FULL);
        assert_eq!((info.width, info.height, frames.len()), (120, 90, 1));
        let animated = include_bytes!("../../../tests/fixtures/animated.webp");
        let (info, frames) = read(animated, &FULL);
        assert_eq!((info.frames, info.loop_count, frames.len()), (5, 0, 5));
        assert!(frames.iter().all(|frame| frame.delay == 80));
        assert_ne!(frames[0].image, frames[4].image);
        let (_, first) = read(
            animated,
            &Wanted {
                first_frame_only: true,
                ..FULL
            },
        );
        assert_eq!(first[..], frames[..1]);
        // Without its last bytes, the last frame.
        let (_, cut) = read(&animated[..animated.len() - 60], &FULL);
        assert_eq!(cut[..], frames[..4]);
    }

    #[test]
    fn frames_are_disposed_of_to_transparency() {
        let image = |side: u32, colour: [u8; 4]| {
            let pixels = colour.repeat((side * side) as usize);
            let mut file = Vec::new();
            let encoder = image_webp::WebPEncoder::new(&mut file);
            encoder
                .encode(&pixels, side, side, image_webp::ColorType::Rgba8)
                .unwrap();
            file.split_off(12)
        };
        let frame = |side: u8, colour: [u8; 4], flags: u8| {
            let head = [
                0,
                0,
                0,
                0,
                0,
                0,
                side - 1,
                0,
                0,
                side - 1,
                0,
                0,
                40,
                0,
                0,
                flags,
            ];
            chunk(b"ANMF", &[&head[..], &image(side.into(), colour)].concat())
        };
        // The canvas has 4 x 4 pixels, alpha and frames; the colour that it states is ignored.
        let body = [
            chunk(b"VP8X", &[0x12, 0, 0, 0, 3, 0, 0, 3, 0, 0]),
            chunk(b"ANIM", &[9, 9, 9, 255, 2, 0]),
            frame(4, [255, 0, 0, 255], 1),
            frame(2, [0, 0, 255, 255], 0),
        ]
        .concat();
        let file = chunk(b"RIFF", &[b"WEBP", &body[..]].concat());
        let (info, frames) = read(&file, &FULL);
        assert_eq!((info.frames, info.loop_count, info.has_alpha), (2, 2, true));
        assert_eq!(frames[0].image.pixels(), [255, 0, 0, 255].repeat(16));
        let row = [[0, 0, 255, 255], [0, 0, 255, 255], [0; 4], [0; 4]].concat();
        assert_eq!(
            frames[1].image.pixels(),
            [row.repeat(2), vec![0; 32]].concat()
        );
        assert_eq!(frames[1].delay, 40);
    }

    #[test]
    fn pictures_are_reduced() {
        let image = picture(120, 90, Layout::Rgb);
        let (_, frames) = read(
            &lossless(&image),
            &Wanted {
                at_least: (30, 20),
                ..FULL
            },
        );
        assert_eq!((frames[0].shrink, frames[0].image.width()), (4, 30));
        let whole = shrink::shrink(image, 4, &Limits::default(), &NoPause).unwrap();
        assert!(psnr_of(frames[0].image.pixels(), whole.pixels()) > 90.0);
    }
}
