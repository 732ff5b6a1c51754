//! XMP packets (ISO 16684-1): RDF in XML.
//!
//! What goes is made spaces, so that a packet keeps its length and stays well
//! formed. A property is an attribute or an element; it is known by its name
//! without the prefix, because a prefix is the writer's choice. XML allows no
//! other spelling of a name, so that none can hide.

use std::ops::Range;

use super::Edit;
use super::place::is_place;
use crate::media::Strip;

/// The edit of a packet, which keeps its length.
pub(super) fn edit(packet: &[u8], strip: Strip) -> Edit {
    match secrets(packet).filter(|_| strip == Strip::Location) {
        None => Edit::Drop,
        Some(secrets) => blank(packet, &secrets).map_or(Edit::Keep, Edit::Replace),
    }
}

/// The same, where the packet must stay; `None` where nothing changes.
pub(super) fn edit_in_place(packet: &[u8], strip: Strip) -> Option<Vec<u8>> {
    match edit(packet, strip) {
        Edit::Keep => None,
        Edit::Drop => Some(empty(packet.len())).filter(|empty| empty != packet),
        Edit::Replace(edited) => Some(edited),
    }
}

/// A packet that says nothing, as far as there is room for one.
fn empty(length: usize) -> Vec<u8> {
    const EMPTY: &[u8] = b"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"/>";
    let mut packet = vec![b' '; length];
    if let Some(start) = packet.get_mut(..EMPTY.len()) {
        start.copy_from_slice(EMPTY);
    }
    packet
}

fn blank(packet: &[u8], secrets: &[Range<usize>]) -> Option<Vec<u8>> {
    let mut edited = packet.to_vec();
    for secret in secrets {
        edited.get_mut(secret.clone())?.fill(b' ');
    }
    (edited != packet).then_some(edited)
}

/// Properties that go: places, previews, and the name of the extended packet,
/// which goes too.
fn is_secret(name: &[u8]) -> bool {
    let (prefix, local) = match name.iter().position(|byte| *byte == b':') {
        Some(colon) => name.split_at_checked(colon + 1).unwrap_or((name, b"")),
        None => (&b""[..], name),
    };
    let others: [&[u8]; 2] = [b"Thumbnails", b"HasExtendedXMP"];
    prefix != b"xmlns:" && (is_place(local) || others.contains(&local))
}

/// How deep elements may lie in each other.
const MAX_DEPTH: usize = 100;

/// Where the properties are that go. `None` if the packet is not plain XML in
/// UTF-8 without definitions of its own.
fn secrets(packet: &[u8]) -> Option<Vec<Range<usize>>> {
    let mut reader = XmlReader {
        packet,
        at: 0,
        open: Vec::new(),
        hidden: None,
        secrets: Vec::new(),
    };
    // Some writers end a packet as they end a string.
    let text = packet.trim_ascii_end();
    let zeros = text.iter().rev().take_while(|byte| **byte == 0).count();
    if text.get(..text.len() - zeros)?.contains(&0) {
        return None;
    }
    while let Some(tag) = memchr::memchr(b'<', packet.get(reader.at..)?) {
        reader.at += tag;
        reader.markup()?;
    }
    reader.open.is_empty().then_some(reader.secrets)
}

struct XmlReader<'a> {
    packet: &'a [u8],
    at: usize,
    /// The names of the elements that are open.
    open: Vec<&'a [u8]>,
    /// The outermost open element that goes: how deep it is, and where it began.
    hidden: Option<(usize, usize)>,
    secrets: Vec<Range<usize>>,
}

impl<'a> XmlReader<'a> {
    /// Goes over the markup that begins here.
    fn markup(&mut self) -> Option<()> {
        let rest = self.packet.get(self.at..)?;
        match rest {
            [b'<', b'!', b'-', b'-', ..] => self.skip_to(b"-->"),
            [b'<', b'!', b'[', ..] => self.skip_to(b"]]>"),
            // A document type may define what elements are made of.
            [b'<', b'!', ..] => None,
            [b'<', b'?', ..] => self.instruction(),
            [b'<', b'/', ..] => self.end_tag(),
            _ => self.start_tag(),
        }
    }

    fn skip_to(&mut self, end: &[u8]) -> Option<()> {
        let rest = self.packet.get(self.at..)?;
        let found = rest.windows(end.len()).position(|text| text == end)?;
        self.at += found + end.len();
        Some(())
    }

    /// An instruction, of which the first may name an encoding.
    fn instruction(&mut self) -> Option<()> {
        let start = self.at;
        self.skip_to(b"?>")?;
        let text = self.packet.get(start..self.at)?.to_ascii_lowercase();
        let has = |part: &[u8]| text.windows(part.len()).any(|text| text == part);
        let encoded = text.starts_with(b"<?xml ") && has(b"encoding");
        (!encoded || has(b"utf-8")).then_some(())
    }

    fn end_tag(&mut self) -> Option<()> {
        self.at += 2;
        let name = self.name()?;
        self.spaces();
        self.expect(b'>')?;
        (self.open.pop()? == name).then_some(())?;
        self.close();
        Some(())
    }

    fn start_tag(&mut self) -> Option<()> {
        let start = self.at;
        self.at += 1;
        let name = self.name()?;
        if self.hidden.is_none() && is_secret(name) {
            self.hidden = Some((self.open.len(), start));
        }
        loop {
            self.spaces();
            match self.packet.get(self.at)? {
                b'>' => {
                    self.at += 1;
                    self.open.push(name);
                    return (self.open.len() <= MAX_DEPTH).then_some(());
                }
                b'/' => {
                    self.at += 1;
                    self.expect(b'>')?;
                    self.close();
                    return Some(());
                }
                _ => self.attribute()?,
            }
        }
    }

    fn attribute(&mut self) -> Option<()> {
        let start = self.at;
        let name = self.name()?;
        self.spaces();
        self.expect(b'=')?;
        self.spaces();
        let quote = *self.packet.get(self.at)?;
        (quote == b'"' || quote == b'\'').then_some(())?;
        self.at += 1;
        let length = memchr::memchr(quote, self.packet.get(self.at..)?)?;
        let value = self.packet.get(self.at..self.at + length)?;
        self.at += length + 1;
        if self.hidden.is_none() && is_secret(name) {
            self.secrets.push(start..self.at);
        }
        memchr::memchr(b'<', value).is_none().then_some(())
    }

    /// An element ends here.
    fn close(&mut self) {
        if let Some((_, start)) = self.hidden.take_if(|(depth, _)| *depth == self.open.len()) {
            self.secrets.push(start..self.at);
        }
    }

    fn name(&mut self) -> Option<&'a [u8]> {
        let rest = self.packet.get(self.at..)?;
        let ends = |byte: &u8| byte.is_ascii_whitespace() || b"<>/='\"&".contains(byte);
        let length = rest.iter().position(ends)?;
        self.at += length;
        rest.get(..length).filter(|name| !name.is_empty())
    }

    fn spaces(&mut self) {
        let rest = self.packet.get(self.at..).unwrap_or_default();
        let other = rest.iter().position(|byte| !byte.is_ascii_whitespace());
        self.at += other.unwrap_or(rest.len());
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (*self.packet.get(self.at)? == byte).then_some(())?;
        self.at += 1;
        Some(())
    }
}

#[cfg(test)]
mod tests;
