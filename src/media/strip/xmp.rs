//! XMP packets (ISO 16684-1): RDF in XML.
//!
//! What goes is made spaces, so that a packet keeps its length and stays well
//! formed. A property is an attribute or an element; it is known by its name
//! without the prefix, because a prefix is the writer's choice. XML allows no
//! other spelling of a name, so that none can hide.

use std::ops::Range;

use super::Edit;
use super::place::{NAME, is_place};
use crate::media::Strip;
use crate::media::meter::Meter;

/// The edit of a packet, which keeps its length.
pub(super) fn edit(packet: &[u8], strip: Strip, meter: &mut Meter) -> Edit {
    if strip == Strip::All {
        return Edit::Drop;
    }
    match secrets(packet, meter) {
        None => Edit::Drop,
        Some(secrets) => blank(packet, &secrets).map_or(Edit::Keep, Edit::Replace),
    }
}

/// The same, where the packet must stay; `None` where nothing changes.
pub(super) fn edit_in_place(packet: &[u8], strip: Strip, meter: &mut Meter) -> Option<Vec<u8>> {
    match edit(packet, strip, meter) {
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
    let local = name.rsplit(|byte| *byte == b':').next().unwrap_or(name);
    let others: [&[u8]; 2] = [b"Thumbnails", b"HasExtendedXMP"];
    let declares = name.strip_prefix(b"xmlns:") == Some(local);
    !declares && (is_place(local) || others.contains(&local))
}

/// How deep elements may lie in each other. Structures in lists in structures, as the
/// masks of a raw converter are, take some 20.
const MAX_DEPTH: usize = 32;

/// The longest declaration that a text is XML.
const MAX_DECLARATION: usize = 256;

/// What a byte of a packet costs, in units of the [`Meter`]: it is looked at for zeros,
/// for markup and for what that is, copied and compared.
const BYTE: u64 = 4;

/// Where the properties are that go. `None` if the packet is not plain XML in
/// UTF-8 without definitions of its own.
fn secrets(packet: &[u8], meter: &mut Meter) -> Option<Vec<Range<usize>>> {
    meter.charge_each(packet.len(), BYTE);
    let mut reader = XmlReader {
        packet,
        at: 0,
        names: 0,
        named: 0,
        declared: false,
        open: Vec::new(),
        hidden: None,
        secrets: Vec::new(),
    };
    // Some writers end a packet as they end a string.
    let text = packet.trim_ascii_end();
    let end = text.iter().rposition(|byte| *byte != 0).unwrap_or(0);
    let read = match memchr::memchr(0, text.get(..end)?) {
        Some(_) => None,
        None => reader.read(),
    };
    meter.charge_each(reader.names, NAME);
    meter.charge_each(reader.named, BYTE);
    read?;
    reader.open.is_empty().then_some(reader.secrets)
}

struct XmlReader<'a> {
    packet: &'a [u8],
    at: usize,
    /// How many names were read, and how many bytes those have.
    names: usize,
    named: usize,
    /// Whether there was a declaration.
    declared: bool,
    /// The names of the elements that are open.
    open: Vec<&'a [u8]>,
    /// The outermost open element that goes: how deep it is, and where it began.
    hidden: Option<(usize, usize)>,
    secrets: Vec<Range<usize>>,
}

impl<'a> XmlReader<'a> {
    fn rest(&self) -> &'a [u8] {
        self.packet.get(self.at..).unwrap_or_default()
    }

    fn pass(&mut self, count: usize) {
        self.at = self.at.saturating_add(count);
    }

    /// Goes over all that is left.
    fn read(&mut self) -> Option<()> {
        while let Some(tag) = memchr::memchr(b'<', self.rest()) {
            self.pass(tag);
            self.markup()?;
        }
        Some(())
    }

    /// Goes over the markup that begins here.
    fn markup(&mut self) -> Option<()> {
        match self.rest() {
            [b'<', b'!', b'-', b'-', ..] => self.skip(b"<!--", b"-->"),
            [b'<', b'!', b'[', b'C', ..] => self.skip(b"<![CDATA[", b"]]>"),
            // A document type may define what elements are made of.
            [b'<', b'!', ..] => None,
            [b'<', b'?', ..] => self.instruction(),
            [b'<', b'/', ..] => self.end_tag(),
            _ => self.start_tag(),
        }
    }

    /// Goes over what stands between these.
    fn skip<const N: usize>(&mut self, start: &[u8], end: &[u8; N]) -> Option<()> {
        let inside = self.rest().strip_prefix(start)?;
        let found = inside.array_windows().position(|text| text == end)?;
        self.pass(start.len());
        self.pass(found);
        self.pass(N);
        Some(())
    }

    /// An instruction. One may be the declaration that this is XML, and name an encoding.
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
        if self.hidden.is_none() && is_secret(name) {
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

/// Whether a name does not go on with this.
fn ends_name(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'<' | b'>' | b'/' | b'=' | b'\'' | b'"' | b'&')
}

#[cfg(test)]
mod tests;
