//! Extended XMP (XMP part 3 §1.1.3.1): packets in parts, each in a segment of its own.
//!
//! Readers accept parts in any order, and several packets. A property may begin in one part
//! and end in another, so a packet is put together before it is edited.

use std::ops::Range;

use super::APPENDED;
use crate::media::meter::Meter;
use crate::media::read::Reader;
use crate::media::strip::{Edit, xmp};

/// Precedes a part, after which come the packet's MD5 in hexadecimal digits, its length, and
/// the part's offset in it.
pub(super) const PREFIX: &[u8] = b"http://ns.adobe.com/xmp/extension/\0";

/// The header of a part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Header {
    /// The digest and the length of the packet.
    packet: ([u8; 32], u32),
    offset: u32,
}

impl Header {
    /// Reads the content of a segment. Returns the bytes of the part too.
    fn read(content: &[u8]) -> Option<(Self, &[u8])> {
        let mut reader = Reader::new(content.strip_prefix(PREFIX)?);
        let packet = (reader.array()?, reader.u32_be()?);
        let offset = reader.u32_be()?;
        Some((Self { packet, offset }, reader.rest()))
    }

    /// Whether this is the header of a part of that many bytes which is a whole packet.
    fn is_whole(&self, count: usize) -> bool {
        let (_, length) = self.packet;
        self.offset == 0 && usize::try_from(length) == Ok(count)
    }
}

/// The packet in a segment that contains all of it.
pub(super) fn whole(content: &[u8]) -> Option<&[u8]> {
    let (header, packet) = Header::read(content)?;
    header.is_whole(packet.len()).then_some(packet)
}

/// The length of the packet of which a segment contains a part, but not all.
pub(in crate::media) fn packet_of_part(content: &[u8]) -> Option<usize> {
    let (header, part) = Header::read(content)?;
    let (_, length) = header.packet;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    (!header.is_whole(part.len())).then_some(length)
}

/// Where parts are in bytes that contain several segments.
#[derive(Debug, Default)]
pub(in crate::media) struct Parts(Vec<(Header, Range<usize>)>);

impl Parts {
    /// Notes the part in the content of a segment that ends at `end`, if there is one.
    pub(in crate::media) fn note(&mut self, content: &[u8], end: usize) {
        if let Some((header, part)) = Header::read(content) {
            let start = end.saturating_sub(part.len());
            self.0.push((header, start..end));
        }
    }

    /// Removes what describes appended data from all packets of which every part is in `bytes`.
    /// They keep their length. Other metadata stays, and so do packets that cannot be read.
    pub(in crate::media) fn remove_index(mut self, bytes: &mut [u8], meter: &mut Meter) {
        self.0.sort_by_key(|(part, _)| (part.packet, part.offset));
        for parts in self.0.chunk_by(|(a, _), (b, _)| a.packet == b.packet) {
            let Some(packet) = join(parts, bytes) else {
                continue;
            };
            if let Edit::Replace(edited) = xmp::remove(&packet, APPENDED, meter) {
                spread(&edited, parts, bytes);
            }
        }
    }
}

/// The packet that these parts make up. `None` if some are missing or overlap.
fn join(parts: &[(Header, Range<usize>)], bytes: &[u8]) -> Option<Vec<u8>> {
    let mut packet = Vec::new();
    for (header, place) in parts {
        (usize::try_from(header.offset) == Ok(packet.len())).then_some(())?;
        packet.extend_from_slice(bytes.get(place.clone())?);
    }
    let (Header { packet: of, .. }, _) = parts.first()?;
    (usize::try_from(of.1) == Ok(packet.len())).then_some(packet)
}

/// Writes an edited packet to the places of its parts.
fn spread(mut edited: &[u8], parts: &[(Header, Range<usize>)], bytes: &mut [u8]) {
    for (_, place) in parts {
        let part = edited.split_at_checked(place.len());
        let Some(((part, rest), place)) = part.zip(bytes.get_mut(place.clone())) else {
            return;
        };
        place.copy_from_slice(part);
        edited = rest;
    }
}
