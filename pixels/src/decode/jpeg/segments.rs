//! The segments between scans (ITU-T T.81 §B.1.1).

/// The second bytes of markers.
pub(super) mod marker {
    pub(in crate::decode::jpeg) const SOF0: u8 = 0xC0;
    pub(in crate::decode::jpeg) const SOF1: u8 = 0xC1;
    pub(in crate::decode::jpeg) const SOF2: u8 = 0xC2;
    pub(in crate::decode::jpeg) const SOF3: u8 = 0xC3;
    pub(in crate::decode::jpeg) const DHT: u8 = 0xC4;
    pub(in crate::decode::jpeg) const SOF9: u8 = 0xC9;
    pub(in crate::decode::jpeg) const DAC: u8 = 0xCC;
    pub(in crate::decode::jpeg) const SOF15: u8 = 0xCF;
    pub(in crate::decode::jpeg) const RST0: u8 = 0xD0;
    pub(in crate::decode::jpeg) const RST7: u8 = 0xD7;
    pub(in crate::decode::jpeg) const SOI: u8 = 0xD8;
    pub(in crate::decode::jpeg) const EOI: u8 = 0xD9;
    pub(in crate::decode::jpeg) const SOS: u8 = 0xDA;
    pub(in crate::decode::jpeg) const DQT: u8 = 0xDB;
    pub(in crate::decode::jpeg) const DRI: u8 = 0xDD;
    pub(in crate::decode::jpeg) const DHP: u8 = 0xDE;
    pub(in crate::decode::jpeg) const APP0: u8 = 0xE0;
    pub(in crate::decode::jpeg) const APP1: u8 = 0xE1;
    pub(in crate::decode::jpeg) const APP2: u8 = 0xE2;
    pub(in crate::decode::jpeg) const APP14: u8 = 0xEE;

    /// Whether it is the marker of a frame header: the range has three others.
    pub(in crate::decode::jpeg) fn is_frame(marker: u8) -> bool {
        matches!(marker, SOF0..=SOF15) && !matches!(marker, DHT | DAC | 0xC8)
    }

    /// Whether it has no content.
    pub(in crate::decode::jpeg) fn stands_alone(marker: u8) -> bool {
        matches!(marker, 0x01 | RST0..=EOI)
    }
}

/// A marker and its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Segment<'a> {
    pub(super) marker: u8,
    pub(super) content: &'a [u8],
}

/// A walk over segments. What lies between them is skipped, so after the head of a scan it goes
/// on behind the scan.
#[derive(Clone, Debug)]
pub(super) struct Segments<'a> {
    source: &'a [u8],
    at: usize,
}

impl<'a> Segments<'a> {
    pub(super) fn new(source: &'a [u8]) -> Self {
        Self { source, at: 0 }
    }

    /// The bytes after the last segment, and where they begin.
    pub(super) fn rest(&self) -> (usize, &'a [u8]) {
        (self.at, self.source.get(self.at..).unwrap_or_default())
    }

    /// Goes on behind entropy-coded data that was read.
    pub(super) fn seek(&mut self, at: usize) {
        self.at = at;
    }
}

impl<'a> Iterator for Segments<'a> {
    type Item = Segment<'a>;

    fn next(&mut self) -> Option<Segment<'a>> {
        loop {
            let (_, rest) = self.rest();
            let start = memchr::memchr(0xFF, rest)?;
            let marker = *rest.get(start + 1)?;
            self.at += start + 1;
            match marker {
                // A stuffed byte of data, or a fill byte before the marker.
                0 | 0xFF => {}
                marker::RST0..=marker::RST7 | marker::SOI | 0x01 => self.at += 1,
                _ if marker::stands_alone(marker) => {
                    self.at += 1;
                    return Some(Segment {
                        marker,
                        content: &[],
                    });
                }
                _ => {
                    let (length, _) = rest.get(start + 2..)?.split_first_chunk()?;
                    let length = usize::from(u16::from_be_bytes(*length));
                    let content = rest.get(start + 4..start + 2 + length)?;
                    self.at += 1 + length;
                    return Some(Segment { marker, content });
                }
            }
        }
    }
}
