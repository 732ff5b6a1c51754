//! XMP packets (ISO 16684-1): RDF in XML.
//!
//! Removed properties are replaced by spaces, so that a packet keeps its length and stays
//! well-formed. A property is an attribute or an element, identified by its name without the
//! prefix, because writers choose prefixes freely. XML allows no other spelling of a name,
//! so no property can hide.

mod namespaces;

use std::ops::Range;

use super::Edit;
use super::location::{NAME, is_location};
use crate::media::Strip;
use crate::media::meter::Meter;
use namespaces::{Namespace, Prefixes, is_appended};

/// Which properties are removed from a packet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Removal {
    /// Those of places, those of previews, and those that describe the extended packet, which
    /// is removed too.
    pub(super) places: bool,
    /// Those that describe what follows the picture in the file.
    pub(super) appended: bool,
}

/// Edits a packet, which keeps its length.
pub(super) fn edit(packet: &[u8], strip: Strip, meter: &mut Meter) -> Edit {
    let removal = Removal {
        places: true,
        appended: false,
    };
    match strip {
        Strip::All => Edit::Drop,
        Strip::Location => remove(packet, removal, meter),
    }
}

/// Removes properties from a packet, which keeps its length. A packet that cannot be read is
/// to be dropped.
pub(super) fn remove(packet: &[u8], removal: Removal, meter: &mut Meter) -> Edit {
    match removable(packet, removal, meter) {
        None => Edit::Drop,
        Some(removable) => blank(packet, &removable).map_or(Edit::Keep, Edit::Replace),
    }
}

/// Like [`edit`], for a packet that must be kept; `None` if nothing changes.
pub(super) fn edit_in_place(packet: &[u8], strip: Strip, meter: &mut Meter) -> Option<Vec<u8>> {
    match edit(packet, strip, meter) {
        Edit::Keep => None,
        Edit::Drop => Some(empty(packet.len())).filter(|empty| empty != packet),
        Edit::Replace(edited) => Some(edited),
    }
}

/// An empty packet, as far as there is room for one.
fn empty(length: usize) -> Vec<u8> {
    const EMPTY: &[u8] = b"<x:xmpmeta xmlns:x=\"adobe:ns:meta/\"/>";
    let mut packet = vec![b' '; length];
    if let Some(start) = packet.get_mut(..EMPTY.len()) {
        start.copy_from_slice(EMPTY);
    }
    packet
}

fn blank(packet: &[u8], removable: &[Range<usize>]) -> Option<Vec<u8>> {
    let mut edited = packet.to_vec();
    for range in removable {
        edited.get_mut(range.clone())?.fill(b' ');
    }
    (edited != packet).then_some(edited)
}

/// The prefix and the rest of a name. A second colon is part of the prefix.
fn split(name: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memrchr(b':', name).and_then(|colon| name.split_at_checked(colon)) {
        Some((prefix, local)) => (prefix, local.get(1..).unwrap_or_default()),
        None => (b"", name),
    }
}

/// Whether a property is removed with places, whatever its namespace is: places, previews, and
/// the name of the extended packet, which is removed too.
fn is_place(local: &[u8]) -> bool {
    let others: [&[u8]; 2] = [b"Thumbnails", b"HasExtendedXMP"];
    is_location(local) || others.contains(&local)
}

/// The maximum depth of elements. Structures in lists in structures, such as the masks of a
/// raw converter, need some 20.
const MAX_DEPTH: usize = 32;

/// The maximum length of an XML declaration.
const MAX_DECLARATION: usize = 256;

/// The cost of a byte of a packet, in units of the [`Meter`]: it is searched for zeros and
/// markup, parsed, copied and compared.
const BYTE: u64 = 4;

/// The cost of looking up what the prefix of a name stands for.
const PREFIX: u64 = 16;

/// The positions of the properties to remove. `None` if the packet is not plain XML in
/// UTF-8 without a document type.
fn removable(packet: &[u8], removal: Removal, meter: &mut Meter) -> Option<Vec<Range<usize>>> {
    meter.charge_each(packet.len(), BYTE);
    let mut reader = XmlReader {
        packet,
        removal,
        prefixes: Prefixes::declared_in(packet)?,
        at: 0,
        names: 0,
        named: 0,
        declared: false,
        open: Vec::new(),
        hidden: None,
        removable: Vec::new(),
    };
    // Some writers end a packet with a zero, like a string.
    let text = packet.trim_ascii_end();
    let end = text.iter().rposition(|byte| *byte != 0).unwrap_or(0);
    let read = match memchr::memchr(0, text.get(..end)?) {
        Some(_) => None,
        None => reader.read(),
    };
    let name = if removal.places { NAME } else { PREFIX };
    meter.charge_each(reader.names, name);
    meter.charge_each(reader.named, BYTE);
    read?;
    reader.open.is_empty().then_some(reader.removable)
}

struct XmlReader<'a> {
    packet: &'a [u8],
    removal: Removal,
    prefixes: Prefixes<'a>,
    at: usize,
    /// The number of names read so far, and the sum of their lengths.
    names: usize,
    named: usize,
    /// Whether an XML declaration has been read.
    declared: bool,
    /// The names of the open elements.
    open: Vec<&'a [u8]>,
    /// The depth and the start of the outermost open element that is removed.
    hidden: Option<(usize, usize)>,
    removable: Vec<Range<usize>>,
}

