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
        match (colours, &rows[..]) {
            (Colours::Grey, [grey]) => line.copy_from_slice(grey),
            (Colours::Rgb, [red, green, blue]) => {
                interleave::<3>(line, [red, green, blue], |sample| sample);
            }
            (Colours::YCbCr, [luma, blue, red]) => {
                interleave::<3>(line, [luma, blue, red], rgb);
            }
            (Colours::Cmyk, [cyan, magenta, yellow, black]) => {
                interleave::<4>(line, [cyan, magenta, yellow, black], |ink| {
                    ink.map(|ink| 255 - ink)
                });
            }
            (Colours::Ycck, [luma, blue, red, black]) => {
                // What was inverted is red, green and blue, as far as YCbCr knows: the inverse of
                // the stored inks.
                interleave::<4>(
                    line,
                    [luma, blue, red, black],
                    |[luma, blue, red, black]| {
                        let [red, green, blue] = rgb([luma, blue, red]);
                        [red, green, blue, 255 - black]
                    },
                );
            }
            _ => return Err(Error::undecodable("a component is missing")),
        }
        pause.pause();
    }
    Ok(Image::new(width, height, layout, pixels)?)
}

#[inline]
fn interleave<const N: usize>(
    line: &mut [u8],
    rows: [&Vec<u8>; N],
    pixel: impl Fn([u8; N]) -> [u8; N],
) {
    for (x, place) in line.as_chunks_mut::<N>().0.iter_mut().enumerate() {
        *place = pixel(rows.map(|row| row.get(x).copied().unwrap_or(0)));
    }
}

/// YCbCr of the full range by ITU-R BT.601, as JFIF 1.02 has it.
#[inline]
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
