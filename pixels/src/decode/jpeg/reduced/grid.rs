//! Where the blocks of each component are (ITU-T T.81 §A.1.1 and §A.2), and which of them are kept.

use std::ops::Range;

use darkroom_transform::Rect;

use super::scan::Scan;
use crate::decode::jpeg::header::Header;

/// The part of a picture that is decoded, in units of interleaved scans.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::decode::jpeg) struct Area {
    columns: Range<usize>,
    rows: Range<usize>,
}

/// The pixels of a unit, across and down.
fn unit(header: &Header) -> (u32, u32) {
    let (h, v) = header.sampling();
    (8 * u32::from(h), 8 * u32::from(v))
}

impl Area {
    /// All of a picture.
    pub(in crate::decode::jpeg) fn whole(header: &Header) -> Self {
        let (width, height) = unit(header);
        Self {
            columns: 0..u32::from(header.width).div_ceil(width) as usize,
            rows: 0..u32::from(header.height).div_ceil(height) as usize,
        }
    }

    /// The units that have the part and those around it, whose samples are mixed into its edge.
    pub(in crate::decode::jpeg) fn containing(header: &Header, part: Rect) -> Self {
        let (width, height) = unit(header);
        let whole = Self::whole(header);
        let along = |start: u32, length: u32, unit: u32, all: usize| {
            let first = (start / unit).saturating_sub(1) as usize;
            let end = start.saturating_add(length).div_ceil(unit) as usize + 1;
            let end = end.clamp(1, all.max(1));
            first.min(end - 1)..end
        };
        Self {
            columns: along(part.x, part.width, width, whole.columns.end),
            rows: along(part.y, part.height, height, whole.rows.end),
        }
    }

    /// Whether it is all of a picture.
    pub(in crate::decode::jpeg) fn is_whole(&self, header: &Header) -> bool {
        *self == Self::whole(header)
    }

    /// Whether it is more than half of a picture.
    pub(in crate::decode::jpeg) fn is_most(&self, header: &Header) -> bool {
        let units = |area: &Self| area.columns.len() * area.rows.len();
        units(self) * 2 > units(&Self::whole(header))
    }

    /// The pixels left of it and above it.
    pub(in crate::decode::jpeg) fn origin(&self, header: &Header) -> (u32, u32) {
        let (width, height) = unit(header);
        (
            self.columns.start as u32 * width,
            self.rows.start as u32 * height,
        )
    }

    /// Its pixels across and down.
    pub(super) fn size(&self, header: &Header) -> (u32, u32) {
        let (width, height) = unit(header);
        let (left, top) = self.origin(header);
        let right = (self.columns.end as u32 * width).min(header.width.into());
        let bottom = (self.rows.end as u32 * height).min(header.height.into());
        (right.saturating_sub(left), bottom.saturating_sub(top))
    }
}

/// A block of a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Block {
    /// Its number among all of the component.
    pub(super) number: usize,
    /// Its number among those that are kept, if it is.
    pub(super) kept: Option<usize>,
}

/// The blocks of all components.
#[derive(Debug)]
pub(super) struct Grid {
    /// The units of interleaved scans, across and down.
    columns: usize,
    rows: usize,
    components: Vec<Place>,
    /// The units whose blocks are kept.
    area: Area,
}

/// The blocks of a component.
#[derive(Clone, Copy, Debug)]
struct Place {
    /// The sampling factors: its blocks in a unit, across and down.
    h: usize,
    v: usize,
    /// The blocks that have pixels, across and down: units of a scan of it alone.
    columns: usize,
    rows: usize,
}

impl Grid {
    pub(super) fn new(header: &Header, area: &Area) -> Self {
        let (h, v) = header.sampling();
        let (width, height) = (usize::from(header.width), usize::from(header.height));
        let place = |own: u8, largest: u8, side: usize| {
            (side * usize::from(own))
                .div_ceil(usize::from(largest))
                .div_ceil(8)
        };
        Self {
            columns: width.div_ceil(8 * usize::from(h)),
            rows: height.div_ceil(8 * usize::from(v)),
            components: (header.components.iter())
                .map(|component| Place {
                    h: component.h.into(),
                    v: component.v.into(),
                    columns: place(component.h, h, width),
                    rows: place(component.v, v, height),
                })
                .collect(),
            area: area.clone(),
        }
    }

    /// The blocks of a component in interleaved units.
    pub(super) fn blocks(&self, component: usize) -> usize {
        let place = self.components[component];
        self.columns * place.h * self.rows * place.v
    }

    /// The blocks of a component that are kept, across and down.
    pub(super) fn size(&self, component: usize) -> (usize, usize) {
        let place = self.components[component];
        (
            self.area.columns.len() * place.h,
            self.area.rows.len() * place.v,
        )
    }

    /// The blocks of a component that have pixels, across and down.
    pub(super) fn shown(&self, component: usize) -> (usize, usize) {
        let place = self.components[component];
        (place.columns, place.rows)
    }

    /// The units of interleaved scans, across and down.
    pub(super) fn interleaved(&self) -> (usize, usize) {
        (self.columns, self.rows)
    }

    /// The units of a scan, across and down.
    pub(super) fn units(&self, scan: &Scan) -> (usize, usize) {
        match scan.components[..] {
            [only] => self.shown(only.component),
            _ => self.interleaved(),
        }
    }

    /// The units of a scan down to the last one of which a block is kept.
    pub(super) fn last_row(&self, scan: &Scan) -> usize {
        match scan.components[..] {
            [only] => self.area.rows.end * self.components[only.component].v,
            _ => self.area.rows.end,
        }
    }

    /// A component's block by its position.
    #[inline]
    pub(super) fn block(&self, component: usize, x: usize, y: usize) -> Block {
        let place = self.components[component];
        let (left, top) = (
            self.area.columns.start * place.h,
            self.area.rows.start * place.v,
        );
        let width = self.area.columns.len() * place.h;
        let height = self.area.rows.len() * place.v;
        // What is left of the area or above it wraps around to more than its size.
        let (across, down) = (x.wrapping_sub(left), y.wrapping_sub(top));
        Block {
            number: y * self.columns * place.h + x,
            kept: (across < width && down < height).then(|| down * width + across),
        }
    }

    /// The blocks of an interleaved unit, and the indices of their components in the scan.
    #[inline]
    pub(super) fn each_block(
        &self,
        scan: &Scan,
        x: usize,
        y: usize,
        mut each: impl FnMut(usize, Block),
    ) {
        for (index, selection) in scan.components.iter().enumerate() {
            let place = self.components[selection.component];
            for down in 0..place.v {
                for across in 0..place.h {
                    let (x, y) = (x * place.h + across, y * place.v + down);
                    each(index, self.block(selection.component, x, y));
                }
            }
        }
    }
}
