//! From the kept coefficients of each component to samples, and from samples to pixels.

use super::Scale;
use super::coefficients::{Coefficients, Component};
use super::grid::Grid;
use super::tables::Quantization;
use crate::decode::jpeg::colours;
use crate::decode::jpeg::header::Header;
use crate::decode::jpeg::upsample::Upsampler;
use crate::{Error, Image, Pause};

/// Makes a picture of all coefficients.
pub(super) fn assemble(
    header: &Header,
    grid: &Grid,
    coefficients: Coefficients,
    scale: Scale,
    pause: &dyn Pause,
) -> Result<Image, Error> {
    let (width, height) = scale.size(header);
    let (h, v) = header.sampling();
    let mut upsamplers = Vec::new();
    for (index, component) in coefficients.components.into_iter().enumerate() {
        let (across, down) = grid.size(index);
        let plane = plane(&component, across, down, scale, pause);
        let own = header.components[index];
        // The samples that have pixels.
        let side = |side: u16, own: u8, largest: u8| {
            (usize::from(side) * usize::from(own))
                .div_ceil(usize::from(largest) * scale.factor() as usize)
        };
        let size = (side(header.width, own.h, h), side(header.height, own.v, v));
        upsamplers.push(Upsampler::new(
            plane,
            across * scale.samples(),
            size,
            (own.h, h),
            (own.v, v),
        ));
    }
    colours::convert(header.colours, (width, height), &mut upsamplers, pause)
}

/// The samples of a component.
fn plane(
    component: &Component,
    across: usize,
    down: usize,
    scale: Scale,
    pause: &dyn Pause,
) -> Vec<u8> {
    let steps = component.steps.as_ref().unwrap_or(&[0; 64]);
    match scale {
        Scale::Eighth => {
            let step = i32::from(steps[0]);
            let sample = |mean: &i16| clamp((i32::from(*mean) * step + 4) >> 3);
            component.values.iter().map(sample).collect()
        }
        Scale::Quarter => {
            let mut samples = vec![0; across * down * 4];
            let rows = component.values.chunks_exact((across * 4).max(4));
            for (row, pair) in rows.zip(samples.chunks_exact_mut((across * 4).max(4))) {
                let (upper, lower) = pair.split_at_mut(across * 2);
                let blocks = row.as_chunks::<4>().0.iter();
                let places = upper
                    .as_chunks_mut::<2>()
                    .0
                    .iter_mut()
                    .zip(lower.as_chunks_mut::<2>().0);
                for (block, (upper, lower)) in blocks.zip(places) {
                    [*upper, *lower] = quarters(block, steps);
                }
                pause.pause();
            }
            samples
        }
    }
}

/// The means of the quarters of a block, from its coefficients 0, 1, 2 and 4. The mean of the
/// basis function of coefficient 1 over the left half of a block is 0.1133; that of coefficient 4
/// over a quarter, 0.1026.
fn quarters(block: &[i16; 4], steps: &Quantization) -> [[u8; 2]; 2] {
    const SHIFT: u32 = 12;
    const HALF: i32 = 464;
    const QUARTER: i32 = 420;
    let [mean, across, down, both] = *block;
    let dequantized = |value: i16, place: usize| i32::from(value).wrapping_mul(steps[place].into());
    let mean = dequantized(mean, 0)
        .wrapping_mul(1 << (SHIFT - 3))
        .wrapping_add(1 << (SHIFT - 1));
    let across = dequantized(across, 1).wrapping_mul(HALF);
    let down = dequantized(down, 2).wrapping_mul(HALF);
    let both = dequantized(both, 4).wrapping_mul(QUARTER);
    let sample = |across: i32, down: i32, both: i32| {
        clamp(
            mean.wrapping_add(across)
                .wrapping_add(down)
                .wrapping_add(both)
                >> SHIFT,
        )
    };
    let minus = i32::wrapping_neg;
    [
        [
            sample(across, down, both),
            sample(minus(across), down, minus(both)),
        ],
        [
            sample(across, minus(down), minus(both)),
            sample(minus(across), minus(down), both),
        ],
    ]
}

/// A sample around 0 as one around 128.
fn clamp(sample: i32) -> u8 {
    (sample + 128).clamp(0, 255) as u8
}
