//! GIF: blocks are read here, LZW is decoded by the crate `weezl`. The indices of a frame become
//! colours on a canvas. A frame whose data is damaged or ends early is drawn as far as it goes.

mod blocks;
#[cfg(test)]
mod tests;

use weezl::decode::Decoder as Lzw;
use weezl::{BitOrder, LzwStatus};

use self::blocks::{Blocks, Head};
use super::canvas::{Canvas, Rect};
use super::{Decoder, Format, Info, Wanted, budget, shrink};
use crate::{Error, Frame, Limits, Pause};

pub(super) struct Gif<'a> {
    info: Info,
    limits: Limits,
    blocks: Blocks<'a>,
    canvas: Option<Canvas>,
    /// Frames that were given.
    given: u32,
}

pub(super) fn open<'a>(source: &'a [u8], limits: &Limits) -> Result<Gif<'a>, Error> {
    let blocks = blocks::read(source, limits)?;
    let frames = blocks.frames.len() as u32;
    budget::check(blocks.width, blocks.height, frames, limits)?;
    // Frames may be larger than the canvas.
    for Head { rect, .. } in &blocks.frames {
        budget::check(rect.width.max(1), rect.height.max(1), 1, limits)?;
    }
    let info = Info {
        format: Format::Gif,
        width: blocks.width,
        height: blocks.height,
        orientation: 1,
        icc: None,
        coding: None,
        has_alpha: blocks.has_alpha,
        frames,
        loop_count: if frames > 1 { blocks.loop_count } else { 1 },
    };
    Ok(Gif {
        info,
        limits: *limits,
        blocks,
        canvas: None,
        given: 0,
    })
}

impl Decoder for Gif<'_> {
    fn info(&self) -> &Info {
        &self.info
    }

    fn next_frame(&mut self, wanted: &Wanted, pause: &dyn Pause) -> Result<Option<Frame>, Error> {
        let last = self.info.last_frame(wanted);
        let head = self.blocks.frames.get(self.given as usize);
        let Some(head) = head.filter(|_| self.given < last) else {
            return Ok(None);
        };
        let size = (self.info.width, self.info.height);
        let canvas = match &mut self.canvas {
            Some(canvas) => canvas,
            none => none.insert(Canvas::new(size.0, size.1, &self.limits)?),
        };
        let indices = indices(head, &self.limits)?;
        if self.given == 0
            && indices.is_empty()
            && head.rect
                != (Rect {
                    width: 0,
                    height: 0,
                    ..head.rect
                })
        {
            return Err(Error::undecodable("the data of the first frame is damaged"));
        }
        canvas.begin(head.rect, head.control.disposal);
        draw(
            head,
            head.colours.unwrap_or(self.blocks.colours),
            &indices,
            canvas,
            pause,
        );
        self.given += 1;
        let shrink = shrink::factor(size, wanted.at_least);
        let image = canvas.picture(self.info.has_alpha)?;
        let image = shrink::shrink(image, shrink, &self.limits, pause)?;
        let delay = if self.info.frames > 1 {
            u32::from(head.control.delay) * 10
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

/// Decodes the data of a frame (GIF89a §22), as far as it goes.
fn indices(head: &Head<'_>, limits: &Limits) -> Result<Vec<u8>, Error> {
    let Some((size @ 1..=11, sub_blocks)) = head.data.split_first() else {
        return Ok(Vec::new());
    };
    let count = u64::from(head.rect.width) * u64::from(head.rect.height);
    budget::check_memory(count, limits)?;
    let mut indices = vec![0; count as usize];
    let mut written = 0;
    let mut decoder = Lzw::new(BitOrder::Lsb, *size);
    // The last codes may be decoded after all blocks were read.
    'data: for mut block in blocks::data(sub_blocks).chain([&[][..]]) {
        loop {
            let done = decoder.decode_bytes(block, &mut indices[written..]);
            block = &block[done.consumed_in..];
            written += done.consumed_out;
            match done.status {
                Ok(LzwStatus::Ok) if written < indices.len() => {}
                Ok(LzwStatus::NoProgress) if block.is_empty() => {}
                _ => break 'data,
            }
            if block.is_empty() {
                break;
            }
        }
    }
    indices.truncate(written);
    Ok(indices)
}

fn draw(
    head: &Head<'_>,
    colours: &[[u8; 3]],
    indices: &[u8],
    canvas: &mut Canvas,
    pause: &dyn Pause,
) {
    let rows = indices.chunks(head.rect.width.max(1) as usize);
    for (y, row) in order(head.rect.height, head.interlaced).zip(rows) {
        let places = canvas.row(head.rect, y).unwrap_or_default();
        for (place, index) in places.as_chunks_mut::<4>().0.iter_mut().zip(row) {
            // A colour that the table does not have is none.
            if let Some([red, green, blue]) = colours.get(usize::from(*index))
                && head.control.transparent != Some(*index)
            {
                *place = [*red, *green, *blue, 255];
            }
        }
        pause.pause();
    }
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
