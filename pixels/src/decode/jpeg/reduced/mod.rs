//! A JPEG at 1/8, 1/4, 3/8 or 1/2 of its size, from few of its coefficients: most of the time of
//! decoding goes into coefficients that a small picture does not show. And the whole of one, if it
//! is progressive or damaged.
//!
//! The mean of a block is its only sample at 1/8. With the three other coefficients of the lowest
//! frequencies it has two by two samples at 1/4, with 9 coefficients three by three at 3/8, and
//! with 16 four by four at 1/2. All others are passed over, several at a time
//! ([`huffman::Skipper`]). Scans of a progressive picture that have only coefficients which are not
//! needed are not read at all; above 1/8, most have to be read, to know which coefficients the next
//! scan has a bit of: one bit per coefficient is remembered.
//!
//! The data flows from [`bits`] through [`huffman`] and [`blocks`] in the order of [`scan`] into
//! the kept coefficients of each component, which become [`samples`], and then pixels.
//!
//! Of blocks outside of the [`Area`] that is needed, only what tells where the others begin is
//! decoded, and nothing below it. So a part takes little memory, and little time.
//!
//! Damage is never an error here if there is anything to show: what is missing stays grey.

mod bits;
mod blocks;
mod coefficients;
mod grid;
mod huffman;
mod idct;
mod samples;
mod scan;
mod tables;

use self::bits::Bits;
use self::coefficients::{Coefficients, Progressive, Sequential};
pub(super) use self::grid::Area;
use self::grid::Grid;
use self::scan::Scan;
use self::tables::Tables;
use super::MAX_SCANS;
use super::header::{Header, Process};
use super::parts;
use super::segments::{Segments, marker};
use crate::decode::{Wanted, budget};
use crate::{Error, Image, Limits, Pause, Shrink};

/// How much smaller the result is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scale {
    Eighth,
    Quarter,
    ThreeEighths,
    Half,
    Whole,
}

impl Scale {
    /// The smallest scale that has the wanted size.
    pub(super) fn fitting(header: &Header, wanted: &Wanted) -> Self {
        let scales = [Self::Eighth, Self::Quarter, Self::ThreeEighths, Self::Half];
        let mut scales = scales.into_iter();
        let fits = |scale: &Self| {
            let (width, height) = scale.of((header.width.into(), header.height.into()));
            width >= wanted.at_least.0 && height >= wanted.at_least.1
        };
        scales.find(fits).unwrap_or(Self::Whole)
    }

    /// The samples of a block, across and down: those of the whole picture are eight.
    pub(super) const fn samples(self) -> usize {
        match self {
            Self::Eighth => 1,
            Self::Quarter => 2,
            Self::ThreeEighths => 3,
            Self::Half => 4,
            Self::Whole => 8,
        }
    }

    /// How much smaller than the picture the result is.
    pub(super) const fn shrink(self) -> Shrink {
        Shrink::new(8, self.samples() as u32)
    }

    /// The coefficients of a block that are kept.
    const fn kept(self) -> usize {
        self.samples() * self.samples()
    }

    /// The size of a picture of this size.
    fn of(self, (width, height): (u32, u32)) -> (u32, u32) {
        (self.shrink().side(width), self.shrink().side(height))
    }
}

/// What decoding takes at once: all coefficients and the samples of the first component, or all
/// samples and the result.
fn memory(header: &Header, grid: &Grid, (scale, area): (Scale, &Area)) -> u64 {
    let blocks = |component: usize| {
        let (across, down) = grid.size(component);
        across as u64 * down as u64
    };
    let components = 0..header.components.len();
    let all: u64 = components.clone().map(blocks).sum();
    let maps = match (header.process, scale) {
        (Process::Sequential, _) | (_, Scale::Eighth) => 0,
        _ => components
            .map(|component| grid.blocks(component) as u64 * 8)
            .sum(),
    };
    let kept = scale.kept() as u64;
    let coefficients = all * 2 * kept + maps + blocks(0) * kept;
    let (width, height) = scale.of(area.size(header));
    let result = u64::from(width) * u64::from(height) * header.components.len() as u64;
    coefficients.max(all * kept + result)
}

/// Decodes an area of a sequential or progressive picture.
pub(super) fn decode(
    source: &[u8],
    header: &Header,
    (scale, area): (Scale, &Area),
    limits: &Limits,
    pause: &dyn Pause,
) -> Result<Image, Error> {
    let picture = read(source, header, (scale, area), limits, pause)?;
    let coefficients = picture.coefficients;
    samples::assemble(header, &picture.grid, coefficients, (scale, area), pause)
}

