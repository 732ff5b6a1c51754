//! The inverse cosine transform of a whole block (ITU-T T.81 §A.3.3), by the algorithm of Loeffler,
//! Ligtenberg and Moschytz with 13 bits behind the point, as libjpeg's `jidctint` has it.

/// The samples of a block of coefficients and their steps, all by rows.
pub(super) fn transform(block: &[i16; 64], steps: &[i32; 64]) -> [[u8; 8]; 8] {
    let mut values = [[0; 8]; 8];
    for (value, (coefficient, step)) in values
        .as_flattened_mut()
        .iter_mut()
        .zip(block.iter().zip(steps))
    {
        // Valid values have 11 bits and a sign. These bounds, and those of the rows, keep sums of
        // invalid ones within 32 bits.
        *value = i32::from(*coefficient)
            .wrapping_mul(*step)
            .clamp(-4096, 4096);
    }
    // Rows, with two more bits, and then columns.
    let rows = values.map(|row| {
        if row[1..] == [0; 7] {
            return [row[0] << 2; 8];
        }
        eight_points(row).map(|sum| ((sum + (1 << 10)) >> 11).clamp(-12_288, 12_288))
    });
    let mut samples = [[0; 8]; 8];
    for column in 0..8 {
        let sums = eight_points(rows.map(|row| row[column]));
        for (row, sum) in samples.iter_mut().zip(sums) {
            row[column] = (((sum + (1 << 17)) >> 18) + 128).clamp(0, 255) as u8;
        }
    }
    samples
}

/// Eight points, times the square root of 8 and 2 to the power of 13.
fn eight_points(values: [i32; 8]) -> [i32; 8] {
    let [zero, one, two, three, four, five, six, seven] = values;
    let sum = (two + six) * 4433;
    let (low, high) = (sum - six * 15_137, sum + two * 6270);
    let (plus, minus) = ((zero + four) << 13, (zero - four) << 13);
    let even = [plus + high, minus + low, minus - low, plus - high];
    let (outer, inner) = (seven + one, five + three);
    let (first, second) = (seven + three, five + one);
    let both = (first + second) * 9633;
    let (outer, inner) = (outer * -7373, inner * -20_995);
    let (first, second) = (both - first * 16_069, both - second * 3196);
    let odd = [
        one * 12_299 + outer + second,
        three * 25_172 + inner + first,
        five * 16_819 + inner + second,
        seven * 2446 + outer + first,
    ];
    let mut points = [0; 8];
    for index in 0..4 {
        points[index] = even[index] + odd[index];
        points[7 - index] = even[index] - odd[index];
    }
    points
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;
    use crate::testing::Noise;

    #[test]
    fn samples_are_near_the_exact_transform() {
        let mut noise = Noise::new(5);
        for _ in 0..200 {
            let mut block = [0_i16; 64];
            for _ in 0..noise.below(20) {
                block[noise.below(64)] = noise.below(120) as i16 - 60;
            }
            block[0] = noise.below(1_600) as i16 - 800;
            let samples = transform(&block, &[1; 64]);
            for (y, row) in samples.iter().enumerate() {
                for (x, sample) in row.iter().enumerate() {
                    let basis = |point: usize, frequency: usize| {
                        let scale = if frequency == 0 { 0.5_f64.sqrt() } else { 1.0 };
                        scale * ((2 * point + 1) as f64 * frequency as f64 * PI / 16.0).cos() / 2.0
                    };
                    let terms = block
                        .iter()
                        .enumerate()
                        .map(|(at, value)| f64::from(*value) * basis(y, at / 8) * basis(x, at % 8));
                    let exact = (terms.sum::<f64>() + 128.0).clamp(0.0, 255.0);
                    assert!(
                        (exact - f64::from(*sample)).abs() < 1.0,
                        "{exact}, not {sample}"
                    );
                }
            }
        }
    }

    #[test]
    fn invalid_coefficients_overflow_nothing() {
        let mut noise = Noise::new(9);
        for _ in 0..2_000 {
            let block = [(); 64].map(|()| [i16::MIN, i16::MAX, 0][noise.below(3)]);
            transform(&block, &[65_535; 64]);
        }
    }
}
