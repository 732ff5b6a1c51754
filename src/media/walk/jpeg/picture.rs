//! The coded picture of a JPEG, followed to the end of its last scan.
//!
//! Some cameras write no EOI, or a note of their own in its place, and decoders show such
//! files. A file that was cut short looks the same, unless it is known where the picture
//! ends. So the walk shows all coded data to a [`Picture`], which knows from the frame header
//! which scans there must be, and counts the codes of each.
//!
//! The last scan is the one after which every coefficient of every component has been sent,
//! down to its last bit. In a sequential picture (baseline or extended) that is the scan of
//! the last component; in a progressive one, the scan of the last bits that were missing.
//! It ends with the last code of its last block.
//!
//! A picture that cannot be followed is not refused, but needs an EOI: it has arithmetic
//! codes or none, damaged data, scans in an unusual order, or more coefficients than are
//! remembered ([`MAX_PAGES`]).

use super::frame::{Frame, ScanHeader};
use super::history::MAX_PAGES;
use super::huffman::{Definition, Table};
use super::scan::{Budget, Coding, Extent, Reach, Scan};

/// The maximum number of blocks of a unit (B.2.3).
const MAX_BLOCKS: usize = 10;

/// What is known of a coded picture.
#[derive(Debug)]
pub(super) struct Picture {
    definitions: [[Option<Definition>; 4]; 2],
    /// The restart interval (B.2.4.4).
    interval: u16,
    frame: Option<Frame>,
    scan: Option<(Scan, Vec<usize>)>,
    budget: Budget,
}

impl Default for Picture {
    fn default() -> Self {
        // A progressive picture refines the coefficients of a block a few times.
        let blocks = u64::try_from(MAX_PAGES).unwrap_or(0).saturating_mul(64);
        Self {
            definitions: Default::default(),
            interval: 0,
            frame: None,
            scan: None,
            budget: Budget {
                pages: MAX_PAGES,
                looks: blocks.saturating_mul(4),
            },
        }
    }
}

/// The end of the picture in the bytes that were shown.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Progress {
    /// It comes later.
    Open,
    /// It is after this many of them.
    Whole(usize),
    /// It cannot be told.
    Lost,
}

impl Picture {
    /// Reads the content of a frame header (B.2.2), which is consistent. `None` if such a
    /// frame cannot be followed.
    pub(super) fn frame(&mut self, marker: u8, content: &[u8]) -> Option<()> {
        self.frame = Some(Frame::read(marker, content)?);
        Some(())
    }

    /// Reads the content of a DHT segment (B.2.4.2).
    pub(super) fn tables(&mut self, mut content: &[u8]) -> Option<()> {
        while let Some((place, rest)) = content.split_first() {
            let (definition, rest) = Definition::read(rest)?;
            let class = self.definitions.get_mut(usize::from(place >> 4))?;
            *class.get_mut(usize::from(place & 15))? = Some(definition);
            content = rest;
        }
        Some(())
    }

    /// Sets the restart interval (B.2.4.4).
    pub(super) fn restarts(&mut self, interval: u16) {
        self.interval = interval;
    }

    /// Reads the content of a scan header (B.2.3), which is consistent, before the data of
    /// the scan. Returns how many tables of codes were made for it; `None` if the scan cannot
    /// be followed.
    pub(super) fn begin(&mut self, content: &[u8]) -> Option<usize> {
        let frame = self.frame.as_mut()?;
        let header = ScanHeader::read(content)?;
        let (coding, indices) = frame.send(&header)?;
        let extent = Extent {
            units: frame.units(&indices)?,
            interval: self.interval.into(),
            band: match coding {
                Coding::Sequential => (0, 63),
                _ => header.band,
            },
        };
        let blocks = frame.blocks(&indices)?;
        let first = frame.components.get_mut(*indices.first()?)?;
        let history = std::mem::take(&mut first.history);
        let (plan, tables) = self.plan(&header, coding, &blocks)?;
        let made = tables.len();
        let scan = Scan::new(coding, plan, tables, extent, history);
        self.scan = Some((scan, indices));
        Some(made)
    }

    /// For each block of a unit, its tables of DC and of AC, and these tables. `blocks` has
    /// the number of blocks of each component.
    fn plan(
        &self,
        header: &ScanHeader,
        coding: Coding,
        blocks: &[u8],
    ) -> Option<(Vec<[usize; 2]>, Vec<Table>)> {
        let (mut plan, mut tables) = (Vec::new(), Vec::new());
        // Components may share a table.
        let mut made: Vec<(usize, u8)> = Vec::new();
        for ([_, selectors], blocks) in header.components.iter().zip(blocks) {
            let places = [selectors >> 4, selectors & 15];
            let mut chosen = [0; 2];
            for (class, chosen) in chosen.iter_mut().enumerate() {
                let table = (class, *places.get(class)?);
                if !*coding.classes().get(class)? {
                    continue;
                }
                let known = made.iter().position(|known| *known == table);
                *chosen = known.unwrap_or(made.len());
                if known.is_none() {
                    let definitions = self.definitions.get(class)?;
                    let definition = definitions.get(usize::from(table.1))?.as_ref()?;
                    tables.push(Table::new(definition)?);
                    made.push(table);
                }
            }
            plan.extend(std::iter::repeat_n(chosen, usize::from(*blocks)));
        }
        (plan.len() <= MAX_BLOCKS).then_some((plan, tables))
    }

    /// Follows data of the scan that began last.
    pub(super) fn follow(&mut self, data: &[u8]) -> Progress {
        let Some((scan, _)) = &mut self.scan else {
            // Stray bytes after the end of a scan.
            return Progress::Open;
        };
        let end = match scan.follow(data, &mut self.budget) {
            Reach::More => return Progress::Open,
            Reach::Lost => return Progress::Lost,
            Reach::Ended(end) => end,
        };
        let Some((frame, (scan, indices))) = self.frame.as_mut().zip(self.scan.take()) else {
            return Progress::Lost;
        };
        let first = indices
            .first()
            .and_then(|index| frame.components.get_mut(*index));
        if let Some(component) = first {
            component.history = scan.history;
        }
        match frame.is_sent() {
            true => Progress::Whole(end),
            false => Progress::Open,
        }
    }

    /// The number of bytes that the history of coefficients takes.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        MAX_PAGES
            .saturating_sub(self.budget.pages)
            .saturating_mul(512)
    }

    /// Whether the data of the scan that began last is complete.
    pub(super) fn is_between_scans(&self) -> bool {
        self.scan.is_none()
    }
}
