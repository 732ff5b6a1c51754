//! The tables that segments define (ITU-T T.81 §B.2.4), until others take their place.

use super::huffman::{Code, Lookups};
use crate::Error;
use crate::decode::jpeg::segments::marker;
use crate::decode::reader::Reader;

#[derive(Default)]
pub(super) struct Tables {
    dc: [Option<Code>; 4],
    ac: [Option<(Code, Option<Lookups>)>; 4],
    quantization: [Option<Quantization>; 4],
    /// Units between restart markers; 0 if there are none.
    pub(super) interval: u32,
}

/// The quantization steps of a block, in zigzag order.
pub(super) type Quantization = [u16; 64];

const SHORT: Error = Error::Undecodable {
    reason: std::borrow::Cow::Borrowed("a table is cut off"),
};

impl Tables {
    /// Reads a segment, if it defines tables.
    pub(super) fn read(&mut self, marker: u8, content: &[u8]) -> Result<(), Error> {
        let mut reader = Reader::new(content);
        match marker {
            marker::DQT => {
                while !reader.rest().is_empty() {
                    self.read_quantization(&mut reader)?;
                }
            }
            marker::DHT => {
                while !reader.rest().is_empty() {
                    self.read_code(&mut reader)?;
                }
            }
            marker::DRI => self.interval = reader.u16_be().ok_or(SHORT)?.into(),
            _ => {}
        }
        Ok(())
    }

    fn read_quantization(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        let head = reader.u8().ok_or(SHORT)?;
        let place = self.quantization.get_mut(usize::from(head & 15));
        let place = place.ok_or(Error::undecodable(
            "a quantization table has an invalid number",
        ))?;
        let mut table = [0; 64];
        for step in &mut table {
            *step = match head >> 4 {
                0 => reader.u8().ok_or(SHORT)?.into(),
                _ => reader.u16_be().ok_or(SHORT)?,
            };
        }
        *place = Some(table);
        Ok(())
    }

    fn read_code(&mut self, reader: &mut Reader<'_>) -> Result<(), Error> {
        let head = reader.u8().ok_or(SHORT)?;
        let counts: [u8; 16] = reader.array().ok_or(SHORT)?;
        let symbols = counts.iter().copied().map(usize::from).sum();
        let code = Code::new(&counts, reader.take(symbols).ok_or(SHORT)?)?;
        let number = usize::from(head & 15);
        match head >> 4 {
            0 if number < 4 => self.dc[number] = Some(code),
            1 if number < 4 => self.ac[number] = Some((code, None)),
            _ => return Err(Error::undecodable("a Huffman table has an invalid number")),
        }
        Ok(())
    }

    pub(super) fn quantization(&self, number: u8) -> Result<Quantization, Error> {
        let table = self
            .quantization
            .get(usize::from(number))
            .copied()
            .flatten();
        table.ok_or(Error::undecodable(
            "a scan uses a quantization table that is missing",
        ))
    }

    pub(super) fn dc(&self, number: usize) -> Result<&Code, Error> {
        let code = self.dc.get(number).and_then(Option::as_ref);
        code.ok_or(MISSING)
    }

    pub(super) fn ac(&self, number: usize) -> Result<&Code, Error> {
        let code = self.ac.get(number).and_then(Option::as_ref);
        code.map(|(code, _)| code).ok_or(MISSING)
    }

    /// Builds the tables of a code for sequential scans, at its first use; that of values only if
    /// they are needed.
    pub(super) fn build_lookups(&mut self, number: usize, values: bool) -> Result<(), Error> {
        let place = self.ac.get_mut(number).and_then(Option::as_mut);
        let (code, lookups) = place.ok_or(MISSING)?;
        if lookups.is_none() {
            *lookups = Some(Lookups::new(code, values));
        }
        Ok(())
    }

    pub(super) fn ac_with_lookups(&self, number: usize) -> Result<(&Code, &Lookups), Error> {
        match self.ac.get(number).and_then(Option::as_ref) {
            Some((code, Some(lookups))) => Ok((code, lookups)),
            _ => Err(MISSING),
        }
    }
}

const MISSING: Error = Error::Undecodable {
    reason: std::borrow::Cow::Borrowed("a scan uses a Huffman table that is missing"),
};
