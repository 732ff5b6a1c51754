//! Where the blocks of each component are (ITU-T T.81 §A.1.1 and §A.2).

use super::scan::Scan;
use crate::decode::jpeg::header::Header;

/// The blocks of all components.
#[derive(Debug)]
pub(super) struct Grid {
    /// The units of interleaved scans, across and down.
    columns: usize,
    rows: usize,
    components: Vec<Place>,
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
    pub(super) fn new(header: &Header) -> Self {
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
        }
    }

    /// The blocks of a component in interleaved units, across and down.
    pub(super) fn size(&self, component: usize) -> (usize, usize) {
        let place = self.components[component];
        (self.columns * place.h, self.rows * place.v)
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

    /// The number of a component's block by its position.
    #[inline]
    pub(super) fn block(&self, component: usize, x: usize, y: usize) -> usize {
        y * self.columns * self.components[component].h + x
    }

    /// The blocks of an interleaved unit: the indices of their components in the scan, and
    /// their numbers.
    #[inline]
    pub(super) fn each_block(
        &self,
        scan: &Scan,
        x: usize,
        y: usize,
        mut each: impl FnMut(usize, usize),
    ) {
        for (index, selection) in scan.components.iter().enumerate() {
            let place = self.components[selection.component];
            for down in 0..place.v {
                let row = (y * place.v + down) * self.columns * place.h;
                for across in 0..place.h {
                    each(index, row + x * place.h + across);
                }
            }
        }
    }
}
