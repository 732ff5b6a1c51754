//! Exif blocks, which are the same in every container.

use super::jpeg::jpeg;
use super::png::png;
use super::{Case, Fate, SECRET, hidden, kept};
use crate::media::testing::{png_chunk, segment};
use Fate::{Less, Same};

/// A JPEG with this TIFF structure in its Exif block.
fn exif(tiff: &[u8]) -> Vec<u8> {
    jpeg(&segment(0xE1, &[b"Exif\0\0", tiff].concat()), b"")
}

/// A field of a directory: tag, type, count, value or offset.
type Field = (u16, u16, u32, u32);

const ORIENTATION: Field = (0x0112, 3, 1, 0x0006_0000);
const EXIF_IFD: u16 = 0x8769;
const INTEROPERABILITY: u16 = 0xA005;

fn directory(fields: &[Field], next: u32) -> Vec<u8> {
    let mut bytes = u16::try_from(fields.len())
        .expect("few")
        .to_be_bytes()
        .to_vec();
    for (tag, kind, count, value) in fields {
        bytes.extend([tag.to_be_bytes(), kind.to_be_bytes()].concat());
        bytes.extend([count.to_be_bytes(), value.to_be_bytes()].concat());
    }
    bytes.extend(next.to_be_bytes());
    bytes
}

/// A TIFF structure with an orientation and these fields, followed by the secret.
fn tiff(fields: &[Field]) -> Vec<u8> {
    let fields = [&[ORIENTATION], fields].concat();
    [b"MM\0\x2a\0\0\0\x08", &directory(&fields, 0)[..], SECRET].concat()
}

/// A TIFF structure with these fields, all of which must be removed.
fn removed(name: &'static str, fields: &[Field]) -> Case {
    hidden(name, exif(&tiff(fields)))
}

/// The offset of the secret after the orientation and this many other fields.
fn behind(fields: u32) -> u32 {
    8 + 2 + 12 * (fields + 1) + 4
}

pub(super) fn cases() -> Vec<Case> {
    [offsets(), directories(), blocks()]
        .into_iter()
        .flatten()
        .collect()
}

fn offsets() -> Vec<Case> {
    const MAX: u32 = u32::MAX;
    vec![
        removed("a count of 2^32 - 1", &[(0x013B, 2, MAX, 8)]),
        removed(
            "a count of 2^32 - 1 fractions, which is 2^35 bytes",
            &[(0x013B, 5, MAX, 8)],
        ),
        removed("a count whose bytes are 2^32", &[(0x013B, 3, 1 << 31, 8)]),
        removed(
            "a count whose bytes wrap to 4",
            &[(0x013B, 4, (1 << 30) + 1, 8)],
        ),
        removed("an offset of 2^32 - 1", &[(0x013B, 2, 8, MAX)]),
        removed(
            "an offset and a count that wrap around",
            &[(0x013B, 2, 32, MAX - 15)],
        ),
        removed(
            "a value that ends a byte after the block",
            &[(0x013B, 2, 6, behind(1))],
        ),
        removed(
            "a value that covers the header",
            &[(0x0102, 7, 8, 0), (0x010D, 2, 9, MAX)],
        ),
        removed("a value of type 0", &[(0x013B, 0, 5, behind(1))]),
        removed("a value of type 255", &[(0x013B, 255, 5, behind(1))]),
        removed("a value of type 65,535", &[(0x013B, 65_535, 5, behind(1))]),
        removed("a directory, by its type", &[(0x4444, 13, 1, 8)]),
        removed("locations", &[(0x8825, 4, 1, behind(1))]),
        removed("a maker's note", &[(0x927C, 7, 5, behind(1))]),
        removed("padding", &[(0xEA1C, 7, 5, behind(1))]),
        removed("bytes without an entry", &[]),
    ]
}

