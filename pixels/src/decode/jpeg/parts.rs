//! What a JPEG that was just encoded is made of, so that it can be encoded in another way.

use super::header;
use super::reduced;
use super::segments::{Segments, marker};
use crate::{Error, Limits, Pause};

/// The coefficients of a block by rows, before quantization is undone.
pub(crate) type Block = [i16; 64];

/// The parts of a file.
pub(crate) struct Parts<'a> {
    source: &'a [u8],
    /// Its components, in the order of the frame header.
    pub(crate) components: Vec<Component>,
    /// The units of interleaved scans, across and down.
    units: (usize, usize),
}

/// A component.
pub(crate) struct Component {
    /// Its number in the frame header.
    pub(crate) id: u8,
    /// Its blocks in a unit, across and down.
    pub(super) factors: (usize, usize),
    /// The blocks of whole units, row by row, and how many are in a row.
    pub(super) blocks: Vec<i16>,
    pub(super) across: usize,
    /// The blocks that have pixels, across and down.
    pub(super) shown: (usize, usize),
}

impl<'a> Parts<'a> {
    /// Takes a sequential file apart.
    ///
    /// # Errors
    /// [`Error::Undecodable`] if it is damaged, [`Error::TooCostly`] beyond the limits.
    pub(crate) fn read(
        source: &'a [u8],
        limits: &Limits,
        pause: &dyn Pause,
    ) -> Result<Self, Error> {
        let header = header::read(source)?;
        let (units, components) = reduced::components(source, &header, limits, pause)?;
        Ok(Self {
            source,
            components,
            units,
        })
    }

    /// The segments up to the first scan, without Huffman codes. The frame header has this marker.
    pub(crate) fn head(&self, frame: u8) -> Vec<u8> {
        let mut head = vec![0xFF, marker::SOI];
        let segments = Segments::new(self.source);
        for segment in segments.take_while(|segment| segment.marker != marker::SOS) {
            let marker = match segment.marker {
                marker::DHT => continue,
                marker if marker::is_frame(marker) => frame,
                marker => marker,
            };
            head.extend([0xFF, marker]);
            head.extend((segment.content.len() as u16 + 2).to_be_bytes());
            head.extend_from_slice(segment.content);
        }
        head
    }

    /// Visits the blocks of a scan of these components in their order (ITU-T T.81 §A.2), with the
    /// index of their component.
    pub(crate) fn each_block(
        &self,
        indices: &[usize],
        pause: &dyn Pause,
        mut visit: impl FnMut(usize, &Block),
    ) {
        if let [index] = indices {
            for row in self.components[*index].rows() {
                row.iter().for_each(|block| visit(*index, block));
                pause.pause();
            }
            return;
        }
        for y in 0..self.units.1 {
            for x in 0..self.units.0 {
                for index in indices {
                    let component = &self.components[*index];
                    let (h, v) = component.factors;
                    let blocks = component.blocks.as_chunks::<64>().0;
                    for row in y * v..(y + 1) * v {
                        let start = row * component.across + x * h;
                        let unit = blocks.get(start..start + h).unwrap_or_default();
                        unit.iter().for_each(|block| visit(*index, block));
                    }
                }
            }
            pause.pause();
        }
    }
}

impl Component {
    /// The rows of the blocks that have pixels.
    pub(crate) fn rows(&self) -> impl Iterator<Item = &[Block]> {
        let rows = self.blocks.as_chunks::<64>().0.chunks(self.across.max(1));
        let shown = self.shown.0;
        rows.take(self.shown.1)
            .map(move |row| row.get(..shown).unwrap_or(row))
    }
}
