//! Transforms in the paths of the IIIF Image API 3.0: `region/size/rotation/quality.format`.
//!
//! ```text
//! path ──Request::parse──▶ Request ──resolved, with the size of the image──▶ Transform
//!                                                                       └──▶ canonical path
//! ```
//!
//! Everything of level 2, and mirroring, upscaling, `bitonal` and the formats of this crate.
//! Rotations are whole quarters. A request has the same [`Transform`] as the query that asks for
//! the same, if there is one, so that both are one derived image.

mod error;
mod info;
mod region;
mod size;

use std::fmt;

pub use error::{Error, Part};
pub use info::Pyramid;
pub use size::Limits;

use crate::crop::{Crop, Length};
use crate::format::{Format, FormatChoice};
use crate::geometry::Rect;
use crate::number::Decimal;
use crate::transform::{Tone, Transform};
use crate::turn::Turn;

use region::Region;
use size::Size;

/// What a path asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Request {
    region: Region,
    size: Size,
    turn: Turn,
    tone: Tone,
    format: Format,
}

/// What a path asks for of an image of a certain size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// What is done to the image.
    pub transform: Transform,
    /// The one path that asks for it.
    pub canonical: Canonical,
}

/// The canonical path (§4.8), without the identifier.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Canonical {
    /// `None` for all of the image.
    region: Option<Rect>,
    size: CanonicalSize,
    turn: Turn,
    tone: Tone,
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum CanonicalSize {
    Max,
    MaxUpscaled,
    Exactly {
        width: u32,
        height: u32,
        upscaled: bool,
    },
}

/// The names of formats in paths. `avif` is not in the specification.
const FORMATS: [(&str, Format); 5] = [
    ("jpg", Format::Jpeg),
    ("png", Format::Png),
    ("gif", Format::Gif),
    ("webp", Format::Webp),
    ("avif", Format::Avif),
];

impl Request {
    /// Reads the parts of a path, decoded. `file` is `quality.format`.
    ///
    /// # Errors
    /// [`Error`] names the first part that is wrong.
    pub fn parse(region: &str, size: &str, rotation: &str, file: &str) -> Result<Request, Error> {
        let (quality, format) = file.rsplit_once('.').ok_or(Error::File)?;
        Ok(Request {
            region: Region::parse(region)?,
            size: Size::parse(size)?,
            turn: turn(rotation)?,
            tone: tone(quality)?,
            format: format_of(format)?,
        })
    }

    /// What is asked for of an image of this size, which is that of the upright image.
    ///
    /// # Errors
    /// [`Error`] for a region outside of the image, a size that enlarges without being asked to,
    /// and one beyond the limits.
    pub fn resolved(&self, image: (u32, u32), limits: &Limits) -> Result<Resolved, Error> {
        let region = self.region.within(image)?;
        let shown = (region.width, region.height);
        let size = self.size.of(shown, limits)?;
        let region = Some(region).filter(|_| shown != image);
        let transform = Transform {
            size: size::of_box(shown, size, self.turn),
            fit: size::fit(shown, size, self.turn),
            crop: region.map(crop),
            turn: self.turn,
            tone: self.tone,
            format: FormatChoice::Exactly(self.format),
            still: true,
            ..Transform::default()
        };
        let (width, height) = size;
        Ok(Resolved {
            transform: transform.normalized(),
            canonical: Canonical {
                region,
                size: match size {
                    size if size == limits.largest(shown, false) => CanonicalSize::Max,
                    size if size == limits.largest(shown, true) => CanonicalSize::MaxUpscaled,
                    _ => CanonicalSize::Exactly {
                        width,
                        height,
                        upscaled: width > shown.0 || height > shown.1,
                    },
                },
                turn: self.turn,
                tone: self.tone,
                format: self.format,
            },
        })
    }

    /// The transform of a request in canonical form for a part of an image, such as a tile, which
    /// is the same for every image that has the part.
    pub fn likely(&self, limits: &Limits) -> Option<Transform> {
        let image = self.region.image_around()?;
        Some(self.resolved(image, limits).ok()?.transform)
    }
}

fn crop(region: Rect) -> Crop {
    Crop {
        x: Length::Pixels(region.x),
        y: Length::Pixels(region.y),
        width: Length::Pixels(region.width),
        height: Length::Pixels(region.height),
    }
}

fn turn(rotation: &str) -> Result<Turn, Error> {
    let (mirrored, degrees) = match rotation.strip_prefix('!') {
        Some(degrees) => (true, degrees),
        None => (false, rotation),
    };
    let degrees = Decimal::parse(degrees).ok_or(Error::Rotation)?;
    let quarter = Decimal::whole(90).millionths();
    match (
        degrees.millionths() / quarter,
        degrees.millionths() % quarter,
    ) {
        (quarters @ 0..=4, 0) => Ok(Turn::new(mirrored, quarters as u8)),
        _ => Err(Error::Rotation),
    }
}

fn tone(quality: &str) -> Result<Tone, Error> {
    match quality {
        "default" | "color" => Ok(Tone::Colour),
        "gray" => Ok(Tone::Grey),
        "bitonal" => Ok(Tone::Bitonal),
        _ => Err(Error::Quality),
    }
}

fn format_of(name: &str) -> Result<Format, Error> {
    let mut formats = FORMATS.into_iter();
    let found = formats.find(|(known, _)| *known == name);
    found.map(|(_, format)| format).ok_or(Error::Format)
}

impl fmt::Display for Canonical {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.region {
            None => out.write_str("full/")?,
            Some(Rect {
                x,
                y,
                width,
                height,
            }) => write!(out, "{x},{y},{width},{height}/")?,
        }
        match self.size {
            CanonicalSize::Max => out.write_str("max/")?,
            CanonicalSize::MaxUpscaled => out.write_str("^max/")?,
            CanonicalSize::Exactly {
                width,
                height,
                upscaled,
            } => {
                let caret = if upscaled { "^" } else { "" };
                write!(out, "{caret}{width},{height}/")?;
            }
        }
        let mirrored = if self.turn.mirrored() { "!" } else { "" };
        let quality = match self.tone {
            Tone::Colour => "default",
            Tone::Grey => "gray",
            Tone::Bitonal => "bitonal",
        };
        let degrees = u16::from(self.turn.quarters()) * 90;
        write!(out, "{mirrored}{degrees}/{quality}.")?;
        let mut formats = FORMATS.into_iter();
        let name = formats.find(|(_, format)| *format == self.format);
        out.write_str(name.map_or("", |(name, _)| name))
    }
}

#[cfg(test)]
mod tests;
