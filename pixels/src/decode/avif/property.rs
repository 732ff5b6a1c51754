//! The properties of items (ISO/IEC 23008-12 §6.5, AVIF 1.1 §2.2).

use super::boxes::{SHORT, full};
use crate::Error;
use crate::decode::reader::Reader;

/// A property that decoding depends on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Property<'a> {
    /// `ispe`: width and height.
    Size(u32, u32),
    /// `av1C`.
    Configuration(Configuration),
    /// `colr` with an ICC profile.
    Profile(&'a [u8]),
    /// `colr` with code points.
    Colours(Colours),
    /// `irot`: quarter turns anticlockwise.
    Rotation(u8),
    /// `imir`: 0 exchanges top and bottom, 1 left and right.
    Mirror(u8),
    /// `clap`.
    Aperture(Aperture),
    /// `auxC`: what an auxiliary picture is.
    Auxiliary(&'a [u8]),
    /// `a1op`: the operating point to decode.
    OperatingPoint(u8),
    /// Any other.
    Other,
}

/// How samples are coded (AV1 in ISOBMFF §2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Configuration {
    /// Whether a sample has more than 8 bits.
    pub(super) deep: bool,
    pub(super) monochrome: bool,
    /// Whether chroma has half of the samples across and down.
    pub(super) halved: (bool, bool),
}

/// Colours by the code points of ITU-T H.273.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Colours {
    pub(super) primaries: u16,
    pub(super) transfer: u16,
    pub(super) matrix: u16,
    pub(super) full_range: bool,
}

/// A clean aperture: width, height, and the offsets of its centre from that of the picture, each
/// a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Aperture {
    width: (u32, u32),
    height: (u32, u32),
    across: (i32, u32),
    down: (i32, u32),
}

impl<'a> Property<'a> {
    pub(super) fn read(name: &[u8; 4], content: &'a [u8]) -> Result<Self, Error> {
        let mut reader = Reader::new(content);
        Ok(match name {
            b"ispe" => {
                let (_, _, mut reader) = full(content)?;
                let (width, height) = reader.u32_be().zip(reader.u32_be()).ok_or(SHORT)?;
                Self::Size(width, height)
            }
            b"av1C" => {
                let [_, _, flags, _] = reader.array().ok_or(SHORT)?;
                Self::Configuration(Configuration {
                    deep: flags & 0x40 != 0,
                    monochrome: flags & 0x10 != 0,
                    halved: (flags & 8 != 0, flags & 4 != 0),
                })
            }
            b"colr" => match &reader.array().ok_or(SHORT)? {
                b"prof" | b"rICC" => Self::Profile(reader.rest()),
                b"nclx" => Self::Colours(Colours {
                    primaries: reader.u16_be().ok_or(SHORT)?,
                    transfer: reader.u16_be().ok_or(SHORT)?,
                    matrix: reader.u16_be().ok_or(SHORT)?,
                    full_range: reader.u8().ok_or(SHORT)? & 0x80 != 0,
                }),
                _ => Self::Other,
            },
            b"irot" => Self::Rotation(reader.u8().ok_or(SHORT)? & 3),
            b"imir" => Self::Mirror(reader.u8().ok_or(SHORT)? & 1),
            b"clap" => Self::Aperture(Aperture::read(&mut reader).ok_or(SHORT)?),
            b"auxC" => {
                let (_, _, reader) = full(content)?;
                let name = reader.rest().split(|byte| *byte == 0).next();
                Self::Auxiliary(name.unwrap_or_default())
            }
            b"a1op" => Self::OperatingPoint(reader.u8().ok_or(SHORT)?),
            _ => Self::Other,
        })
    }
}

impl Aperture {
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let mut pair = || reader.u32_be().zip(reader.u32_be());
        let (width, height, across, down) = (pair()?, pair()?, pair()?, pair()?);
        Some(Self {
            width,
            height,
            across: (across.0.cast_signed(), across.1),
            down: (down.0.cast_signed(), down.1),
        })
    }

    /// The part of a picture that it shows: left, top, width and height. `None` if that is not a
    /// part of whole pixels, which readers ignore.
    pub(super) fn part(&self, (width, height): (u32, u32)) -> Option<[u32; 4]> {
        let (left, own_width) = along(self.width, self.across, width)?;
        let (top, own_height) = along(self.height, self.down, height)?;
        Some([left, top, own_width, own_height])
    }
}

/// The first pixel and the number of pixels in one direction (ISO/IEC 14496-12 §12.1.4.1).
fn along(length: (u32, u32), offset: (i32, u32), side: u32) -> Option<(u32, u32)> {
    let own = length
        .0
        .checked_div(length.1)
        .filter(|_| length.0.is_multiple_of(length.1))?;
    let (numerator, denominator) = (i128::from(offset.0), i128::from(offset.1));
    // Twice the first pixel, times the denominator.
    let start = (i128::from(side) - i128::from(own)) * denominator + 2 * numerator;
    if denominator == 0 || start % (2 * denominator) != 0 {
        return None;
    }
    let start = u32::try_from(start / (2 * denominator)).ok()?;
    let fits = own > 0 && start.checked_add(own)? <= side;
    fits.then_some((start, own))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_aperture_is_a_part_of_whole_pixels() {
        let check =
            |fields: [(u32, u32); 2], offsets: [(i32, u32); 2], expect: Option<[u32; 4]>| {
                let [width, height] = fields;
                let [across, down] = offsets;
                let aperture = Aperture {
                    width,
                    height,
                    across,
                    down,
                };
                assert_eq!(aperture.part((100, 60)), expect);
            };
        check([(100, 1), (60, 1)], [(0, 1), (0, 1)], Some([0, 0, 100, 60]));
        check(
            [(50, 1), (40, 2)],
            [(-5, 1), (10, 1)],
            Some([20, 30, 50, 20]),
        );
        check([(51, 1), (60, 1)], [(1, 2), (0, 1)], Some([25, 0, 51, 60]));
        check([(51, 1), (60, 1)], [(0, 1), (0, 1)], None);
        check([(50, 1), (60, 1)], [(26, 1), (0, 1)], None);
        check([(50, 0), (60, 1)], [(0, 1), (0, 0)], None);
        check([(101, 1), (60, 1)], [(0, 1), (0, 1)], None);
    }
}
