//! The segments of a JPEG (ITU-T T.81 annex B) up to its first scan: the frame header, and
//! what application segments say about colours and orientation.

use std::collections::BTreeMap;

use super::segments::{Segments, marker};
use crate::Error;
use crate::decode::exif;
use crate::decode::reader::Reader;

/// How the coefficients are coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Process {
    /// Baseline and extended sequential DCT, Huffman coding.
    Sequential,
    /// Progressive DCT, Huffman coding.
    Progressive,
    /// Lossless, Huffman coding.
    Lossless,
}

/// What the components are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Colours {
    Grey,
    YCbCr,
    Rgb,
    /// Inverted, as Adobe's software stores it and browsers expect it.
    Cmyk,
    /// The same, red, green and blue as YCbCr.
    Ycck,
}

/// A component, as the frame header describes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Component {
    pub(super) id: u8,
    /// The sampling factors, 1 to 4.
    pub(super) h: u8,
    pub(super) v: u8,
    /// The number of its quantization table, 0 to 3.
    pub(super) table: u8,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) process: Process,
    /// The bits of a sample.
    pub(super) precision: u8,
    pub(super) width: u16,
    pub(super) height: u16,
    /// 1, 3 or 4 components.
    pub(super) components: Vec<Component>,
    pub(super) colours: Colours,
    pub(super) orientation: u8,
    pub(super) icc: Option<Vec<u8>>,
}

impl Header {
    /// The largest sampling factors.
    pub(super) fn sampling(&self) -> (u8, u8) {
        let factors = self.components.iter();
        let largest = |of: fn(&Component) -> u8| factors.clone().map(of).max().unwrap_or(1);
        (
            largest(|component| component.h),
            largest(|component| component.v),
        )
    }
}

/// Reads the segments before the first scan.
pub(super) fn read(source: &[u8]) -> Result<Header, Error> {
    let mut frame = None;
    let mut notes = Notes::default();
    let mut segments = Segments::new(source);
    loop {
        let segment = segments
            .next()
            .ok_or(Error::undecodable("it ends before its first scan"))?;
        match segment.marker {
            marker::SOS => break,
            marker::SOF0..=marker::SOF15 if marker::is_frame(segment.marker) => {
                if frame.is_some() {
                    return Err(Error::Unsupported {
                        feature: "a JPEG of several frames",
                    });
                }
                frame = Some(read_frame(segment.marker, segment.content)?);
            }
            marker::DAC => {
                return Err(Error::Unsupported {
                    feature: ARITHMETIC,
                });
            }
            marker::DHP => {
                return Err(Error::Unsupported {
                    feature: HIERARCHICAL,
                });
            }
            marker::EOI => return Err(Error::undecodable("it has no scan")),
            other => notes.add(other, segment.content),
        }
    }
    let header = frame.ok_or(Error::undecodable("a scan precedes the frame header"))?;
    Ok(Header {
        colours: notes.colours(&header.components),
        orientation: notes.orientation.unwrap_or(1),
        icc: notes.profile(),
        ..header
    })
}

const ARITHMETIC: &str = "a JPEG with arithmetic coding";
const HIERARCHICAL: &str = "a hierarchical JPEG";

/// Reads the frame header (§B.2.2).
fn read_frame(marker: u8, content: &[u8]) -> Result<Header, Error> {
    let process = match marker {
        marker::SOF0..=marker::SOF1 => Process::Sequential,
        marker::SOF2 => Process::Progressive,
        marker::SOF3 => Process::Lossless,
        marker::SOF9.. => {
            return Err(Error::Unsupported {
                feature: ARITHMETIC,
            });
        }
        _ => {
            return Err(Error::Unsupported {
                feature: HIERARCHICAL,
            });
        }
    };
    let short = Error::undecodable("the frame header is cut off");
    let mut reader = Reader::new(content);
    let fields = (reader.u8(), reader.u16_be(), reader.u16_be(), reader.u8());
    let (Some(precision), Some(height), Some(width), Some(count)) = fields else {
        return Err(short);
    };
    let mut components = Vec::new();
    for _ in 0..count {
        let [id, factors, table] = reader.array().ok_or(short.clone())?;
        let (h, v) = (factors >> 4, factors & 15);
        if !(1..=4).contains(&h) || !(1..=4).contains(&v) || table > 3 {
            return Err(Error::undecodable("a component has an invalid description"));
        }
        if components
            .iter()
            .any(|component: &Component| component.id == id)
        {
            return Err(Error::undecodable("two components have the same number"));
        }
        components.push(Component { id, h, v, table });
    }
    if !matches!(count, 1 | 3 | 4) {
        return Err(Error::Unsupported {
            feature: "a JPEG of two or of more than four components",
        });
    }
    if precision != 8 && process != Process::Lossless {
        return Err(Error::Unsupported {
            feature: "a JPEG of 12 bits a sample",
        });
    }
    if height == 0 {
        return Err(Error::Unsupported {
            feature: "a JPEG whose height follows its first scan",
        });
    }
    Ok(Header {
        process,
        precision,
        width,
        height,
        components,
        colours: Colours::Grey,
        orientation: 1,
        icc: None,
    })
}

/// What application segments say.
#[derive(Default)]
struct Notes<'a> {
    jfif: bool,
    /// Adobe's transform: 0 for none, 1 for YCbCr, 2 for YCCK.
    adobe: Option<u8>,
    orientation: Option<u8>,
    /// The parts of the ICC profile by their number, and how many there are to be.
    profile: BTreeMap<u8, &'a [u8]>,
    parts: u8,
}

impl<'a> Notes<'a> {
    fn add(&mut self, marker: u8, content: &'a [u8]) {
        match (marker, content) {
            (marker::APP0, [b'J', b'F', b'I', b'F', 0, ..]) => self.jfif = true,
            (marker::APP1, block) if exif::prefixed(block).is_some() => {
                self.orientation.get_or_insert(exif::orientation(block));
            }
            (marker::APP2, content) => {
                if let Some([number, count, part @ ..]) = content.strip_prefix(b"ICC_PROFILE\0") {
                    self.parts = *count;
                    self.profile.entry(*number).or_insert(part);
                }
            }
            (marker::APP14, [b'A', b'd', b'o', b'b', b'e', fields @ ..]) => {
                // A version and two sets of flags precede the transform.
                self.adobe = fields.get(6).copied();
            }
            _ => {}
        }
    }

    /// The profile, if all of its parts are there (ICC.1 annex B.4).
    fn profile(&self) -> Option<Vec<u8>> {
        let whole = !self.profile.is_empty() && self.profile.keys().copied().eq(1..=self.parts);
        whole.then(|| self.profile.values().copied().flatten().copied().collect())
    }

    /// What the components are, as libjpeg and so browsers decide it.
    fn colours(&self, components: &[Component]) -> Colours {
        match (components.len(), self.adobe) {
            (1, _) => Colours::Grey,
            (4, Some(0) | None) => Colours::Cmyk,
            (4, Some(_)) => Colours::Ycck,
            _ if self.jfif => Colours::YCbCr,
            (_, Some(0)) => Colours::Rgb,
            (_, Some(_)) => Colours::YCbCr,
            (_, None) if components.iter().map(|component| component.id).eq(*b"RGB") => {
                Colours::Rgb
            }
            (_, None) => Colours::YCbCr,
        }
    }
}
