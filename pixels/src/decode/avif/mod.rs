//! AVIF: boxes are read here, AV1 is decoded by the crate `re_rav1d`.
//!
//! A still is the primary item of `meta`, whole or in tiles, with an item for its alpha; a
//! sequence has tracks of frames. Either way the samples flow from [`av1`] through the rows of
//! [`layer`] into pixels ([`compose`]), and into the smaller picture. What must be done to show
//! it (`irot` and `imir`) is told as an orientation; Exif means nothing here.

mod av1;
mod boxes;
mod compose;
mod convert;
mod layer;
mod meta;
mod property;
mod samples;
mod sequence;
mod still;
#[cfg(test)]
mod tests;
mod track;

use self::property::{Aperture, Colours, Property};
use super::{Coding, Decoder, Format, Info};
use crate::{Error, Limits};

/// Opens a sequence if the major brand says so, and a still otherwise.
pub(super) fn open<'a>(source: &'a [u8], limits: &Limits) -> Result<Box<dyn Decoder + 'a>, Error> {
    let (mut brand, mut meta, mut moov) = (None, None, None);
    for found in boxes::boxes(source) {
        // What follows the boxes that are needed may be cut off.
        let Ok((name, content)) = found else { break };
        match &name {
            b"ftyp" => brand = content.first_chunk::<4>(),
            b"meta" => meta = meta.or(Some(content)),
            b"moov" => moov = moov.or(Some(content)),
            _ => {}
        }
    }
    match (brand, meta, moov) {
        (Some(b"avis"), _, Some(moov)) | (_, None, Some(moov)) => {
            Ok(Box::new(track::open(moov, source, limits)?))
        }
        (Some(_), Some(meta), _) => Ok(Box::new(still::open(meta, source, limits)?)),
        _ => Err(boxes::MISSING),
    }
}

/// What properties say about how a picture is shown.
#[derive(Debug, Default)]
struct Display<'a> {
    icc: Option<&'a [u8]>,
    colours: Option<Colours>,
    rotation: u8,
    mirror: Option<u8>,
    aperture: Option<Aperture>,
}

impl<'a> Display<'a> {
    fn new<'b>(properties: impl Iterator<Item = &'b Property<'a>>) -> Self
    where
        'a: 'b,
    {
        let mut display = Self::default();
        for property in properties {
            match property {
                Property::Profile(icc) => display.icc = Some(icc),
                Property::Colours(colours) => display.colours = Some(*colours),
                Property::Rotation(quarters) => display.rotation = *quarters,
                Property::Mirror(axis) => display.mirror = Some(*axis),
                Property::Aperture(aperture) => display.aperture = Some(*aperture),
                _ => {}
            }
        }
        display
    }

    /// The rotation, and the mirror after it, as an orientation.
    fn orientation(&self) -> u8 {
        match (self.rotation, self.mirror) {
            (0, None) => 1,
            (0, Some(0)) => 4,
            (0, Some(_)) => 2,
            (1, None) => 8,
            (1, Some(0)) => 5,
            (1, Some(_)) => 7,
            (2, None) => 3,
            (2, Some(0)) => 2,
            (2, Some(_)) => 4,
            (_, None) => 6,
            (_, Some(0)) => 7,
            (_, Some(_)) => 5,
        }
    }

    /// The part of the picture that is shown: left, top, width and height.
    fn part(&self, size: (u32, u32)) -> [u32; 4] {
        let part = self.aperture.and_then(|aperture| aperture.part(size));
        part.unwrap_or([0, 0, size.0, size.1])
    }

    /// What the header says of an opaque still whose shown part and colours are these.
    fn info(&self, part: [u32; 4], colours: &Colours) -> Info {
        Info {
            format: Format::Avif,
            width: part[2],
            height: part[3],
            orientation: self.orientation(),
            icc: self.icc.map(<[u8]>::to_vec),
            coding: if self.icc.is_some() {
                None
            } else {
                coding(colours)
            },
            has_alpha: false,
            frames: 1,
            loop_count: 1,
        }
    }

    /// The colours of the samples. What no property says, the stream does.
    fn colours(&self, stream: &[u8]) -> Colours {
        const UNKNOWN: Colours = Colours {
            primaries: 2,
            transfer: 2,
            matrix: 2,
            full_range: true,
        };
        self.colours
            .or_else(|| sequence::colours(stream))
            .unwrap_or(UNKNOWN)
    }
}

/// The colour space as code points, if it is not sRGB. As in browsers, the curves of video are
/// that of sRGB, and what is unspecified is sRGB.
fn coding(colours: &Colours) -> Option<Coding> {
    let transfer = match colours.transfer {
        1 | 2 | 6 | 13 | 14 | 15 => 13,
        other => u8::try_from(other).ok()?,
    };
    let primaries = match colours.primaries {
        2 => 1,
        other => u8::try_from(other).ok()?,
    };
    let coding = Coding::Points {
        primaries,
        transfer,
    };
    (coding
        != Coding::Points {
            primaries: 1,
            transfer: 13,
        })
    .then_some(coding)
}
