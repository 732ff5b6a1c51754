//! From the components of a JPEG to pixels.

use super::header::Colours;
use super::upsample::Upsampler;
use crate::{Error, Image, Layout, Pause};

/// Makes a picture of its components.
pub(super) fn convert(
    colours: Colours,
    (width, height): (u32, u32),
    components: &mut [Upsampler],
    pause: &dyn Pause,
) -> Result<Image, Error> {
    let layout = match colours {
        Colours::Grey => Layout::Grey,
        Colours::YCbCr | Colours::Rgb => Layout::Rgb,
        Colours::Cmyk | Colours::Ycck => Layout::Cmyk,
    };
    let mut rows = vec![vec![0; width as usize]; components.len()];
    let mut pixels = vec![0; width as usize * height as usize * layout.channels()];
    let lines = pixels.chunks_exact_mut(width as usize * layout.channels());
    for (y, line) in lines.enumerate() {
        for (component, row) in components.iter_mut().zip(&mut rows) {
            component.row(y, row);
        }
        match (colours, &mut rows[..]) {
            (Colours::Grey, [grey]) => line.copy_from_slice(grey),
            (Colours::Rgb, [red, green, blue]) => interleave(line, [red, green, blue]),
            (Colours::YCbCr, [luma, blue, red]) => {
                to_rgb(luma, blue, red);
                interleave(line, [luma, blue, red]);
            }
            (Colours::Cmyk, [cyan, magenta, yellow, black]) => {
                interleave(line, [cyan, magenta, yellow, black]);
                invert(line);
            }
            (Colours::Ycck, [luma, blue, red, black]) => {
                // What was inverted is red, green and blue, as far as YCbCr knows: the inverse of
                // the stored inks.
                to_rgb(luma, blue, red);
                invert(black);
                interleave(line, [luma, blue, red, black]);
            }
            _ => return Err(Error::undecodable("a component is missing")),
        }
        pause.pause();
    }
    Ok(Image::new(width, height, layout, pixels)?)
}

/// Puts one sample of each row after the other. The rows have one for each pixel of the line.
#[inline]
fn interleave<const N: usize>(line: &mut [u8], rows: [&mut Vec<u8>; N]) {
    let (pixels, _) = line.as_chunks_mut::<N>();
    let count = pixels.len();
    // Slices of a length that the compiler knows to suffice.
    let rows = rows.map(|row| row.get(..count).unwrap_or(&[]));
    if rows.iter().any(|row| row.len() != count) {
        return;
    }
    for (x, pixel) in pixels.iter_mut().enumerate() {
        for (place, row) in pixel.iter_mut().zip(&rows) {
            *place = row[x];
        }
    }
}

fn invert(samples: &mut [u8]) {
    for sample in samples {
        *sample = 255 - *sample;
    }
}

/// Replaces rows of YCbCr by those of red, green and blue. A loop by itself, as the compiler can
/// work on several pixels at once then.
fn to_rgb(luma: &mut [u8], blue: &mut [u8], red: &mut [u8]) {
    for ((luma, blue), red) in luma.iter_mut().zip(blue).zip(red) {
        [*luma, *blue, *red] = rgb([*luma, *blue, *red]);
    }
}

/// YCbCr of the full range by ITU-R BT.601, as JFIF 1.02 has it.
#[inline(always)]
fn rgb([luma, blue, red]: [u8; 3]) -> [u8; 3] {
    const SHIFT: u32 = 16;
    let luma = (i32::from(luma) << SHIFT) + (1 << (SHIFT - 1));
    let (blue, red) = (i32::from(blue) - 128, i32::from(red) - 128);
    let channel = |sum: i32| (sum >> SHIFT).clamp(0, 255) as u8;
    [
        channel(luma + 91_881 * red),
        channel(luma - 22_554 * blue - 46_802 * red),
        channel(luma + 116_130 * blue),
    ]
}
