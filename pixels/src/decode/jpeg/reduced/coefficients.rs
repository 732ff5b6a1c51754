//! The kept coefficients of all blocks, and the scans that fill them.

use super::Scale;
use super::bits::Bits;
use super::blocks::{self, Band, Places};
use super::grid::{Block, Grid};
use super::huffman::{Code, Lookups};
use super::scan::{Blocks, Scan};
use super::tables::{Quantization, Tables};
use crate::Error;
use crate::decode::jpeg::header::{Header, Process};

/// The kept coefficients of each component.
pub(super) struct Coefficients {
    /// How many of a block are kept.
    kept: usize,
    pub(super) components: Vec<Component>,
}

pub(super) struct Component {
    /// The kept coefficients, block by block.
    pub(super) values: Vec<i16>,
    /// For each block, which of its coefficients are not 0 so far; empty if nobody asks.
    nonzero: Vec<u64>,
    /// The quantization steps of the component's first scan.
    pub(super) steps: Option<Quantization>,
}

impl Coefficients {
    pub(super) fn new(header: &Header, grid: &Grid, scale: Scale) -> Self {
        let maps = header.process == Process::Progressive && scale != Scale::Eighth;
        let component = |index: usize| {
            let (across, down) = grid.size(index);
            Component {
                values: vec![0; across * down * scale.kept()],
                nonzero: vec![0; if maps { grid.blocks(index) } else { 0 }],
                steps: None,
            }
        };
        Self {
            kept: scale.kept(),
            components: (0..header.components.len()).map(component).collect(),
        }
    }

    /// Takes the quantization tables of components that come for the first time.
    pub(super) fn set_tables(
        &mut self,
        scan: &Scan,
        header: &Header,
        tables: &Tables,
    ) -> Result<(), Error> {
        for selection in &scan.components {
            let component = &mut self.components[selection.component];
            if component.steps.is_none() {
                let number = header.components[selection.component].table;
                component.steps = Some(tables.quantization(number)?);
            }
        }
        Ok(())
    }
}

/// A component of a sequential scan: the codes and the last mean.
struct Sequence<'a> {
    component: usize,
    dc: &'a Code,
    ac: (&'a Code, &'a Lookups),
    prediction: i32,
}

/// Fills coefficients from a sequential scan; `KEEP` of each block.
pub(super) struct Sequential<'a, const KEEP: usize> {
    sequences: Vec<Sequence<'a>>,
    coefficients: &'a mut Coefficients,
}

impl<'a, const KEEP: usize> Sequential<'a, KEEP> {
    pub(super) fn new(
        scan: &Scan,
        tables: &'a Tables,
        coefficients: &'a mut Coefficients,
    ) -> Result<Self, Error> {
        let sequences = scan.components.iter().map(|selection| {
            Ok(Sequence {
                component: selection.component,
                dc: tables.dc(selection.dc)?,
                ac: tables.ac_with_lookups(selection.ac)?,
                prediction: 0,
            })
        });
        let sequences = sequences.collect::<Result<_, Error>>()?;
        Ok(Self {
            sequences,
            coefficients,
        })
    }
}

impl<const KEEP: usize> Blocks for Sequential<'_, KEEP> {
    #[inline]
    fn block(&mut self, bits: &mut Bits<'_>, component: usize, block: Block) {
        let sequence = &mut self.sequences[component];
        let (dc, ac) = (sequence.dc, sequence.ac);
        let prediction = &mut sequence.prediction;
        let Some(kept) = block.kept else {
            // Only the mean matters: those of later blocks are told by their difference from it.
            return blocks::sequential::<1>(bits, dc, ac, prediction, &mut [0]);
        };
        let values = &mut self.coefficients.components[sequence.component].values;
        let values = &mut values[kept * KEEP..][..KEEP];
        blocks::sequential::<KEEP>(bits, dc, ac, prediction, values);
    }

    fn reset(&mut self) {
        for sequence in &mut self.sequences {
            sequence.prediction = 0;
        }
    }
}

/// Fills coefficients from a progressive scan.
pub(super) struct Progressive<'a> {
    kind: Kind<'a>,
    coefficients: &'a mut Coefficients,
    /// The components of the scan.
    components: Vec<usize>,
    /// Takes the coefficients of blocks that are not kept.
    lost: [i16; 64],
}

/// What a progressive scan has.
enum Kind<'a> {
    /// Means, with the codes and the last mean of each component.
    FirstMeans {
        low: u32,
        codes: Vec<(&'a Code, i32)>,
    },
    /// One more bit of means.
    RefinedMeans { low: u32 },
    /// Other coefficients.
    First(Band<'a>),
    /// One more bit of other coefficients.
    Refined(Band<'a>),
}

impl<'a> Progressive<'a> {
    pub(super) fn new(
        scan: &Scan,
        tables: &'a Tables,
        coefficients: &'a mut Coefficients,
    ) -> Result<Self, Error> {
        let low = scan.low;
        let kind = match (scan.first, scan.high, &scan.components[..]) {
            (0, 0, selections) => {
                let codes = selections
                    .iter()
                    .map(|selection| Ok((tables.dc(selection.dc)?, 0)));
                Kind::FirstMeans {
                    low,
                    codes: codes.collect::<Result<_, Error>>()?,
                }
            }
            (0, _, _) => Kind::RefinedMeans { low },
            (first, high, selections) => {
                let number = selections.first().map_or(0, |selection| selection.ac);
                let ac = tables.ac(number)?;
                let band = Band {
                    ac,
                    places: Places::of(coefficients.kept),
                    first,
                    last: scan.last,
                    low,
                    ended_blocks: 0,
                };
                if high == 0 {
                    Kind::First(band)
                } else {
                    Kind::Refined(band)
                }
            }
        };
        let components = scan
            .components
            .iter()
            .map(|selection| selection.component)
            .collect();
        Ok(Self {
            kind,
            coefficients,
            components,
            lost: [0; 64],
        })
    }
}

impl Blocks for Progressive<'_> {
    #[inline]
    fn block(&mut self, bits: &mut Bits<'_>, component: usize, block: Block) {
        let kept = self.coefficients.kept;
        let Component {
            values, nonzero, ..
        } = &mut self.coefficients.components[self.components[component]];
        let values = match block.kept {
            Some(number) => &mut values[number * kept..][..kept],
            None => &mut self.lost[..],
        };
        match &mut self.kind {
            Kind::FirstMeans { low, codes } => {
                let (code, prediction) = &mut codes[component];
                blocks::first_mean(bits, code, *low, prediction, values);
            }
            Kind::RefinedMeans { low } => blocks::refine_mean(bits, *low, values),
            Kind::First(band) => band.first(bits, values, &mut nonzero[block.number]),
            Kind::Refined(band) => band.refine(bits, values, &mut nonzero[block.number]),
        }
    }

    fn reset(&mut self) {
        match &mut self.kind {
            Kind::FirstMeans { codes, .. } => {
                codes.iter_mut().for_each(|(_, prediction)| *prediction = 0)
            }
            Kind::RefinedMeans { .. } => {}
            Kind::First(band) | Kind::Refined(band) => band.ended_blocks = 0,
        }
    }
}
