//! From the kept coefficients of each component to samples, and from samples to pixels.

use super::blocks::by_rows;
use super::coefficients::{Coefficients, Component};
use super::grid::Grid;
use super::tables::Quantization;
use super::{Area, Scale, idct};
use crate::decode::jpeg::colours;
use crate::decode::jpeg::header::Header;
use crate::decode::jpeg::upsample::Upsampler;
use crate::{Error, Image, Pause};

/// Makes a picture of the coefficients of an area.
pub(super) fn assemble(
    header: &Header,
    grid: &Grid,
    coefficients: Coefficients,
    (scale, area): (Scale, &Area),
    pause: &dyn Pause,
) -> Result<Image, Error> {
    let size = area.size(header);
    let (width, height) = scale.of(size);
    let (h, v) = header.sampling();
    let mut upsamplers = Vec::new();
    for (index, component) in coefficients.components.into_iter().enumerate() {
        let (across, down) = grid.size(index);
        let plane = plane(&component, across, down, scale, pause);
        let own = header.components[index];
        // The samples that have pixels.
        let side = |side: u32, own: u8, largest: u8| {
            (side as usize * usize::from(own) * scale.samples()).div_ceil(usize::from(largest) * 8)
        };
        let samples = (side(size.0, own.h, h), side(size.1, own.v, v));
        upsamplers.push(Upsampler::new(
            plane,
            across * scale.samples(),
            samples,
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
        Scale::Quarter => blocks::<4, 2>(component, across, down, pause, |block| {
            quarters(block, steps)
        }),
        Scale::ThreeEighths => {
            blocks::<9, 3>(component, across, down, pause, |block| ninths(block, steps))
        }
        Scale::Half => blocks::<16, 4>(component, across, down, pause, |block| {
            sixteenths(block, steps)
        }),
        Scale::Whole => {
            let steps = by_rows(steps);
            blocks::<64, 8>(component, across, down, pause, |block| {
                idct::transform(block, &steps)
            })
        }
    }
}

/// The samples of blocks of which `KEEP` coefficients are kept: `SIDE` × `SIDE` each.
fn blocks<const KEEP: usize, const SIDE: usize>(
    component: &Component,
    across: usize,
    down: usize,
    pause: &dyn Pause,
    transform: impl Fn(&[i16; KEEP]) -> [[u8; SIDE]; SIDE],
) -> Vec<u8> {
    let mut samples = vec![0; across * down * KEEP];
    let stride = across * SIDE;
    let rows = component.values.chunks_exact((across * KEEP).max(1));
    for (row, lines) in rows.zip(samples.chunks_exact_mut((stride * SIDE).max(1))) {
        for (x, block) in row.as_chunks::<KEEP>().0.iter().enumerate() {
            for (line, samples) in lines.chunks_exact_mut(stride).zip(transform(block)) {
                line[x * SIDE..][..SIDE].copy_from_slice(&samples);
            }
        }
        pause.pause();
    }
    samples
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

/// The means of the ninths of a block, from the coefficients of the lowest three frequencies in each
/// direction, by rows. A pixel that lies in two of them counts for each by the share that it has.
fn ninths(block: &[i16; 9], steps: &Quantization) -> [[u8; 3]; 3] {
    /// The places of the coefficients in the zigzag order.
    const ZIGZAG: [usize; 9] = [0, 1, 5, 2, 4, 7, 3, 8, 12];
    let mut values = [[0; 3]; 3];
    for (value, (coefficient, place)) in values
        .as_flattened_mut()
        .iter_mut()
        .zip(block.iter().zip(ZIGZAG))
    {
        *value = dequantized(*coefficient, steps[place]);
    }
    let rows = values.map(|row| three_points(row).map(|sum| (sum + (1 << 8)) >> 9));
    let mut samples = [[0; 3]; 3];
    for column in 0..3 {
        let sums = three_points([0, 1, 2].map(|row| rows[row][column]));
        for (row, sum) in samples.iter_mut().zip(sums) {
            row[column] = clamp((sum + (1 << 14)) >> 15);
        }
    }
    samples
}

/// The transform of three frequencies, times 4096: the means of the basis functions over thirds of
/// a block.
fn three_points([mean, one, two]: [i32; 3]) -> [i32; 3] {
    const MEAN: i32 = 1448;
    const ONE: i32 = 1676;
    const TWO: [i32; 2] = [808, 1615];
    let (mean, one) = (mean * MEAN, one * ONE);
    let outer = mean + two * TWO[0];
    [outer + one, mean - two * TWO[1], outer - one]
}

/// A coefficient times its step. Valid ones have 12 bits.
fn dequantized(coefficient: i16, step: u16) -> i32 {
    i32::from(coefficient)
        .wrapping_mul(step.into())
        .clamp(-0x4000, 0x4000)
}

/// The means of the sixteenths of a block, from the coefficients of the lowest four frequencies in
/// each direction, by rows. They are an inverse cosine transform of four points, in which each
/// frequency is damped as the mean over two pixels damps it.
fn sixteenths(block: &[i16; 16], steps: &Quantization) -> [[u8; 4]; 4] {
    /// The places of the coefficients in the zigzag order.
    const ZIGZAG: [usize; 16] = [0, 1, 5, 6, 2, 4, 7, 13, 3, 8, 12, 17, 9, 11, 18, 24];
    let mut values = [[0; 4]; 4];
    for (value, (coefficient, place)) in values
        .as_flattened_mut()
        .iter_mut()
        .zip(block.iter().zip(ZIGZAG))
    {
        *value = dequantized(*coefficient, steps[place]);
    }
    // Rows, with three more bits, and then columns.
    let rows = values.map(|row| four_points(row).map(|sum| (sum + (1 << 8)) >> 9));
    let mut samples = [[0; 4]; 4];
    for column in 0..4 {
        let sums = four_points([0, 1, 2, 3].map(|row| rows[row][column]));
        for (row, sum) in samples.iter_mut().zip(sums) {
            row[column] = clamp((sum + (1 << 14)) >> 15);
        }
    }
    samples
}

/// The transform of four frequencies, times 4096. With C(0) = 1/√2 and C(u) = 1 otherwise, the
/// factors are C(u) / 2 × cos(uπ/16) × cos((2x + 1)uπ/8).
fn four_points([mean, one, two, three]: [i32; 4]) -> [i32; 4] {
    const MEAN: i32 = 1448;
    const ONE: [i32; 2] = [1856, 769];
    const TWO: i32 = 1338;
    const THREE: [i32; 2] = [652, 1573];
    let (outer, inner) = (mean * MEAN + two * TWO, mean * MEAN - two * TWO);
    let (wide, narrow) = (
        one * ONE[0] + three * THREE[0],
        one * ONE[1] - three * THREE[1],
    );
    [outer + wide, inner + narrow, inner - narrow, outer - wide]
}

/// A sample around 0 as one around 128.
fn clamp(sample: i32) -> u8 {
    (sample + 128).clamp(0, 255) as u8
}
