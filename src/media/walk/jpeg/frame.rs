//! The frame of a JPEG: its components, and which of their coefficients have been sent.

use super::history::History;
use super::scan::Coding;
use crate::media::read::Reader;

/// The number of coefficients of a block.
const COEFFICIENTS: usize = 64;

#[derive(Debug)]
pub(super) struct Frame {
    is_progressive: bool,
    height: u32,
    width: u32,
    pub(super) components: Vec<Component>,
}

#[derive(Debug)]
pub(super) struct Component {
    id: u8,
    across: u8,
    down: u8,
    /// For each coefficient, the number of its bits that have not been sent; `None` if none
    /// has.
    missing: [Option<u8>; COEFFICIENTS],
    /// Of scans of AC that have ended.
    pub(super) history: History,
}

/// A scan header (B.2.3).
#[derive(Debug)]
pub(super) struct ScanHeader {
    /// For each component, its identifier and its tables.
    pub(super) components: Vec<[u8; 2]>,
    /// The band of coefficients: the first and the last.
    pub(super) band: (u8, u8),
    /// The number of bits that had not been sent before, and that are not sent after it.
    bits: (u8, u8),
}

impl ScanHeader {
    pub(super) fn read(content: &[u8]) -> Option<Self> {
        let (count, rest) = content.split_first()?;
        let (components, rest) = rest.split_at_checked(usize::from(*count).checked_mul(2)?)?;
        let [first, last, bits] = *rest.first_chunk()?;
        Some(Self {
            components: components.as_chunks().0.to_vec(),
            band: (first, last),
            bits: (bits >> 4, bits & 15),
        })
    }
}

impl Frame {
    /// Reads the content of a frame header, which is consistent. `None` if such a frame
    /// cannot be followed.
    pub(super) fn read(marker: u8, content: &[u8]) -> Option<Self> {
        let is_progressive = match marker {
            0xC0 | 0xC1 => false,
            0xC2 => true,
            _ => return None,
        };
        let mut reader = Reader::new(content.get(1..)?);
        let (height, width) = (reader.u16_be()?, reader.u16_be()?);
        reader.u8()?;
        let mut components: Vec<Component> = Vec::new();
        while let Some([id, sampling, _]) = reader.array() {
            let (across, down) = (sampling >> 4, sampling & 15);
            let is_new = components.iter().all(|known| known.id != id);
            let is_sampled = (1..=4).contains(&across) && (1..=4).contains(&down);
            (is_new && is_sampled && components.len() < 4).then_some(())?;
            components.push(Component {
                id,
                across,
                down,
                missing: [None; COEFFICIENTS],
                history: History::default(),
            });
        }
        Some(Self {
            is_progressive,
            height: height.into(),
            width: width.into(),
            components,
        })
    }

    /// Notes that a scan is sent. Returns how it codes its blocks, and its components by
    /// number; `None` if it is not one that may come next.
    pub(super) fn send(&mut self, header: &ScanHeader) -> Option<(Coding, Vec<usize>)> {
        let mut indices = Vec::new();
        for [id, _] in &header.components {
            let index = self.components.iter().position(|known| known.id == *id)?;
            (!indices.contains(&index)).then_some(())?;
            indices.push(index);
        }
        let (before, after) = header.bits;
        let coding = match self.is_progressive {
            true => coding(header.band, before, indices.len() == 1)?,
            // Decoders ignore what such a header says of coefficients.
            false => Coding::Sequential,
        };
        for index in &indices {
            let component = self.components.get_mut(*index)?;
            match coding {
                Coding::Sequential => component.send((0, 63), None, 0)?,
                Coding::DcFirst | Coding::AcFirst => component.send(header.band, None, after)?,
                Coding::DcNext | Coding::AcNext => {
                    (after.checked_add(1) == Some(before)).then_some(())?;
                    component.send(header.band, Some(before), after)?;
                }
            }
        }
        Some((coding, indices))
    }

    /// The number of blocks of each of these components in a unit of their scan (A.2).
    pub(super) fn blocks(&self, indices: &[usize]) -> Option<Vec<u8>> {
        if indices.len() == 1 {
            return Some(vec![1]);
        }
        let components = indices.iter().map(|index| self.components.get(*index));
        components
            .map(|component| component.and_then(|one| one.across.checked_mul(one.down)))
            .collect()
    }

    /// The number of units of a scan of these components (A.2).
    pub(super) fn units(&self, indices: &[usize]) -> Option<u64> {
        let across = self.components.iter().map(|component| component.across);
        let down = self.components.iter().map(|component| component.down);
        let (across, down) = (u32::from(across.max()?), u32::from(down.max()?));
        let (width, height) = match indices {
            // Blocks of the component, which has a size of its own.
            [index] => {
                let component = self.components.get(*index)?;
                let width = self.width.checked_mul(component.across.into())?;
                let height = self.height.checked_mul(component.down.into())?;
                (width.div_ceil(across), height.div_ceil(down))
            }
            _ => (self.width.div_ceil(across), self.height.div_ceil(down)),
        };
        u64::from(width.div_ceil(8)).checked_mul(height.div_ceil(8).into())
    }

    /// Whether all coefficients have been sent.
    pub(super) fn is_sent(&self) -> bool {
        let sent = |component: &Component| component.missing == [Some(0); COEFFICIENTS];
        self.components.iter().all(sent)
    }
}

impl Component {
    /// Notes that the bits of a band from `known` down to `missing` are sent. `None` if that
    /// is not what comes next.
    fn send(&mut self, band: (u8, u8), known: Option<u8>, missing: u8) -> Option<()> {
        let (first, last) = (usize::from(band.0), usize::from(band.1));
        for coefficient in self.missing.get_mut(first..=last)? {
            (*coefficient == known).then_some(())?;
            *coefficient = Some(missing);
        }
        Some(())
    }
}

impl Coding {
    /// Whether a scan uses tables of DC, and of AC.
    pub(super) fn classes(self) -> [bool; 2] {
        match self {
            Coding::Sequential => [true, true],
            Coding::DcFirst => [true, false],
            Coding::DcNext => [false, false],
            Coding::AcFirst | Coding::AcNext => [false, true],
        }
    }
}

/// How a scan of a progressive picture codes its blocks (G.1.1.1): by its band, the number of
/// bits that had not been sent, and whether it has a single component. `None` if that is not
/// allowed.
fn coding(band: (u8, u8), before: u8, is_alone: bool) -> Option<Coding> {
    match (band, before) {
        ((0, 0), 0) => Some(Coding::DcFirst),
        ((0, 0), _) => Some(Coding::DcNext),
        ((first @ 1.., last @ 1..64), _) if first > last || !is_alone => None,
        ((1.., 1..64), 0) => Some(Coding::AcFirst),
        ((1.., 1..64), _) => Some(Coding::AcNext),
        _ => None,
    }
}
