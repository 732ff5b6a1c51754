//! GIF, by the crate `gif`: the indices of each frame become colours row by row, and are drawn on
//! a canvas. A frame whose data is damaged or ends early is drawn as far as it goes.

mod blocks;
#[cfg(test)]
mod tests;

use std::io::Cursor;
use std::num::NonZeroU64;

use self::blocks::Blocks;
use super::canvas::{Canvas, Disposal, Rect};
use super::{Decoder, Format, Info, Wanted, budget, shrink};
use crate::{Cost, Error, Frame, Limits, Pause};

pub(super) struct Gif<'a> {
    info: Info,
    limits: Limits,
    decoder: gif::Decoder<Cursor<&'a [u8]>>,
    canvas: Option<Canvas>,
    /// Frames that were given.
    given: u32,
}

pub(super) fn open<'a>(source: &'a [u8], limits: &Limits) -> Result<Gif<'a>, Error> {
    let Blocks {
        width,
        height,
        frames,
        loop_count,
        has_alpha,
        largest,
    } = blocks::read(source)?;
    budget::check(width, height, frames, limits)?;
    if largest > limits.max_pixels {
        let (needed, limit) = (largest, limits.max_pixels);
        return Err(Error::TooCostly {
            cost: Cost::Pixels,
            needed,
            limit,
        });
    }
    let mut options = gif::DecodeOptions::new();
    options.set_color_output(gif::ColorOutput::Indexed);
    let memory = NonZeroU64::new(limits.max_memory as u64).unwrap_or(NonZeroU64::MIN);
    options.set_memory_limit(gif::MemoryLimit::Bytes(memory));
    let decoder = options.read_info(Cursor::new(source)).map_err(error)?;
    let info = Info {
        format: Format::Gif,
        width,
        height,
        orientation: 1,
        icc: None,
        coding: None,
        has_alpha,
        frames,
        loop_count: if frames > 1 { loop_count } else { 1 },
    };
    Ok(Gif {
        info,
        limits: *limits,
        decoder,
        canvas: None,
        given: 0,
    })
}

impl Decoder for Gif<'_> {
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
        let next = match self.decoder.next_frame_info() {
            Ok(frame) => frame.map(|frame| (rect(frame), disposal(frame.dispose), frame.delay)),
            // An animation ends before a frame without a head.
            Err(_) if self.given > 0 => None,
            Err(problem) => return Err(error(problem)),
        };
        let Some((rect, disposal, delay)) = next else {
            self.given = last;
            return Ok(None);
        };
        let size = (self.info.width, self.info.height);
        let canvas = match &mut self.canvas {
            Some(canvas) => canvas,
            none => none.insert(Canvas::new(size.0, size.1, &self.limits)?),
        };
        canvas.begin(rect, disposal);
        let drawn = draw(&mut self.decoder, canvas, rect, pause);
        if self.given == 0 && drawn == 0 {
            return Err(Error::undecodable("the data of the first frame is damaged"));
        }
        self.given += 1;
        let shrink = shrink::factor(size, wanted.at_least);
        let image = canvas.picture(self.info.has_alpha)?;
        let image = shrink::shrink(image, shrink, &self.limits, pause)?;
        Ok(Some(Frame {
            image,
            shrink,
            delay: if self.info.frames > 1 {
                u32::from(delay) * 10
            } else {
                0
            },
        }))
    }
}

fn rect(frame: &gif::Frame<'_>) -> Rect {
    Rect {
        left: frame.left.into(),
        top: frame.top.into(),
        width: frame.width.into(),
        height: frame.height.into(),
    }
}

fn disposal(method: gif::DisposalMethod) -> Disposal {
    match method {
        gif::DisposalMethod::Any | gif::DisposalMethod::Keep => Disposal::Keep,
        gif::DisposalMethod::Background => Disposal::Clear,
        gif::DisposalMethod::Previous => Disposal::Restore,
    }
}

/// Draws the current frame as far as its data goes. Returns the number of its rows.
fn draw(
    decoder: &mut gif::Decoder<Cursor<&[u8]>>,
    canvas: &mut Canvas,
    rect: Rect,
    pause: &dyn Pause,
) -> u32 {
    let Some(frame) = decoder.current_frame_info() else {
        return 0;
    };
    let (interlaced, transparent) = (frame.interlaced, frame.transparent);
    let Ok(palette) = decoder.palette().map(<[u8]>::to_vec) else {
        return 0;
    };
    let colours = palette.as_chunks::<3>().0;
    let mut indices = vec![0; rect.width as usize];
    if indices.is_empty() {
        return rect.height;
    }
    let mut drawn = 0;
    for y in order(rect.height, interlaced) {
        if !matches!(decoder.fill_buffer(&mut indices), Ok(true)) {
            break;
        }
        let places = canvas.row(rect, y).unwrap_or_default();
        for (place, index) in places.as_chunks_mut::<4>().0.iter_mut().zip(&indices) {
            // A colour that the palette does not have is none.
            if let Some([red, green, blue]) = colours.get(usize::from(*index))
                && transparent != Some(*index)
            {
                *place = [*red, *green, *blue, 255];
            }
        }
        drawn += 1;
        pause.pause();
    }
    drawn
}

/// The rows of a frame in the order of its data (GIF89a appendix E).
fn order(height: u32, interlaced: bool) -> impl Iterator<Item = u32> {
    let passes: &[(u32, usize)] = if interlaced {
        &[(0, 8), (4, 8), (2, 4), (1, 2)]
    } else {
        &[(0, 1)]
    };
    passes
        .iter()
        .flat_map(move |(first, step)| (*first..height).step_by(*step))
}

fn error(error: gif::DecodingError) -> Error {
    Error::undecodable(error.to_string())
}
