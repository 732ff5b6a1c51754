//! Data of makers and strangers that no decoder reads: it is removed, and nothing else
//! changes.

use super::{Case, SECRET, accepted, image, meta, movie, sequence};
use crate::media::testing::isobmff::{Item, Meta, Movie, bx, file, ftyp, full, versioned};

pub(super) fn cases() -> Vec<Case> {
    let mut cases = Vec::new();
    for name in [
        b"uuid", b"free", b"skip", b"udta", b"ZZYZ", b"xml ", b"ilst",
    ] {
        let secret = bx(name, &[&[0; 16], SECRET].concat());
        let title = |place: &str| format!("{} in {place}", name.escape_ascii());
        for (place, bytes) in places(&secret) {
            cases.push(accepted(&title(place), bytes));
        }
    }
    cases.extend(texts());
    cases
}

/// Files with this box in different places.
fn places(secret: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let secret = || secret.to_vec();
    let plain = || meta(&[]);
    let properties = [&plain().properties[..], &secret()].concat();
    let ipma = [&plain().ipma[..], &secret()].concat();
    let top = file(&[ftyp(&[b"avif"]), secret(), plain().build()], 1010);
    let mut last = image(&plain());
    last.extend(bx(b"free", &secret()));
    let inner = Movie {
        track: Meta {
            more: secret(),
            ..Meta::new(&[])
        }
        .build(),
        ..movie()
    };
    let media = |name: &[u8; 4]| {
        let built = movie().build();
        let at = built.windows(4).position(|part| part == name);
        grown(&built, at.expect("the box") - 4, &secret())
    };
    let of = |movie: Vec<u8>| file(&[ftyp(&[b"avis"]), movie], 1040);
    vec![
        (
            "meta",
            image(&Meta {
                more: secret(),
                ..plain()
            }),
        ),
        (
            "ipco",
            image(&Meta {
                properties,
                ..plain()
            }),
        ),
        ("iprp", image(&Meta { ipma, ..plain() })),
        ("the file", top),
        ("free at the end", last),
        (
            "moov",
            sequence(&Movie {
                more: secret(),
                ..movie()
            }),
        ),
        (
            "trak",
            sequence(&Movie {
                track: secret(),
                ..movie()
            }),
        ),
        ("the meta of trak", sequence(&inner)),
        (
            "stbl",
            sequence(&Movie {
                tables: secret(),
                ..movie()
            }),
        ),
        ("mdia", of(media(b"mdia"))),
        ("minf", of(media(b"minf"))),
    ]
}

/// A `moov` box with `more` at the end of the box at `at`. The lengths of all boxes around
/// it are adjusted.
fn grown(moov: &[u8], at: usize, more: &[u8]) -> Vec<u8> {
    let size = |at: usize| {
        let size = moov[at..].first_chunk().expect("a size");
        usize::try_from(u32::from_be_bytes(*size)).expect("small")
    };
    let end = at + size(at);
    let mut bytes = [&moov[..end], more, &moov[end..]].concat();
    for name in [b"moov", b"trak", b"mdia", b"minf"] {
        let start = moov.windows(4).position(|part| part == name);
        let start = start.expect("a container") - 4;
        if start <= at && end <= start + size(start) {
            let long = u32::try_from(size(start) + more.len()).expect("small");
            bytes[start..start + 4].copy_from_slice(&long.to_be_bytes());
        }
    }
    bytes
}

fn texts() -> Vec<Case> {
    let item = |texts: &[&[u8]]| Item {
        texts: texts.concat(),
        ..Item::new(b"mime", &[(950, 8)])
    };
    let text = [SECRET, b"\0"].concat();
    let dref = [&[0, 0, 0, 1], &full(b"url ", &text)[..]].concat();
    let property = |name: &[u8; 4], content: &[u8]| {
        let properties = [&meta(&[]).properties[..], &full(name, content)].concat();
        image(&Meta {
            properties,
            ..meta(&[])
        })
    };
    let hdlr = full(b"hdlr", &[&[0; 20], &text[..]].concat());
    let more = |more: Vec<u8>| image(&Meta { more, ..meta(&[]) });
    let tables = |tables: Vec<u8>| sequence(&Movie { tables, ..movie() });
    let entry = |name: &[u8; 4]| {
        let mut fields = vec![0; 78];
        fields[42..42 + SECRET.len()].copy_from_slice(SECRET);
        let entry = bx(name, &[fields, bx(b"uuid", SECRET)].concat());
        full(b"stsd", &[&[0, 0, 0, 1], &entry[..]].concat())
    };
    vec![
        accepted("the name of an item", image(&meta(&[item(&[&text])]))),
        accepted("a media type", image(&meta(&[item(&[b"\0", &text])]))),
        accepted(
            "an encoding of XMP",
            image(&meta(&[item(&[b"\0application/rdf+xml\0", &text])])),
        ),
        accepted(
            "bytes after an item's texts",
            image(&meta(&[item(&[b"XMP\0application/rdf+xml\0\0", &text])])),
        ),
        accepted(
            "a type of URI",
            image(&meta(&[Item {
                texts: [b"\0", &text[..]].concat(),
                ..Item::new(b"uri ", &[(950, 8)])
            }])),
        ),
        accepted("the name of a handler", more(hdlr)),
        accepted(
            "the address of a file",
            more(bx(b"dinf", &full(b"dref", &dref))),
        ),
        accepted("a description of the picture", property(b"udes", &text)),
        accepted("an alternative text", property(b"altt", &text)),
        accepted("an unknown kind of colour", property(b"colr", &text)),
        accepted("a position of the camera", property(b"cmex", &text)),
        accepted("the name of a compressor", tables(entry(b"av01"))),
        accepted("an unknown description of samples", tables(entry(b"uuid"))),
        accepted("XML of version 1", more(versioned(b"xml ", 1, &text))),
    ]
}
