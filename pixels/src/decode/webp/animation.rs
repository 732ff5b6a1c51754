//! The frames of an animation (RFC 9649 §2.7.1.1), composed.

use std::io::Cursor;

use image_webp::WebPDecoder;

use super::{error, picture};
use crate::decode::canvas::{Canvas, Disposal, Rect, over};
use crate::decode::reader::Reader;
use crate::{Error, Image, Layout, Limits, Pause};

pub(super) struct Animation<'a> {
    size: (u32, u32),
    /// The contents of `ANMF` chunks.
    frames: Vec<&'a [u8]>,
    /// The number of the next frame.
    next: usize,
    canvas: Option<Canvas>,
}

impl<'a> Animation<'a> {
    /// The animation of a file whose canvas has this size.
    pub(super) fn new(source: &'a [u8], size: (u32, u32)) -> Self {
        const HEADER: usize = 12;
        let frames = chunks(source.get(HEADER..).unwrap_or_default());
        let frames = frames
            .filter(|(name, _)| name == b"ANMF")
            .map(|(_, content)| content);
        Self {
            size,
            frames: frames.collect(),
            next: 0,
            canvas: None,
        }
    }

    pub(super) fn frames(&self) -> u32 {
        u32::try_from(self.frames.len()).unwrap_or(u32::MAX)
    }

    /// Draws the next frame, and returns its delay in milliseconds.
    pub(super) fn next(&mut self, limits: &Limits, pause: &dyn Pause) -> Result<u32, Error> {
        let missing = Error::undecodable("a frame of the animation is cut off");
        let content = *self.frames.get(self.next).ok_or(missing.clone())?;
        self.next += 1;
        let mut reader = Reader::new(content);
        let fields = [(); 5].map(|()| u24(&mut reader));
        let [
            Some(left),
            Some(top),
            Some(width),
            Some(height),
            Some(delay),
        ] = fields
        else {
            return Err(missing);
        };
        let flags = reader.u8().ok_or(missing)?;
        let rect = Rect {
            left: left * 2,
            top: top * 2,
            width: width + 1,
            height: height + 1,
        };
        if rect.left + rect.width > self.size.0 || rect.top + rect.height > self.size.1 {
            return Err(Error::undecodable(
                "a frame of the animation is not on its canvas",
            ));
        }
        let mut decoder =
            WebPDecoder::new(Cursor::new(file(reader.rest(), rect))).map_err(error)?;
        if decoder.dimensions() != (rect.width, rect.height) {
            return Err(Error::undecodable(
                "a frame of the animation has another size than it states",
            ));
        }
        let canvas = match &mut self.canvas {
            Some(canvas) => canvas,
            none => none.insert(Canvas::new(self.size.0, self.size.1, limits)?),
        };
        let image = picture(&mut decoder, limits)?;
        let disposal = if flags & 1 == 1 {
            Disposal::Clear
        } else {
            Disposal::Keep
        };
        canvas.begin(rect, disposal);
        draw(canvas, rect, &image, flags & 2 == 0, pause);
        Ok(delay)
    }

    pub(super) fn picture(&self, has_alpha: bool) -> Result<Image, Error> {
        let nothing = Error::undecodable("the animation has no frame");
        self.canvas.as_ref().ok_or(nothing)?.picture(has_alpha)
    }
}

fn u24(reader: &mut Reader<'_>) -> Option<u32> {
    let [low, middle, high] = reader.array()?;
    Some(u32::from_le_bytes([low, middle, high, 0]))
}

/// The chunks of a file: their names and contents, as far as they are there.
fn chunks(source: &[u8]) -> impl Iterator<Item = ([u8; 4], &[u8])> {
    let mut reader = Reader::new(source);
    std::iter::from_fn(move || {
        let name = reader.array()?;
        let length = usize::try_from(reader.u32_le()?).ok()?;
        let content = reader.take(length)?;
        // The last chunk may lack its padding.
        reader.take(length % 2).or_else(|| reader.take(0))?;
        Some((name, content))
    })
}

/// The chunks of a frame as a file.
fn file(frame: &[u8], rect: Rect) -> Vec<u8> {
    let mut chunks = Vec::with_capacity(frame.len() + 40);
    chunks.extend_from_slice(b"WEBP");
    if frame.starts_with(b"ALPH") {
        const ALPHA: u8 = 0x10;
        let [width, height] = [rect.width - 1, rect.height - 1].map(u32::to_le_bytes);
        chunks.extend_from_slice(b"VP8X\x0a\0\0\0");
        chunks.extend_from_slice(&[ALPHA, 0, 0, 0]);
        chunks.extend_from_slice(&width[..3]);
        chunks.extend_from_slice(&height[..3]);
    }
    chunks.extend_from_slice(frame);
    let length = u32::try_from(chunks.len())
        .unwrap_or(u32::MAX)
        .to_le_bytes();
    [&b"RIFF"[..], &length, &chunks].concat()
}

fn draw(canvas: &mut Canvas, rect: Rect, image: &Image, blend: bool, pause: &dyn Pause) {
    for (y, row) in (0..).zip(image.rows()) {
        let places = canvas
            .row(rect, y)
            .unwrap_or_default()
            .as_chunks_mut::<4>()
            .0
            .iter_mut();
        if image.layout() == Layout::Rgba {
            for (place, pixel) in places.zip(row.as_chunks::<4>().0) {
                if blend {
                    over(place, *pixel);
                } else {
                    *place = *pixel;
                }
            }
        } else {
            for (place, [red, green, blue]) in places.zip(row.as_chunks::<3>().0) {
                *place = [*red, *green, *blue, 255];
            }
        }
        pause.pause();
    }
}
