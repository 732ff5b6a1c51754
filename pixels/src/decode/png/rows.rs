//! The rows of a still, added to the smaller picture as they come.

use darkroom_transform::Rect;

use super::{Reader, error};
use crate::decode::budget;
use crate::decode::shrink::Shrinker;
use crate::{Error, Image, Layout, Limits, Pause};

/// Where the pixels of each pass of Adam7 begin, and how far they are apart (PNG 3 §8.1): x, y.
pub(super) const PASSES: [((u32, u32), (u32, u32)); 7] = [
    ((0, 0), (8, 8)),
    ((4, 0), (8, 8)),
    ((0, 4), (4, 8)),
    ((2, 0), (4, 4)),
    ((0, 2), (2, 4)),
    ((1, 0), (2, 2)),
    ((0, 1), (1, 2)),
];

/// Decodes a part of the picture that the reader is at, whose rows come one after the other. No row
/// below it is read.
pub(super) fn part(
    reader: &mut Reader<'_>,
    layout: Layout,
    (factor, part): (u32, Rect),
    limits: &Limits,
    pause: &dyn Pause,
) -> Result<Image, Error> {
    let (width, height) = (part.width, part.height);
    let end = part.y.saturating_add(height);
    let columns = part.x as usize * layout.channels()..;
    let stride = width as usize * layout.channels();
    let mut each = |add: &mut dyn FnMut(u32, &[u8])| {
        each_row(reader, end, pause, |y, row| {
            let row = row.get(columns.clone()).and_then(|row| row.get(..stride));
            if let (Some(y), Some(row)) = (y.checked_sub(part.y), row) {
                add(y, row);
            }
        })
    };
    if factor > 1 {
        let mut shrinker = Shrinker::rows((width, height), factor, layout, limits)?;
        each(&mut |y, row| shrinker.add_row(y, row))?;
        return shrinker.finish();
    }
    let length = u64::from(height) * stride as u64;
    budget::check_memory(length, limits)?;
    let mut pixels = Vec::with_capacity(length as usize);
    each(&mut |_, row| pixels.extend_from_slice(row))?;
    pixels.resize(length as usize, 0);
    Ok(Image::new(width, height, layout, pixels)?)
}

/// Reads the rows of a frame, of 8 bits a channel, up to damage if there is any.
pub(super) fn each_row(
    reader: &mut Reader<'_>,
    height: u32,
    pause: &dyn Pause,
    mut add: impl FnMut(u32, &[u8]),
) -> Result<(), Error> {
    let deep = reader.output_color_type().1 == png::BitDepth::Sixteen;
    let mut narrow = Vec::new();
    for y in 0..height {
        let row = match reader.next_row() {
            Ok(Some(row)) => row,
            _ if y > 0 => return Ok(()),
            Ok(None) => return Err(Error::undecodable("it has no rows")),
            Err(problem) => return Err(error(problem)),
        };
        add(y, eight_bits(row.data(), deep, &mut narrow));
        pause.pause();
    }
    Ok(())
}

/// Decodes the interlaced picture that the reader is at, pass by pass.
pub(super) fn interlaced(
    reader: &mut Reader<'_>,
    layout: Layout,
    factor: u32,
    limits: &Limits,
    pause: &dyn Pause,
) -> Result<Image, Error> {
    let (width, height) = reader.info().size();
    if factor > 1 {
        let mut shrinker = Shrinker::any_order((width, height), factor, layout, limits)?;
        each_pixel(reader, layout, (width, height), pause, |x, y, pixel| {
            shrinker.add_pixel(x, y, pixel)
        })?;
        return shrinker.finish();
    }
    let stride = width as usize * layout.channels();
    let length = u64::from(width) * u64::from(height) * layout.channels() as u64;
    budget::check_memory(length, limits)?;
    let mut pixels = vec![0; length as usize];
    each_pixel(reader, layout, (width, height), pause, |x, y, pixel| {
        let start = y as usize * stride + x as usize * layout.channels();
        if let Some(place) = pixels.get_mut(start..start + pixel.len()) {
            place.copy_from_slice(pixel);
        }
    })?;
    Ok(Image::new(width, height, layout, pixels)?)
}

/// Reads the pixels of an interlaced frame, up to damage if there is any.
pub(super) fn each_pixel(
    reader: &mut Reader<'_>,
    layout: Layout,
    (width, height): (u32, u32),
    pause: &dyn Pause,
    mut add: impl FnMut(u32, u32, &[u8]),
) -> Result<(), Error> {
    let deep = reader.output_color_type().1 == png::BitDepth::Sixteen;
    let mut narrow = Vec::new();
    for ((left, top), (across, down)) in PASSES {
        // A pass without columns has no rows.
        if left >= width {
            continue;
        }
        for y in (top..height).step_by(down as usize) {
            let row = match reader.next_interlaced_row() {
                Ok(Some(row)) => row,
                _ if (left, y) != (0, 0) => return Ok(()),
                Ok(None) => return Err(Error::undecodable("it has no rows")),
                Err(problem) => return Err(error(problem)),
            };
            let row = eight_bits(row.data(), deep, &mut narrow);
            let columns = (left..width).step_by(across as usize);
            for (x, pixel) in columns.zip(row.chunks_exact(layout.channels())) {
                add(x, y, pixel);
            }
            pause.pause();
        }
    }
    Ok(())
}

/// Samples of 16 bits as the nearest ones of 8 bits.
fn eight_bits<'a>(row: &'a [u8], deep: bool, narrow: &'a mut Vec<u8>) -> &'a [u8] {
    if !deep {
        return row;
    }
    narrow.clear();
    narrow.extend(
        row.as_chunks::<2>()
            .0
            .iter()
            .map(|sample| round(u16::from_be_bytes(*sample))),
    );
    narrow
}

/// `sample` × 255 / 65535, rounded.
fn round(sample: u16) -> u8 {
    ((u32::from(sample) * 255 + 32_895) >> 16) as u8
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_bits_are_rounded_to_the_nearest_of_eight() {
        for sample in 0..=u16::MAX {
            let exact = f64::from(sample) * 255.0 / 65535.0;
            assert_eq!(f64::from(round(sample)), exact.round(), "{sample}");
        }
    }
}