impl<'a> XmlReader<'a> {
    fn rest(&self) -> &'a [u8] {
        self.packet.get(self.at..).unwrap_or_default()
    }

    fn pass(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    /// Parses everything that is left.
    fn read(&mut self) -> Option<()> {
        while let Some(tag) = memchr::memchr(b'<', self.rest()) {
            self.pass(tag);
            self.markup()?;
        }
        Some(())
    }

    /// Parses the markup that begins here.
    fn markup(&mut self) -> Option<()> {
        match self.rest() {
            [b'<', b'!', b'-', b'-', ..] => self.skip(b"<!--", b"-->"),
            [b'<', b'!', b'[', b'C', ..] => self.skip(b"<![CDATA[", b"]]>"),
            // A document type may define the content of elements.
            [b'<', b'!', ..] => None,
            [b'<', b'?', ..] => self.instruction(),
            [b'<', b'/', ..] => self.end_tag(),
            _ => self.start_tag(),
        }
    }

    /// Skips everything from `start` to `end`.
    fn skip<const N: usize>(&mut self, start: &[u8], end: &[u8; N]) -> Option<()> {
        let inside = self.rest().strip_prefix(start)?;
        let found = inside.array_windows().position(|text| text == end)?;
        self.pass(start.len());
        self.pass(found);
        self.pass(N);
        Some(())
    }

    /// Parses an instruction, which may be the XML declaration and name an encoding.
    fn instruction(&mut self) -> Option<()> {
        let start = self.at;
        self.skip(b"<?", b"?>")?;
        let text = self.packet.get(start..self.at)?;
        let [_, _, x, m, l, after, ..] = text else {
            return Some(());
        };
        if !([*x, *m, *l].eq_ignore_ascii_case(b"xml") && after.is_ascii_whitespace()) {
            return Some(());
        }
        let first = !std::mem::replace(&mut self.declared, true);
        (first && text.len() <= MAX_DECLARATION).then_some(())?;
        let text = text.to_ascii_lowercase();
        let has = |part: &[u8]| text.windows(part.len()).any(|text| text == part);
        (!has(b"encoding") || has(b"utf-8")).then_some(())
    }

    fn end_tag(&mut self) -> Option<()> {
        self.pass(2);
        let name = self.name()?;
        self.spaces();
        self.expect(b'>')?;
        (self.open.pop()? == name).then_some(())?;
        self.close();
        Some(())
    }

    fn start_tag(&mut self) -> Option<()> {
        let start = self.at;
        self.pass(1);
        let name = self.name()?;
        if self.hidden.is_none() && self.is_removable(name) {
            self.hidden = Some((self.open.len(), start));
        }
        loop {
            self.spaces();
            match self.rest().first()? {
                b'>' => {
                    self.pass(1);
                    self.open.push(name);
                    return (self.open.len() <= MAX_DEPTH).then_some(());
                }
                b'/' => {
                    self.pass(1);
                    self.expect(b'>')?;
                    self.close();
                    return Some(());
                }
                _ => self.attribute()?,
            }
        }
    }

    fn is_removable(&self, name: &[u8]) -> bool {
        let (prefix, local) = split(name);
        // A declaration of a prefix may use any name.
        if prefix == b"xmlns" {
            return false;
        }
        let Removal { places, appended } = self.removal;
        let is = |namespace| self.prefixes.is(prefix, namespace);
        places && (is_place(local) || is(Namespace::Extended))
            || appended && (is_appended(prefix, local) || is(Namespace::Appended))
    }

    fn attribute(&mut self) -> Option<()> {
        let start = self.at;
        let name = self.name()?;
        self.spaces();
        self.expect(b'=')?;
        self.spaces();
        let (quote, rest) = self.rest().split_first()?;
        (*quote == b'"' || *quote == b'\'').then_some(())?;
        let value = rest.get(..memchr::memchr(*quote, rest)?)?;
        self.pass(value.len());
        self.pass(2);
        if self.hidden.is_none() && self.is_removable(name) {
            self.removable.push(start..self.at);
        }
        memchr::memchr(b'<', value).is_none().then_some(())
    }

    /// Ends an element.
    fn close(&mut self) {
        if let Some((_, start)) = self.hidden.take_if(|(depth, _)| *depth == self.open.len()) {
            self.removable.push(start..self.at);
        }
    }

    fn name(&mut self) -> Option<&'a [u8]> {
        let rest = self.rest();
        let length = rest.iter().position(ends_name)?;
        self.names = self.names.saturating_add(1);
        self.named = self.named.saturating_add(length);
        self.pass(length);
        rest.get(..length).filter(|name| !name.is_empty())
    }

    fn spaces(&mut self) {
        let rest = self.rest();
        let other = rest.iter().position(|byte| !byte.is_ascii_whitespace());
        self.pass(other.unwrap_or(rest.len()));
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        (*self.rest().first()? == byte).then_some(())?;
        self.pass(1);
        Some(())
    }
}

/// Whether this byte ends a name.
fn ends_name(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'<' | b'>' | b'/' | b'=' | b'\'' | b'"' | b'&')
}

#[cfg(test)]
mod tests;
