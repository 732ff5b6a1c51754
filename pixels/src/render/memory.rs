//! What a derivation takes at once after decoding, held against the limit before work begins.

use darkroom_transform::Format;

use super::Job;
use crate::encode;
use crate::{Cost, Error, Image};

impl Job<'_> {
    /// Checks what encoding takes at once.
    pub(super) fn check_encoding(&self) -> Result<(), Error> {
        let (width, height) = self.plan.canvas;
        let pixels = u64::from(width) * u64::from(height);
        // Bytes for each pixel of the result, measured: the picture, and what encoders keep.
        let bytes: u64 = match self.format {
            Format::Jpeg if encode::jpeg::is_made_twice(pixels) => 13,
            Format::Jpeg => 8,
            Format::Png => 11,
            Format::Webp if self.info.has_alpha => 24,
            Format::Webp => 20,
            Format::Gif => 25,
            Format::Avif => 40,
        };
        self.check(pixels * bytes)
    }

    /// Checks what a decoded picture and the same scaled take together.
    pub(super) fn check_scaling(&self, decoded: &Image) -> Result<(), Error> {
        let (width, height) = self.plan.scaled;
        let scaled = u64::from(width) * u64::from(height) * decoded.layout().channels() as u64;
        self.check(decoded.pixels().len() as u64 + scaled)
    }

    fn check(&self, needed: u64) -> Result<(), Error> {
        let limit = self.limits.max_memory as u64;
        if needed > limit {
            return Err(Error::TooCostly {
                cost: Cost::Memory,
                needed,
                limit,
            });
        }
        Ok(())
    }
}
