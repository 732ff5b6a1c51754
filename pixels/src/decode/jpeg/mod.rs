//! JPEG.

mod colours;
mod full;
#[cfg(any(test, feature = "fuzzing"))]
pub(super) mod fuzz;
mod header;
pub(crate) mod parts;
mod reduced;
mod segments;
#[cfg(test)]
mod tests;
mod upsample;

use self::header::{Header, Process};
use self::reduced::{Area, Scale};
use darkroom_transform::Rect;

use super::{Decoder, Format, Info, Wanted, budget};
use crate::{Error, Frame, Limits, Pause};

/// More scans than encoders write, and few enough for a small file not to cost minutes.
const MAX_SCANS: usize = 100;

pub(super) struct Jpeg<'a> {
    source: &'a [u8],
    info: Info,
    header: Header,
    limits: Limits,
    given: bool,
    /// The part that is needed.
    part: Rect,
    /// The part that is decoded.
    area: Area,
}

pub(super) fn open<'a>(source: &'a [u8], limits: &Limits) -> Result<Jpeg<'a>, Error> {
    let mut header = header::read(source)?;
    budget::check(header.width.into(), header.height.into(), 1, limits)?;
    let info = Info {
        format: Format::Jpeg,
        width: header.width.into(),
        height: header.height.into(),
        orientation: header.orientation,
        icc: header.icc.take(),
        coding: None,
        has_alpha: false,
        frames: 1,
        loop_count: 1,
    };
    Ok(Jpeg {
        source,
        part: Rect {
            x: 0,
            y: 0,
            width: info.width,
            height: info.height,
        },
        area: Area::whole(&header),
        info,
        header,
        limits: *limits,
        given: false,
    })
}

impl Decoder for Jpeg<'_> {
    fn info(&self) -> &Info {
        &self.info
    }

    fn confine(&mut self, part: Rect) {
        self.part = part;
    }

    fn origin(&self) -> (u32, u32) {
        self.area.origin(&self.header)
    }

    fn next_frame(&mut self, wanted: &Wanted, pause: &dyn Pause) -> Result<Option<Frame>, Error> {
        if std::mem::replace(&mut self.given, true) {
            return Ok(None);
        }
        let scale = Scale::fitting(&self.header, wanted);
        let part = Area::containing(&self.header, self.part);
        self.area = match (self.header.process, scale) {
            (Process::Lossless, _) => Area::whole(&self.header),
            // The other decoder is faster with all of it than this one with most of it.
            (Process::Sequential, Scale::Whole) if part.is_most(&self.header) => {
                Area::whole(&self.header)
            }
            _ => part,
        };
        let (source, header, limits) = (self.source, &self.header, &self.limits);
        let area = &self.area;
        let whole = match (header.process, scale) {
            (Process::Lossless, _) => Some(full::decode(source, header, limits, pause)?),
            // Damaged files are shown as far as they go.
            (Process::Sequential, Scale::Whole) if area.is_whole(header) => {
                match full::decode(source, header, limits, pause) {
                    Err(Error::Undecodable { .. }) => None,
                    done => Some(done?),
                }
            }
            _ => None,
        };
        let (image, shrink) = match whole {
            Some(image) => (image, 1.into()),
            None => (
                reduced::decode(source, header, (scale, area), limits, pause)?,
                scale.shrink(),
            ),
        };
        Ok(Some(Frame {
            image,
            shrink,
            delay: 0,
        }))
    }
}
