//! What a lossy picture has where it is transparent: something that costs few bytes and does
//! not bleed into what is visible.

use crate::Image;

/// The side of the blocks that the codec predicts.
const BLOCK: usize = 16;

/// The pixels, opaque. In each block, what is transparent becomes the mean of what is visible,
/// and a block without anything visible looks like the one before it.
pub(super) fn filled(image: &Image) -> Vec<u8> {
    let (width, height) = (image.width() as usize, image.height() as usize);
    let mut pixels = image.pixels().to_vec();
    let mut mean = [0; 3];
    for top in (0..height).step_by(BLOCK) {
        for left in (0..width).step_by(BLOCK) {
            let rows = top..height.min(top + BLOCK);
            let columns = left..width.min(left + BLOCK);
            let block = rows.flat_map(|y| columns.clone().map(move |x| (y * width + x) * 4));
            mean = visible_mean(&pixels, block.clone()).unwrap_or(mean);
            for at in block {
                if pixels[at + 3] == 0 {
                    pixels[at..at + 3].copy_from_slice(&mean);
                }
                pixels[at + 3] = 255;
            }
        }
    }
    pixels
}

fn visible_mean(pixels: &[u8], block: impl Iterator<Item = usize>) -> Option<[u8; 3]> {
    let mut sums = [0_u32; 4];
    for at in block {
        let alpha = u32::from(pixels[at + 3]);
        for (sum, colour) in sums.iter_mut().zip(&pixels[at..at + 3]) {
            *sum += u32::from(*colour) * alpha;
        }
        sums[3] += alpha;
    }
    let mean = |sum: u32| sum.checked_div(sums[3]).map(|mean| mean as u8);
    Some([mean(sums[0])?, mean(sums[1])?, mean(sums[2])?])
}