/// The units and the components of a picture, with all coefficients.
pub(super) fn components(
    source: &[u8],
    header: &Header,
    limits: &Limits,
    pause: &dyn Pause,
) -> Result<((usize, usize), Vec<parts::Component>), Error> {
    let whole = (Scale::Whole, &Area::whole(header));
    let picture = read(source, header, whole, limits, pause)?;
    let grid = picture.grid;
    let coefficients = picture.coefficients.components.into_iter();
    let components = coefficients.enumerate().map(|(index, coefficients)| {
        let own = header.components[index];
        parts::Component {
            id: own.id,
            factors: (own.h.into(), own.v.into()),
            blocks: coefficients.values,
            across: grid.size(index).0,
            shown: grid.shown(index),
        }
    });
    Ok((grid.interleaved(), components.collect()))
}

/// Reads the coefficients that an area needs of all scans.
fn read<'a>(
    source: &'a [u8],
    header: &'a Header,
    (scale, area): (Scale, &Area),
    limits: &Limits,
    pause: &dyn Pause,
) -> Result<Picture<'a>, Error> {
    let grid = Grid::new(header, area);
    budget::check_memory(memory(header, &grid, (scale, area)), limits)?;
    let mut picture = Picture {
        source,
        header,
        scale,
        tables: Tables::default(),
        coefficients: Coefficients::new(header, &grid, scale),
        grid,
        units: 0,
    };
    let mut segments = Segments::new(source);
    let mut scans = 0;
    while let Some(segment) = segments.next() {
        let done = match segment.marker {
            marker::EOI => break,
            marker::SOS => {
                scans += 1;
                if scans > MAX_SCANS {
                    return Err(Error::undecodable("it has more than 100 scans"));
                }
                picture.scan(segment.content, &mut segments, pause)
            }
            other => picture.tables.read(other, segment.content),
        };
        match done {
            // What comes behind damage is ignored if there is a picture before it.
            Err(_) if picture.units > 0 => break,
            done => done?,
        }
    }
    if picture.units == 0 {
        return Err(Error::undecodable("its first scan has no pixels"));
    }
    Ok(picture)
}

/// A picture while it is decoded.
struct Picture<'a> {
    source: &'a [u8],
    header: &'a Header,
    scale: Scale,
    tables: Tables,
    coefficients: Coefficients,
    grid: Grid,
    /// The units of scans that were decoded.
    units: u64,
}

impl Picture<'_> {
    /// Decodes a scan, if anything of it is kept.
    fn scan(
        &mut self,
        content: &[u8],
        segments: &mut Segments<'_>,
        pause: &dyn Pause,
    ) -> Result<(), Error> {
        let scan = Scan::read(content, self.header)?;
        self.coefficients
            .set_tables(&scan, self.header, &self.tables)?;
        let progressive = self.header.process == Process::Progressive;
        if progressive && scan.first > 0 && self.scale == Scale::Eighth {
            return Ok(());
        }
        if !progressive {
            for selection in &scan.components {
                let values = self.scale != Scale::Eighth;
                self.tables.build_lookups(selection.ac, values)?;
            }
        }
        let mut bits = Bits::new(self.source, segments.rest().0);
        self.units += if progressive {
            let (grid, interval) = (&self.grid, self.tables.interval);
            let mut blocks = Progressive::new(&scan, &self.tables, &mut self.coefficients)?;
            scan::visit(&mut bits, &scan, grid, interval, pause, &mut blocks)
        } else {
            match self.scale {
                Scale::Eighth => self.sequential::<1>(&scan, &mut bits, pause)?,
                Scale::Quarter => self.sequential::<4>(&scan, &mut bits, pause)?,
                Scale::ThreeEighths => self.sequential::<9>(&scan, &mut bits, pause)?,
                Scale::Half => self.sequential::<16>(&scan, &mut bits, pause)?,
                Scale::Whole => self.sequential::<64>(&scan, &mut bits, pause)?,
            }
        };
        segments.seek(bits.position());
        Ok(())
    }

    /// Decodes a sequential scan, and keeps so many coefficients of each block.
    fn sequential<const KEEP: usize>(
        &mut self,
        scan: &Scan,
        bits: &mut Bits<'_>,
        pause: &dyn Pause,
    ) -> Result<u64, Error> {
        let mut blocks = Sequential::<KEEP>::new(scan, &self.tables, &mut self.coefficients)?;
        Ok(scan::visit(
            bits,
            scan,
            &self.grid,
            self.tables.interval,
            pause,
            &mut blocks,
        ))
    }
}
