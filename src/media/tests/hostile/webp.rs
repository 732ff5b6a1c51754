//! Malicious WebPs.

use super::{Case, Fate, SECRET, hidden, kept, refused};
use crate::media::testing::{riff_chunk, webp as simple};
use Fate::{Less, Refused, Same};

/// A WebP of these chunks.
fn of(chunks: &[&[u8]]) -> Vec<u8> {
    riff_chunk(b"RIFF", &[b"WEBP", &chunks.concat()[..]].concat())
}

/// A WebP whose RIFF claims to have this size.
fn claiming(size: u32) -> Vec<u8> {
    let mut file = still(b"");
    file[4..8].copy_from_slice(&size.to_le_bytes());
    file
}

/// A lossless bitstream of 6 by 4 pixels.
fn pixels() -> Vec<u8> {
    simple(6, 4).split_off(12)
}

fn canvas(flags: u8) -> Vec<u8> {
    riff_chunk(b"VP8X", &[flags, 0, 0, 0, 5, 0, 0, 3, 0, 0])
}

/// An extended still with these chunks after its pixels.
pub(super) fn still(more: &[u8]) -> Vec<u8> {
    of(&[&canvas(8), &pixels(), more])
}

/// An animation of one frame with these chunks in it.
fn animated(inner: &[u8]) -> Vec<u8> {
    of(&[&canvas(2), &frame([0; 3], inner)])
}

/// A frame of the size of the canvas, at this horizontal position.
fn frame(across: [u8; 3], inner: &[u8]) -> Vec<u8> {
    let fields = [&across[..], &[0, 0, 0, 5, 0, 0, 3, 0, 0, 0, 0, 0, 0]].concat();
    riff_chunk(b"ANMF", &[&fields, inner].concat())
}

/// The header of a chunk that claims to have this length.
fn claim(name: &[u8; 4], length: u32) -> Vec<u8> {
    [&name[..], &length.to_le_bytes(), b"some content"].concat()
}

pub(super) fn cases() -> Vec<Case> {
    [sizes(), pictures(), metadata()]
        .into_iter()
        .flatten()
        .collect()
}

fn sizes() -> Vec<Case> {
    let cut = "ends before it is complete";
    let short = "the RIFF is too short";
    let longer = "a chunk extends beyond the chunk that contains it";
    let length = |file: &[u8]| u32::try_from(file.len() - 8).expect("short");
    let whole = length(&still(b""));
    vec![
        refused("a RIFF of 0 bytes", claiming(0), short),
        refused("a RIFF of 3 bytes", claiming(3), short),
        refused(
            "a RIFF of nothing but its name",
            claiming(4),
            "it has no image data",
        ),
        refused("a RIFF of 2^32 - 1 bytes", claiming(u32::MAX), cut),
        refused("a RIFF of 2^31 bytes", claiming(1 << 31), cut),
        refused("a RIFF that ends in a chunk", claiming(whole - 1), longer),
        refused(
            "a RIFF that is a byte longer than its chunks",
            claiming(whole + 1),
            cut,
        ),
        Case(
            "a RIFF of an odd length, followed by padding",
            of(&[&canvas(8), &pixels(), b"odd"]),
            [Less; 3],
        ),
        refused(
            "a chunk of 2^32 - 1 bytes",
            still(&claim(b"junk", u32::MAX)),
            longer,
        ),
        refused(
            "a chunk whose length wraps to 0 with its header",
            still(&claim(b"junk", u32::MAX - 7)),
            longer,
        ),
        refused(
            "an Exif chunk of 2^32 - 1 bytes",
            still(&claim(b"EXIF", u32::MAX)),
            longer,
        ),
        refused(
            "a canvas of 0 bytes",
            of(&[&riff_chunk(b"VP8X", b"")]),
            "too short for its header",
        ),
        refused(
            "a canvas of 9 bytes",
            of(&[&riff_chunk(b"VP8X", &[0; 9])]),
            "too short for its header",
        ),
        refused(
            "a bitstream of 0 bytes",
            of(&[b"VP8L\0\0\0\0"]),
            "too short for its header",
        ),
        refused(
            "a frame of 15 bytes",
            of(&[&canvas(2), &riff_chunk(b"ANMF", &[0; 15])]),
            "too short for its header",
        ),
        refused(
            "a frame of 2^32 - 1 bytes",
            of(&[&canvas(2), &claim(b"ANMF", u32::MAX)]),
            longer,
        ),
        refused(
            "a chunk that is longer than its frame",
            animated(&claim(b"VP8L", 100)),
            longer,
        ),
    ]
}