fn directories() -> Vec<Case> {
    let head = |first: u32| [&b"MM\0\x2a"[..], &first.to_be_bytes()].concat();
    let lone = |first: u32| exif(&[head(first), directory(&[ORIENTATION], 0)].concat());
    let next = |next: u32| exif(&[head(8), directory(&[ORIENTATION], next)].concat());
    // Exif at 38, interoperability at 56.
    let led = |to: u32, inner: Field| {
        let first = directory(&[ORIENTATION, (EXIF_IFD, 4, 1, to)], 0);
        exif(&[head(8), first, directory(&[inner], 0)].concat())
    };
    let many: Vec<Field> = (0..5000).map(|at| (EXIF_IFD, 4, 1, 10 + at * 12)).collect();
    let cut = [
        &b"MM\0\x2a\0\0\0\x08\xff\xff"[..],
        &directory(&[ORIENTATION], 0)[2..],
    ]
    .concat();
    let values: Vec<Field> = (0..1000).map(|_| (0x013B, 2, 10_000, 8)).collect();
    vec![
        hidden("a first directory at 2^32 - 1", lone(u32::MAX)),
        hidden("a first directory at 0, which is the header", lone(0)),
        hidden("a first directory at 4, which is its own offset", lone(4)),
        hidden("a first directory at the end of the block", lone(26)),
        hidden("a next directory that is the first", next(8)),
        hidden("a next directory at 2^32 - 1", next(u32::MAX)),
        hidden(
            "an Exif directory that is the first one",
            led(8, ORIENTATION),
        ),
        hidden(
            "an Exif directory that begins in the middle of the first",
            led(20, ORIENTATION),
        ),
        hidden("an Exif directory at 2^32 - 1", led(u32::MAX, ORIENTATION)),
        hidden(
            "an Exif directory that points back to the first",
            led(38, (INTEROPERABILITY, 4, 1, 8)),
        ),
        hidden(
            "an Exif directory that points to itself",
            led(38, (INTEROPERABILITY, 4, 1, 38)),
        ),
        hidden(
            "an Exif directory in an Exif directory",
            led(38, (EXIF_IFD, 4, 1, 8)),
        ),
        Case(
            "an orientation in the Exif directory",
            led(38, ORIENTATION),
            [Same, Less, Same],
        ),
        removed("5,000 Exif directories that overlap", &many),
        hidden("65,535 entries but only one is there", exif(&cut)),
        removed("1,000 identical values that cover the directory", &values),
    ]
}

fn blocks() -> Vec<Case> {
    let turned = directory(&[ORIENTATION], 0);
    let block = |head: &[u8]| exif(&[head, &turned[..]].concat());
    let orientation =
        |field: Field| exif(&[b"MM\0\x2a\0\0\0\x08", &directory(&[field], 0)[..]].concat());
    let good = [b"MM\0\x2a\0\0\0\x08", &turned[..]].concat();
    let twice = segment(0xE1, &[b"Exif\0\0", &good[..]].concat());
    let second = segment(0xE1, &[b"Exif\0\0", &tiff(&[])[..]].concat());
    vec![
        hidden("an empty block", exif(b"")),
        hidden("a block of two bytes", exif(b"MM")),
        hidden("a header without an offset", exif(b"MM\0\x2a")),
        hidden("a directory without a count", exif(b"MM\0\x2a\0\0\0\x08\0")),
        hidden("a BigTIFF", block(b"MM\0\x2b\0\x08\0\0\0\0\0\0\0\0\0\x10")),
        hidden("an unknown byte order", block(b"IM\x2a\0\x08\0\0\0")),
        hidden(
            "big-endian numbers after a little-endian header",
            block(b"II\x2a\0\x08\0\0\0"),
        ),
        Case(
            "an orientation without values",
            orientation((0x0112, 3, 0, 0)),
            [Same, Less, Same],
        ),
        kept(
            "an orientation of 9",
            orientation((0x0112, 3, 1, 0x0009_0000)),
        ),
        kept(
            "an orientation of 65,535",
            orientation((0x0112, 3, 1, 0xFFFF_0000)),
        ),
        kept("a block that needs no edit", exif(&good)),
        Case(
            "padding in the prefix that is not zero",
            jpeg(&segment(0xE1, &[b"Exif\0\xFF", &good[..]].concat()), b""),
            [Less, Less, Same],
        ),
        hidden(
            "a second block, with the secret",
            jpeg(&[&twice[..], &second].concat(), b""),
        ),
        hidden("a second block like the first", jpeg(&twice.repeat(2), b"")),
        hidden(
            "a block with a prefix in a PNG",
            png(
                &png_chunk(b"eXIf", &[b"Exif\0\0", &tiff(&[])[..]].concat()),
                b"",
            ),
        ),
    ]
}
