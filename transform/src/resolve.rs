//! What a transform becomes for one source and one client.

use crate::error::PlanError;
use crate::format::{Format, FormatChoice};
use crate::geometry::Plan;
use crate::source::{Limits, Source};
use crate::transform::{Tone, Transform};

/// For whom `format=auto` chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Client<'a> {
    /// The formats that the client accepts by name. Wildcards in `Accept` say nothing about
    /// formats that are newer than the client.
    pub accepts: &'a [Format],
    /// The most pixels of a result that are worth the time that AVIF takes; 0 for none.
    pub avif_pixels: u64,
}

/// Below this size AVIF is no smaller than WebP, and takes ten times as long.
const LEAST_AVIF_PIXELS: u64 = 200_000;

impl Transform {
    /// The same transform with the format decided, as `format_for` decides it. Its
    /// text is the identity of the derived image among those of one source.
    ///
    /// # Errors
    /// [`PlanError`] if the transform cannot be applied to the source.
    pub fn resolved(
        &self,
        source: &Source,
        client: Client<'_>,
        limits: &Limits,
    ) -> Result<Transform, PlanError> {
        let plan = Plan::new(self, source, limits)?;
        let format = self.format_for(source, client, &plan);
        let resolved = Transform {
            format: FormatChoice::Exactly(format),
            still: self.still && source.frames > 1,
            ..*self
        };
        Ok(resolved.normalized())
    }

    /// The format of the result. For `auto`: AVIF, if it is accepted and the result is neither
    /// small, nor animated, nor over the budget; else WebP, if it is accepted; else the format
    /// of the source, if every client knows it; else PNG for a picture with transparency, GIF
    /// for an animation, and JPEG for the rest.
    fn format_for(&self, source: &Source, client: Client<'_>, plan: &Plan) -> Format {
        match self.format {
            FormatChoice::Exactly(format) => return format,
            FormatChoice::Source => return source.format,
            FormatChoice::Auto => {}
        }
        let animated = source.frames > 1 && !self.still;
        let accepts = |format| client.accepts.contains(&format);
        let pixels = u64::from(plan.canvas.0) * u64::from(plan.canvas.1);
        let avif = (LEAST_AVIF_PIXELS..=client.avif_pixels).contains(&pixels) && !animated;
        if avif && accepts(Format::Avif) {
            return Format::Avif;
        }
        if accepts(Format::Webp) {
            return Format::Webp;
        }
        match source.format {
            Format::Gif if animated => Format::Gif,
            Format::Gif | Format::Png => Format::Png,
            Format::Jpeg => Format::Jpeg,
            Format::Webp | Format::Avif if animated => Format::Gif,
            Format::Webp | Format::Avif if source.has_alpha => Format::Png,
            Format::Webp | Format::Avif => Format::Jpeg,
        }
    }

    /// All transforms that [`Transform::resolved`] can make of this one, for whatever source and
    /// client: in each format that it may get, of a still or of an animation.
    pub fn outcomes(&self) -> Vec<Transform> {
        let formats = match self.format {
            FormatChoice::Exactly(format) => vec![format],
            FormatChoice::Source | FormatChoice::Auto => Format::ALL.to_vec(),
        };
        let mut outcomes = Vec::with_capacity(2 * formats.len());
        for format in formats {
            for still in [false, true] {
                let outcome = Transform {
                    format: FormatChoice::Exactly(format),
                    still: self.still && still,
                    ..*self
                };
                let outcome = outcome.normalized();
                if !outcomes.contains(&outcome) {
                    outcomes.push(outcome);
                }
            }
        }
        outcomes
    }

    /// Whether the original already is what the transform makes of it, so that it may be sent
    /// in its place. `resolved` is a transform whose format is decided.
    pub fn is_identity(&self, source: &Source, limits: &Limits) -> bool {
        let Ok(plan) = Plan::new(self, source, limits) else {
            return false;
        };
        let format = match self.format {
            FormatChoice::Source => true,
            FormatChoice::Auto => false,
            FormatChoice::Exactly(format) => format == source.format,
        };
        let effects = self.blur.is_some() || self.sharpen.is_some() || self.quality.is_some();
        let effects = effects || self.tone != Tone::Colour;
        let flattened = self.background.is_some() && source.has_alpha;
        let fewer_frames = self.still && source.frames > 1;
        source.plain && format && plan.keeps(source) && !effects && !flattened && !fewer_frames
    }
}

#[cfg(test)]
mod tests;