fn pictures() -> Vec<Case> {
    let other = "the size of a bitstream is not that of its canvas";
    let header = "a bitstream has no valid header";
    let huge = riff_chunk(b"VP8X", &[0, 0, 0, 0, 255, 255, 255, 255, 255, 255]);
    let tail = |bytes: &[u8]| riff_chunk(b"VP8L", bytes);
    let lossy = |side: u8| riff_chunk(b"VP8 ", &[0x10, 0, 0, 0x9D, 1, 0x2A, side, 0, side, 0]);
    let nested = frame([0; 3], &pixels());
    vec![
        refused(
            "a canvas of 2^24 by 2^24",
            of(&[&huge]),
            "more than the 50000000 allowed",
        ),
        refused(
            "a lossy bitstream without a size",
            of(&[&lossy(0)]),
            "no pixels",
        ),
        refused(
            "a bitstream whose size differs from its canvas",
            of(&[&canvas(8), &lossy(255)]),
            other,
        ),
        refused(
            "a lossless bitstream of version 7",
            of(&[&tail(&[0x2F, 0, 0, 0, 0xE0])]),
            header,
        ),
        refused(
            "a bitstream without its signature",
            of(&[&tail(&[0; 5])]),
            header,
        ),
        refused(
            "a frame that begins 2^25 pixels across",
            of(&[&canvas(2), &frame([255; 3], &pixels())]),
            "extends beyond the canvas",
        ),
        refused("a frame in a frame", animated(&nested), "a frame is empty"),
        kept(
            "a frame in a frame that also has pixels",
            animated(&[pixels(), nested].concat()),
        ),
        refused("a frame without pixels", animated(b""), "a frame is empty"),
        refused(
            "a canvas without pixels",
            of(&[&canvas(8)]),
            "it has no image data",
        ),
        refused(
            "an animation without frames",
            of(&[&canvas(2), &pixels()]),
            "it has no image data",
        ),
        kept("a second canvas", of(&[&canvas(8), &canvas(2), &pixels()])),
        kept("a second, empty bitstream", still(b"VP8 \0\0\0\0")),
        refused(
            "an animation of 1,001 frames in a WebP",
            of(&[&canvas(2), &frame([0; 3], &pixels()).repeat(1001)]),
            "1001 frames are more",
        ),
    ]
}

fn metadata() -> Vec<Case> {
    let chunk = |name: &[u8; 4]| riff_chunk(name, SECRET);
    let turned = b"MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0";
    let first = riff_chunk(b"EXIF", turned);
    let location = riff_chunk(b"XMP ", b"<a City='Zzyzx'/>");
    let long = riff_chunk(b"XMP ", &vec![b' '; (1 << 20) + 1]);
    let work = Refused("cut into more and smaller parts");
    vec![
        hidden("an unknown chunk", still(&chunk(b"junk"))),
        hidden("content credentials in a WebP", still(&chunk(b"C2PA"))),
        hidden("malformed Exif", still(&chunk(b"EXIF"))),
        hidden("Exif in a simple file", of(&[&pixels(), &chunk(b"EXIF")])),
        hidden(
            "Exif in a frame",
            animated(&[pixels(), chunk(b"EXIF")].concat()),
        ),
        hidden(
            "a packet in a frame",
            animated(&[pixels(), location].concat()),
        ),
        hidden(
            "a second Exif chunk",
            still(&[&first[..], &chunk(b"EXIF")].concat()),
        ),
        kept("an Exif chunk with an orientation", still(&first)),
        refused(
            "a packet of a mebibyte and a byte",
            still(&long),
            "a piece of metadata of 1048577 bytes",
        ),
        kept("9,000 empty chunks", still(&b"ALPH\0\0\0\0".repeat(9000))),
        Case(
            "9,000 chunks of one byte",
            still(&b"junk\x01\0\0\0x\0".repeat(9000)),
            [work, work, Same],
        ),
        Case(
            "a chunk of zeros",
            still(&riff_chunk(b"junk", &[0; 9])),
            [Same; 3],
        ),
        Case(
            "a packet of spaces",
            still(&riff_chunk(b"XMP ", &[b' '; 60])),
            [Same, Less, Same],
        ),
    ]
}
