//! Reduces pictures by a whole factor: each pixel becomes the mean of a square. Rows come one by
//! one, or the pixels of a row in any order, so that a picture need not be in memory as a whole.

use crate::{Error, Image, Layout, Limits, Pause};

use super::budget;

/// Sums of 8-bit samples times 8-bit alpha of so many pixels squared fit into 32 bits.
const MAX_FACTOR: u32 = 128;

/// The factor that leaves at least the wanted size of a picture: 1 or more.
pub(super) fn factor(size: (u32, u32), at_least: (u32, u32)) -> u32 {
    let along = |side: u32, wanted: u32| side / wanted.max(1);
    along(size.0, at_least.0)
        .min(along(size.1, at_least.1))
        .clamp(1, MAX_FACTOR)
}

/// Sums the pixels of a picture into a smaller one.
pub(super) struct Shrinker {
    size: (u32, u32),
    factor: u32,
    layout: Layout,
    /// Whether pixels come in any order.
    any_order: bool,
    /// For each pixel of the result, the sums of its channels; of colours times alpha if there
    /// is alpha. Those of one row, or of all if pixels come in any order.
    sums: Vec<u32>,
    /// The rows of the result that are finished.
    pixels: Vec<u8>,
}

impl Shrinker {
    /// A shrinker for the rows of a picture, from the top.
    pub(super) fn rows(
        size: (u32, u32),
        factor: u32,
        layout: Layout,
        limits: &Limits,
    ) -> Result<Self, Error> {
        Self::new(size, factor, layout, false, limits)
    }

    /// A shrinker for the pixels of a picture in any order.
    pub(super) fn any_order(
        size: (u32, u32),
        factor: u32,
        layout: Layout,
        limits: &Limits,
    ) -> Result<Self, Error> {
        Self::new(size, factor, layout, true, limits)
    }

    fn new(
        size: (u32, u32),
        factor: u32,
        layout: Layout,
        any_order: bool,
        limits: &Limits,
    ) -> Result<Self, Error> {
        let (width, height) = (size.0.div_ceil(factor), size.1.div_ceil(factor));
        let rows = if any_order { height } else { 1 };
        let stride = u64::from(width) * layout.channels() as u64;
        let result = stride * u64::from(height);
        budget::check_memory(result + stride * u64::from(rows) * 4, limits)?;
        Ok(Self {
            size,
            factor,
            layout,
            any_order,
            sums: vec![0; (stride * u64::from(rows)) as usize],
            pixels: Vec::with_capacity(result as usize),
        })
    }

    fn stride(&self) -> usize {
        self.size.0.div_ceil(self.factor) as usize * self.layout.channels()
    }

    /// Adds the next row, of a shrinker of rows. `y` is its number.
    pub(super) fn add_row(&mut self, y: u32, row: &[u8]) {
        add(&mut self.sums, row, self.factor as usize, self.layout);
        if (y + 1).is_multiple_of(self.factor) || y + 1 == self.size.1 {
            let rows = y % self.factor + 1;
            self.finish_row(0, rows);
            self.sums.fill(0);
        }
    }

    /// Adds the pixel at `x`, `y`, of a shrinker of any order.
    pub(super) fn add_pixel(&mut self, x: u32, y: u32, pixel: &[u8]) {
        let channels = self.layout.channels();
        let row = (y / self.factor) as usize * self.stride();
        let start = row + (x / self.factor) as usize * channels;
        if let Some(sums) = self.sums.get_mut(start..start + channels) {
            add(sums, pixel, 1, self.layout);
        }
    }

    /// Divides a row of sums, of so many rows of pixels.
    fn finish_row(&mut self, row: usize, rows: u32) {
        let channels = self.layout.channels();
        let stride = self.stride();
        let sums = &self.sums[row * stride..(row + 1) * stride];
        let last = self.size.0 - (self.size.0.div_ceil(self.factor) - 1) * self.factor;
        let mut squares = sums.chunks_exact(channels).peekable();
        while let Some(sums) = squares.next() {
            let columns = if squares.peek().is_some() {
                self.factor
            } else {
                last
            };
            let count = rows * columns;
            if self.layout.has_alpha() {
                let (alpha, colours) = sums.split_last().expect("a pixel has channels");
                // The colours are weighted by alpha; where nothing is seen they are black.
                let weight = (*alpha).max(1);
                self.pixels
                    .extend(colours.iter().map(|sum| mean(*sum, weight)));
                self.pixels.push(mean(*alpha, count));
            } else {
                self.pixels.extend(sums.iter().map(|sum| mean(*sum, count)));
            }
        }
    }

    /// The smaller picture, once all pixels were added.
    pub(super) fn finish(mut self) -> Result<Image, Error> {
        let height = self.size.1.div_ceil(self.factor);
        let stride = self.stride();
        if self.any_order {
            for row in 0..height {
                let rows = (self.size.1 - row * self.factor).min(self.factor);
                self.finish_row(row as usize, rows);
            }
        }
        self.pixels.resize(stride * height as usize, 0);
        let width = self.size.0.div_ceil(self.factor);
        Ok(Image::new(width, height, self.layout, self.pixels)?)
    }
}

/// The quotient, rounded.
fn mean(sum: u32, count: u32) -> u8 {
    ((sum + count / 2) / count).min(255) as u8
}

/// Adds a row of pixels to a row of sums of `factor` pixels each.
fn add(sums: &mut [u32], row: &[u8], factor: usize, layout: Layout) {
    match layout {
        Layout::Grey => add_opaque::<1>(sums, row, factor),
        Layout::GreyAlpha => add_alpha::<2>(sums, row, factor),
        Layout::Rgb => add_opaque::<3>(sums, row, factor),
        Layout::Rgba => add_alpha::<4>(sums, row, factor),
        Layout::Cmyk => add_opaque::<4>(sums, row, factor),
    }
}

fn add_opaque<const N: usize>(sums: &mut [u32], row: &[u8], factor: usize) {
    let (sums, _) = sums.as_chunks_mut::<N>();
    for (sums, pixels) in sums.iter_mut().zip(row.chunks(factor * N)) {
        let mut own = [0; N];
        for pixel in pixels.as_chunks::<N>().0 {
            for (sum, sample) in own.iter_mut().zip(pixel) {
                *sum += u32::from(*sample);
            }
        }
        for (sum, own) in sums.iter_mut().zip(own) {
            *sum += own;
        }
    }
}

fn add_alpha<const N: usize>(sums: &mut [u32], row: &[u8], factor: usize) {
    let (sums, _) = sums.as_chunks_mut::<N>();
    for (sums, pixels) in sums.iter_mut().zip(row.chunks(factor * N)) {
        for pixel in pixels.as_chunks::<N>().0 {
            let alpha = u32::from(pixel[N - 1]);
            for (sum, sample) in sums.iter_mut().zip(&pixel[..N - 1]) {
                *sum += u32::from(*sample) * alpha;
            }
            sums[N - 1] += alpha;
        }
    }
}

/// Reduces a picture that is in memory already.
pub(super) fn shrink(
    image: Image,
    factor: u32,
    limits: &Limits,
    pause: &dyn Pause,
) -> Result<Image, Error> {
    if factor == 1 {
        return Ok(image);
    }
    let size = (image.width(), image.height());
    let mut shrinker = Shrinker::rows(size, factor, image.layout(), limits)?;
    for (y, row) in (0..).zip(image.rows()) {
        shrinker.add_row(y, row);
        pause.pause();
    }
    shrinker.finish()
}
