//! Pictures for tests, and how alike two are.

pub(crate) mod pictures;

use crate::decode::{self, Info, Wanted};
use crate::{Frame, Image, Layout, Limits, NoPause};

/// All frames, at their full size.
pub(crate) const FULL: Wanted = Wanted {
    at_least: (u32::MAX, u32::MAX),
    first_frame_only: false,
};

/// Decodes a file that has no fault.
pub(crate) fn read(file: &[u8], wanted: &Wanted) -> (Info, Vec<Frame>) {
    let mut decoder = decode::open(file, &Limits::default()).unwrap();
    let mut frames = Vec::new();
    while let Some(frame) = decoder.next_frame(wanted, &NoPause).unwrap() {
        frames.push(frame);
    }
    (decoder.info().clone(), frames)
}

/// A picture with soft gradients, edges, a bright disc and some texture.
pub(crate) fn picture(width: u32, height: u32, layout: Layout) -> Image {
    let channels = layout.channels();
    let mut pixels = Vec::with_capacity(width as usize * height as usize * channels);
    let mut noise = Noise::new(7);
    for y in 0..height {
        for x in 0..width {
            let (across, down) = (
                f64::from(x) / f64::from(width),
                f64::from(y) / f64::from(height),
            );
            let texture = f64::from(noise.byte()) / 255.0 * 12.0 - 6.0;
            let disc = ((across - 0.6).powi(2) + (down - 0.4).powi(2)).sqrt() < 0.25;
            let stripe = (across * 9.0 + down * 4.0).sin() * 40.0;
            let base = [
                60.0 + 150.0 * across + stripe,
                200.0 - 140.0 * down + stripe * 0.5,
                40.0 + 120.0 * (across * down) - stripe,
                255.0 * (0.2 + 0.8 * across),
            ];
            for (index, base) in base.iter().take(channels).enumerate() {
                let is_alpha = layout.has_alpha() && index == channels - 1;
                let lit = if disc && !is_alpha { 50.0 } else { 0.0 };
                let sample = if is_alpha {
                    255.0 * across
                } else {
                    base + lit + texture
                };
                pixels.push(sample.round().clamp(0.0, 255.0) as u8);
            }
        }
    }
    Image::new(width, height, layout, pixels).unwrap()
}

/// The peak signal-to-noise ratio of two pictures of the same size, in decibels.
pub(crate) fn psnr(one: &Image, other: &Image) -> f64 {
    let describe = |image: &Image| (image.width(), image.height(), image.layout());
    assert_eq!(describe(one), describe(other));
    psnr_of(one.pixels(), other.pixels())
}

pub(crate) fn psnr_of(one: &[u8], other: &[u8]) -> f64 {
    assert_eq!(one.len(), other.len());
    let squares = one
        .iter()
        .zip(other)
        .map(|(one, other)| f64::from(one.abs_diff(*other)).powi(2));
    let mean = squares.sum::<f64>() / one.len() as f64;
    10.0 * (255.0 * 255.0 / mean.max(1e-9)).log10()
}

/// Numbers that look random, and are the same each time (xorshift).
pub(crate) struct Noise(u64);

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    pub(crate) fn byte(&mut self) -> u8 {
        self.next() as u8
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }
}

/// Damages a file: bits flipped, bytes changed, cut out, put in, or the end cut off.
pub(crate) fn damage(file: &[u8], seed: u64) -> Vec<u8> {
    let mut noise = Noise::new(seed);
    let mut damaged = file.to_vec();
    for _ in 0..=noise.below(4) {
        if damaged.is_empty() {
            break;
        }
        // Headers more often than data.
        let reach = if noise.below(2) == 0 {
            damaged.len().min(300)
        } else {
            damaged.len()
        };
        let at = noise.below(reach);
        match noise.below(8) {
            0..=2 => damaged[at] ^= 1 << noise.below(8),
            3 | 4 => damaged[at] = [0, 1, 0x7F, 0x80, 0xFF, noise.byte()][noise.below(6)],
            5 => {
                let end = (at + noise.below(40)).min(damaged.len());
                damaged.drain(at..end);
            }
            6 => {
                let bytes: Vec<u8> = (0..noise.below(20)).map(|_| noise.byte()).collect();
                damaged.splice(at..at, bytes);
            }
            _ => damaged.truncate(at.max(damaged.len() / 2)),
        }
    }
    damaged
}
