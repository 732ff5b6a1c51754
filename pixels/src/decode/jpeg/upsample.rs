//! The samples of a component at the size of the picture. Those of a component with fewer are
//! centred between pixels (JFIF 1.02), and pixels between them are interpolated.

/// Gives the rows of a component.
pub(super) struct Upsampler {
    plane: Vec<u8>,
    stride: usize,
    /// The samples that have pixels, across and down.
    width: usize,
    height: usize,
    /// The share of samples per pixel: its own sampling factor, and the largest.
    across: (u8, u8),
    down: (u8, u8),
    /// A row between two rows of samples, in 256ths.
    mixed: Vec<u16>,
}

impl Upsampler {
    /// `plane` has at least `size` samples, in rows of `stride`.
    pub(super) fn new(
        plane: Vec<u8>,
        stride: usize,
        size: (usize, usize),
        across: (u8, u8),
        down: (u8, u8),
    ) -> Self {
        let (width, height) = size;
        Self {
            plane,
            stride,
            width,
            height,
            across,
            down,
            mixed: Vec::new(),
        }
    }

    fn samples(&self, y: usize) -> &[u8] {
        let start = y.min(self.height.saturating_sub(1)) * self.stride;
        self.plane
            .get(start..start + self.width)
            .unwrap_or_default()
    }

    /// Writes row `y` of the picture.
    pub(super) fn row(&mut self, y: usize, row: &mut [u8]) {
        let whole = self.across.0 == self.across.1;
        let (above, weight) = place(y, self.down);
        if weight == 0 && whole {
            for (pixel, sample) in row.iter_mut().zip(self.samples(above)) {
                *pixel = *sample;
            }
            return;
        }
        let mut mixed = std::mem::take(&mut self.mixed);
        mixed.clear();
        let pairs = self.samples(above).iter().zip(self.samples(above + 1));
        mixed.extend(
            pairs.map(|(upper, lower)| {
                u16::from(*upper) * (256 - weight) + u16::from(*lower) * weight
            }),
        );
        match self.across {
            _ if whole => {
                for (pixel, sample) in row.iter_mut().zip(&mixed) {
                    *pixel = ((u32::from(*sample) + 128) >> 8) as u8;
                }
            }
            (1, 2) | (2, 4) if weight % QUARTER == 0 => double(&mixed, row),
            across => interpolate(&mixed, across, row),
        }
        self.mixed = mixed;
    }
}

/// The sample before a pixel, and the weight of the one after it in 256ths.
fn place(pixel: usize, (own, largest): (u8, u8)) -> (usize, u16) {
    let (own, largest) = (usize::from(own), usize::from(largest));
    // The centre of the pixel in samples, less half of a sample, in 256ths.
    let centre = ((2 * pixel + 1) * own * 128 / largest).saturating_sub(128);
    (centre / 256, (centre % 256) as u16)
}

/// A quarter, in 256ths.
const QUARTER: u16 = 64;

/// Two pixels for each sample: three parts of the nearer sample and one of the other. The samples
/// are whole quarters, so that sums fit into 16 bits, of which vectors have more.
fn double(samples: &[u16], row: &mut [u8]) {
    let mix = |near: u16, far: u16| ((near / QUARTER * 3 + far / QUARTER + 8) >> 4) as u8;
    let (pairs, rest) = row.as_chunks_mut::<2>();
    // All but the first and the last.
    let inner = pairs.get_mut(1..).unwrap_or_default().iter_mut();
    for (pair, around) in inner.zip(samples.windows(3)) {
        *pair = [mix(around[1], around[0]), mix(around[1], around[2])];
    }
    if let (Some(pair), Some(sample)) = (pairs.first_mut(), samples.first()) {
        *pair = [*sample, *samples.get(1).unwrap_or(sample)].map(|far| mix(*sample, far));
    }
    if let [.., before, sample] = *samples {
        if let Some(pair) = pairs.get_mut(samples.len() - 1) {
            *pair = [mix(sample, before), mix(sample, sample)];
        }
        if let [pixel] = rest {
            *pixel = mix(sample, before);
        }
    } else if let ([pixel], [sample]) = (rest, samples) {
        *pixel = mix(*sample, *sample);
    }
}

fn interpolate(samples: &[u16], across: (u8, u8), row: &mut [u8]) {
    let last = samples.len().saturating_sub(1);
    for (x, pixel) in row.iter_mut().enumerate() {
        let (before, weight) = place(x, across);
        let sample = |index: usize| samples.get(index.min(last)).copied().map_or(0, u32::from);
        let (weight, before, after) = (u32::from(weight), sample(before), sample(before + 1));
        *pixel = ((before * (256 - weight) + after * weight + (1 << 15)) >> 16) as u8;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The rows of a component that has `own` of `largest` samples in both directions.
    fn upsample(
        plane: &[u8],
        size: (usize, usize),
        own: (u8, u8),
        picture: (usize, usize),
    ) -> Vec<Vec<u8>> {
        let mut upsampler = Upsampler::new(plane.to_vec(), size.0, size, own, own);
        (0..picture.1)
            .map(|y| {
                let mut row = vec![0; picture.0];
                upsampler.row(y, &mut row);
                row
            })
            .collect()
    }

    #[test]
    fn samples_lie_between_pixels() {
        let rows = upsample(&[0, 100, 200, 100], (4, 1), (1, 2), (7, 1));
        assert_eq!(rows, [[0, 25, 75, 125, 175, 175, 125]]);
        let rows = upsample(&[0, 80, 0], (3, 1), (1, 4), (12, 1));
        assert_eq!(rows, [[0, 0, 10, 30, 50, 70, 70, 50, 30, 10, 0, 0]]);
    }

    #[test]
    fn a_single_sample_fills_the_picture() {
        for own in [(1, 1), (1, 2), (1, 3), (2, 3), (1, 4), (3, 4)] {
            for side in 1..=own.1 {
                let rows = upsample(&[77], (1, 1), own, (side.into(), side.into()));
                assert_eq!(rows, vec![vec![77; side.into()]; side.into()], "{own:?}");
            }
        }
    }
}
